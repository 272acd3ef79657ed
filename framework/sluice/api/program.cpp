#include "sluice/api/program.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace sluice::detail {

node_id program::add(stream_node node, const std::vector<std::vector<stream_origin>>& inputs) {
  node.id = static_cast<node_id>(graph.nodes.size());
  for (std::uint32_t input = 0; input < inputs.size(); ++input)
    for (auto& origin : inputs[input]) {
      stream_edge e;
      e.from = origin.from;
      e.port = origin.port;
      e.input = input;
      e.how = origin.how;
      e.partitioner = origin.partitioner;
      e.send_hashes = origin.send_hashes;
      node.inputs.push_back(std::move(e));
    }
  graph.nodes.push_back(std::move(node));
  return graph.nodes.back().id;
}

std::uint32_t program::side_output_port(node_id id, const std::string& name,
                                        const element_type& type) {
  auto& n = node(id);
  for (std::uint32_t i = 0; i < n.side_outputs.size(); ++i) {
    if (n.side_outputs[i].name != name) continue;
    if (!(*n.side_outputs[i].type == type))
      throw plan_error(fmt::format("side output \"{}\" of \"{}\" has records of type {}, not {}",
                                   name, n.name, n.side_outputs[i].type->name(), type.name()));
    return i + 1;
  }
  n.side_outputs.push_back({name, &type});
  return static_cast<std::uint32_t>(n.side_outputs.size());
}

stream_graph program::pending() const {
  auto reach = [&](bool executed) {
    std::vector<bool> seen(graph.nodes.size());
    std::vector<node_id> open;
    for (auto& n : graph.nodes)
      if (n.kind == node_kind::sink && (n.id < first_pending_sink_) == executed)
        open.push_back(n.id);
    while (!open.empty()) {
      auto id = open.back();
      open.pop_back();
      if (seen[id]) continue;
      seen[id] = true;
      for (auto& e : graph.node(id).inputs) open.push_back(e.from);
    }
    return seen;
  };
  auto done = reach(true);
  auto needed = reach(false);
  // Operators that nothing reads stay in, so that the plan can say that it drops them.
  std::vector<node_id> renumbered(graph.nodes.size());
  stream_graph result;
  result.config = graph.config;
  for (auto& n : graph.nodes) {
    if (done[n.id] && !needed[n.id]) continue;
    renumbered[n.id] = static_cast<node_id>(result.nodes.size());
    result.nodes.push_back(n);
    result.nodes.back().id = renumbered[n.id];
  }
  for (auto& n : result.nodes)
    for (auto& e : n.inputs) e.from = renumbered[e.from];
  return result;
}

void program::mark_executed() { first_pending_sink_ = static_cast<node_id>(graph.nodes.size()); }

} // namespace sluice::detail
