#include "sluice/runtime/loops.hpp"

#include <algorithm>

namespace sluice::runtime {

namespace {

/// The vertices that records of `start` can get to, by one edge at least.
std::vector<bool> reachable_from(vertex_id start, const job_graph& graph) {
  std::vector<bool> seen(graph.vertices.size());
  std::vector<vertex_id> open{start};
  while (!open.empty()) {
    auto v = open.back();
    open.pop_back();
    for (auto index : graph.vertices[v].outputs) {
      auto to = graph.edges[index].to;
      if (seen[to]) continue;
      seen[to] = true;
      open.push_back(to);
    }
  }
  return seen;
}

} // namespace

std::vector<std::uint32_t> loops_of_edges(const job_graph& graph) {
  std::vector<std::uint32_t> result(graph.edges.size(), no_loop);
  std::vector<std::uint32_t> loop_of_vertex(graph.vertices.size(), no_loop);
  for (auto& feedback : graph.edges) {
    auto head = feedback.to;
    if (!feedback.feedback || loop_of_vertex[head] != no_loop) continue;
    auto behind = reachable_from(head, graph);
    auto name = head;
    std::vector<vertex_id> members;
    for (auto& v : graph.vertices)
      if (behind[v.id] && reachable_from(v.id, graph)[head]) members.push_back(v.id);
    for (auto& other : graph.edges)
      if (other.feedback && std::find(members.begin(), members.end(), other.to) != members.end())
        name = std::min(name, other.to);
    for (auto v : members) loop_of_vertex[v] = name;
  }
  for (std::size_t i = 0; i < graph.edges.size(); ++i) {
    auto& e = graph.edges[i];
    if (loop_of_vertex[e.from] == loop_of_vertex[e.to]) result[i] = loop_of_vertex[e.from];
  }
  return result;
}

loop_ends::loop_ends(const job_graph& graph) {
  auto loops = loops_of_edges(graph);
  for (std::size_t i = 0; i < graph.edges.size(); ++i) {
    auto& e = graph.edges[i];
    if (!e.feedback) continue;
    loops_[loops[i]].heads.insert(e.to);
    name_of_head_[e.to] = loops[i];
    parallelism_[e.to] = graph.vertices[e.to].parallelism;
  }
}

std::optional<loop_ends::order> loop_ends::input_ended(vertex_id head, std::uint32_t subtask) {
  auto& l = loop_of(head);
  l.inputs_ended.insert({head, subtask});
  if (l.probing || !inputs_ended(l, head)) return std::nullopt;
  return next_round(l);
}

std::optional<loop_ends::order> loop_ends::probed(vertex_id head, std::uint32_t subtask,
                                                  std::uint64_t round, std::uint64_t records) {
  auto& l = loop_of(head);
  if (round != l.round) return std::nullopt;
  l.answers[{head, subtask}] = records;
  std::size_t expected = 0;
  for (auto h : l.heads) expected += parallelism_.at(h);
  if (l.answers.size() < expected) return std::nullopt;
  if (std::any_of(l.answers.begin(), l.answers.end(), [](auto& a) { return a.second > 0; }))
    return next_round(l);
  l.probing = false;
  order ending;
  for (auto h : l.heads)
    if (inputs_ended(l, h)) ending.heads.push_back(h);
  for (auto h : ending.heads) l.heads.erase(h);
  return ending;
}

loop_ends::order loop_ends::next_round(loop& l) {
  l.probing = true;
  l.answers.clear();
  return {{l.heads.begin(), l.heads.end()}, ++l.round};
}

bool loop_ends::inputs_ended(const loop& l, vertex_id head) const {
  for (std::uint32_t i = 0; i < parallelism_.at(head); ++i)
    if (!l.inputs_ended.contains({head, i})) return false;
  return true;
}

} // namespace sluice::runtime
