/// The logical graph: what the program said, one node per operator.
#pragma once

#include "sluice/core/batch.hpp"
#include "sluice/io/sink.hpp"
#include "sluice/io/source.hpp"
#include "sluice/ops/operator.hpp"
#include "sluice/ops/output_tag.hpp"
#include "sluice/ops/partitioner.hpp"
#include "sluice/ops/watermarks.hpp"
#include "sluice/plan/config.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace sluice {

using node_id = std::uint32_t;

enum class node_kind : std::uint8_t {
  source,
  operation,
  sink,
  iteration_head, ///< where records of a feedback edge enter the stream again
};

/// Whether an operator may join the chain of its input, and others may join its own.
enum class chaining_strategy : std::uint8_t {
  always,
  head,  ///< starts a chain
  never, ///< is a chain of its own
};

/// An edge as the consumer sees it.
struct stream_edge {
  node_id from = 0;
  /// Output of the producer: 0 is the main one, i + 1 side output i.
  std::uint32_t port = 0;
  /// Input of the consumer.
  std::uint32_t input = 0;
  /// Nothing: forward if both sides have the same parallelism, else rebalance.
  std::optional<partitioning> how;
  /// For `hash` and `custom`.
  partitioner_factory partitioner;
  /// The key's hash should travel along: computing it twice costs more.
  bool send_hashes = false;
  bool feedback = false;
};

/// An operator of the program.
struct stream_node {
  node_id id = 0;
  node_kind kind = node_kind::operation;
  std::string name;
  std::string uid;
  bool uid_given = false;
  std::optional<std::uint32_t> parallelism;
  std::optional<std::uint32_t> max_parallelism;
  /// The parallelism the operator insists on (a non-parallel source, a global window).
  std::optional<std::uint32_t> fixed_parallelism;
  chaining_strategy chaining = chaining_strategy::always;
  std::optional<duration> buffer_timeout;
  std::string slot_group; ///< empty: its inputs', if they agree, or "default"
  /// Its state is by the keys of its hash-partitioned inputs; it can finish some keys before others
  /// (`finish_keys`).
  bool keyed = false;
  bool stateful = false;

  std::vector<stream_edge> inputs;
  const element_type* output = nullptr; ///< null for sinks
  std::vector<side_output> side_outputs;

  operator_factory make; ///< operation, sink
  /// Instead of `make`, for operators that want to know their side outputs.
  std::function<std::unique_ptr<stream_operator>(std::vector<side_output>)> make_with_sides;
  std::shared_ptr<const source_base> source; ///< source
  ops::watermark_settings watermarks;        ///< source
  std::shared_ptr<const sink_base> sink;     ///< sink, unless it is a function
  std::optional<duration> max_idle;          ///< iteration_head: ends after this silence

  /// The record type at output `port`. Errors: `plan_error` when there is no such output.
  const element_type& type_of(std::uint32_t port) const;
};

/// The program. A value: nothing in it runs or is open.
struct stream_graph {
  std::vector<stream_node> nodes;
  job_config config;

  stream_node& node(node_id id) { return nodes.at(id); }
  const stream_node& node(node_id id) const { return nodes.at(id); }
};

/// Checks what can be wrong with a program. Errors: `plan_error` naming the operators.
void validate(const stream_graph& graph);

/// `streaming` or `batch`: decides what `automatic` means for this program.
execution_mode effective_mode(const stream_graph& graph);

} // namespace sluice
