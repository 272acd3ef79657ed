/// Which channels a job graph needs: the same answer in every process of a job.
#pragma once

#include "sluice/plan/job_graph.hpp"
#include "sluice/runtime/messages.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace sluice::runtime {

/// Tasks in their order: vertices by number, their subtasks by number.
class task_numbering {
public:
  explicit task_numbering(const job_graph& graph);

  std::size_t size() const noexcept { return tasks_.size(); }
  std::size_t of(task_id id) const { return first_.at(id.vertex) + id.subtask; }
  task_id at(std::size_t number) const { return tasks_.at(number); }

private:
  std::vector<std::size_t> first_; ///< of each vertex
  std::vector<task_id> tasks_;
};

/// Subtasks that subtask `sender` sends to over `e`.
std::vector<std::uint32_t> consumers_of(const job_graph& graph, const job_edge& e,
                                        std::uint32_t sender);

/// Who is at the other end of each channel of a task, by the numbers of `task_numbering`.
struct task_wiring {
  struct output {
    std::size_t to = 0;
    std::uint32_t channel = 0; ///< the receiver's number
  };
  struct input {
    std::size_t from = 0;
    std::uint32_t channel = 0; ///< the sender's number
    std::uint32_t edge = 0;    ///< of the job graph
  };
  std::vector<std::vector<output>> outputs; ///< per output edge of the vertex, per consumer
  std::vector<input> inputs;
};

/// The wiring of every task.
std::vector<task_wiring> wire_tasks(const job_graph& graph, const task_numbering& tasks);

} // namespace sluice::runtime
