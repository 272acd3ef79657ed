#include "sluice/runtime/wiring.hpp"

namespace sluice::runtime {

task_numbering::task_numbering(const job_graph& graph) {
  for (auto& v : graph.vertices) {
    first_.push_back(tasks_.size());
    for (std::uint32_t i = 0; i < v.parallelism; ++i) tasks_.push_back({v.id, i});
  }
}

std::vector<std::uint32_t> consumers_of(const job_graph& graph, const job_edge& e,
                                        std::uint32_t sender) {
  auto from = graph.vertices[e.from].parallelism;
  auto to = graph.vertices[e.to].parallelism;
  std::vector<std::uint32_t> result;
  if (e.how == partitioning::forward) return {sender};
  if (e.how == partitioning::rescale) {
    if (to <= from) return {static_cast<std::uint32_t>(std::uint64_t{sender} * to / from)};
    for (std::uint32_t i = 0; i < to; ++i)
      if (std::uint64_t{i} * from / to == sender) result.push_back(i);
    return result;
  }
  for (std::uint32_t i = 0; i < to; ++i) result.push_back(i);
  return result;
}

std::vector<task_wiring> wire_tasks(const job_graph& graph, const task_numbering& tasks) {
  std::vector<task_wiring> result(tasks.size());
  for (auto& v : graph.vertices)
    for (std::uint32_t i = 0; i < v.parallelism; ++i) {
      auto me = tasks.of({v.id, i});
      std::uint32_t number = 0;
      for (auto index : v.outputs) {
        auto& e = graph.edges[index];
        auto& outputs = result[me].outputs.emplace_back();
        for (auto consumer : consumers_of(graph, e, i)) {
          auto other = tasks.of({e.to, consumer});
          outputs.push_back({other, static_cast<std::uint32_t>(result[other].inputs.size())});
          result[other].inputs.push_back({me, number++, index});
        }
      }
    }
  return result;
}

} // namespace sluice::runtime
