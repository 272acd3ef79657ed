/// What an unaligned checkpoint keeps besides state: the elements that its barriers overtook.
///
/// They stand in the state file of the task that had them, as states of `in_flight_uid`: per edge,
/// what waited in the queues of its receiving end and what waited for credit at its sending end.
#pragma once

#include "sluice/plan/job_graph.hpp"
#include "sluice/runtime/messages.hpp"
#include "sluice/runtime/snapshot_store.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::runtime {

/// Under which in-flight elements stand in a state file; no operator has it.
inline constexpr std::string_view in_flight_uid = "__in_flight";

enum class channel_end : std::uint8_t { input, output };

/// Names of the graph's edges, by index: made of what they connect, so that an edge is found again
/// whatever the parallelism.
std::vector<std::string> edge_keys(const job_graph& graph);

/// The same of a link inside a chain, which may be an edge when the parallelism is another.
std::string link_key(const job_graph& graph, const job_vertex& v, const chain_link& link);

/// Name of the state that holds the elements of an edge's `end`.
std::string in_flight_state_name(const std::string& edge_key, channel_end end);

/// What the manifest says of edge `edge`, or of a link of `vertex`, that has elements in flight.
manifest::in_flight_edge describe_edge(const job_graph& graph, std::uint32_t vertex,
                                       std::uint32_t edge);

/// Encodes a `records`, `watermark` or `status` element of channel `ordinal` of its edge.
std::string encode_element(std::uint32_t ordinal, const channel_element& e);

/// Reads one back. Errors: `format_error`.
std::pair<std::uint32_t, channel_element> decode_element(std::string_view bytes,
                                                         const element_type& type);

/// Elements gathered for one checkpoint of one task.
///
/// Owner: the task, then the strand that writes it.
class in_flight_log {
public:
  /// Notes `e`, which travels in channel `ordinal` of edge `edge` of the graph.
  void add(channel_end end, std::uint32_t edge, std::uint32_t ordinal, const channel_element& e);

  /// Notes records that an operator of the chain is still to be given in place of its link.
  void add_internal(const job_graph& graph, std::uint32_t operator_index, const batch& b);

  bool empty() const noexcept { return items_.empty(); }
  std::uint64_t bytes() const noexcept { return bytes_; }
  /// Edges by index; links of the chain as `internal_edge` does.
  std::vector<std::uint32_t> edges() const;
  void clear();

  void write(snapshot_writer& out, const job_graph& graph, std::uint32_t vertex) const;

private:
  std::map<std::pair<std::uint32_t, channel_end>, std::vector<std::string>> items_;
  std::uint64_t bytes_ = 0;
};

/// What a task has to replay before new input.
struct restored_in_flight {
  struct input {
    std::uint32_t edge = 0;    ///< of the graph
    std::uint32_t ordinal = 0; ///< which of the task's channels of that edge
    channel_element element;
  };
  struct output {
    std::size_t edge = 0;                 ///< index into the vertex' outputs
    std::optional<std::uint32_t> ordinal; ///< nothing: the edge chooses, as for new records
    channel_element element;
  };
  struct internal {
    std::uint32_t operator_index = 0; ///< of the chain: the edge has become a function call
    std::unique_ptr<batch> records;
  };
  std::vector<input> inputs;
  std::vector<output> outputs;
  std::vector<internal> internals;

  bool empty() const noexcept { return inputs.empty() && outputs.empty() && internals.empty(); }
};

struct restore_point;

/// Refuses what cannot be replayed in this program. Errors: `state_error` that says what to do.
void check_in_flight(const restore_point& from, const job_graph& graph);

/// Reads what subtask `subtask` of `vertex` has to replay. With another parallelism, records go to
/// whom the edge's partitioner sends them now, and what stood between them (watermarks, idleness)
/// is left to the new senders. Blocks. Errors: `state_error`.
restored_in_flight load_in_flight(const restore_point& from, const job_graph& graph,
                                  std::uint32_t vertex, std::uint32_t subtask);

} // namespace sluice::runtime
