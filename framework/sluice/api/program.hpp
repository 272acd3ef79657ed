/// The program under construction: what all streams of an environment add their operators to.
#pragma once

#include "sluice/plan/executor.hpp"
#include "sluice/plan/stream_graph.hpp"

#include <memory>
#include <string>
#include <vector>

namespace sluice::detail {

/// Where a stream's records come from, and how they will be spread to whoever reads it next.
struct stream_origin {
  node_id from = 0;
  std::uint32_t port = 0;
  std::optional<partitioning> how = std::nullopt;
  partitioner_factory partitioner = nullptr;
  bool send_hashes = false;
};

/// Builds a `stream_graph`. Shared by an environment and its streams. Not thread-safe: a program is
/// written by one thread.
class program {
public:
  stream_graph graph;

  /// Adds a node that reads `inputs`; those of `inputs[i]` go to the consumer's input i.
  node_id add(stream_node node, const std::vector<std::vector<stream_origin>>& inputs);

  stream_node& node(node_id id) { return graph.node(id); }

  /// Declares side output `name` of `id`, if it is not yet, and returns its port.
  std::uint32_t side_output_port(node_id id, const std::string& name, const element_type& type);

  /// What has not been executed yet: all sinks added since the last time, and what they read.
  stream_graph pending() const;

  /// Remembers that all present sinks were executed.
  void mark_executed();

private:
  node_id first_pending_sink_ = 0;
};

} // namespace sluice::detail
