/// Finds, in a checkpoint, what a task of a perhaps changed program has to start from.
#pragma once

#include "sluice/plan/job_graph.hpp"
#include "sluice/runtime/in_flight.hpp"
#include "sluice/runtime/local_copies.hpp"
#include "sluice/runtime/snapshot_store.hpp"

#include <memory>
#include <string>
#include <vector>

namespace sluice::runtime {

/// Names of what the runtime itself keeps in a state file.
inline constexpr std::string_view writer_state_name = "__writer";
inline constexpr std::string_view committables_name = "__committables";
inline constexpr std::string_view loop_state_name = "__loop";

/// A checkpoint that a job starts from.
struct restore_point {
  std::string path;
  runtime::manifest content;
  std::shared_ptr<const local_copies> local; ///< may be null

  /// Reads what a task wrote, from a local copy if there is one. Errors: `corrupt_snapshot`.
  std::unique_ptr<state_file_reader> open(const manifest::task& t) const;
};

/// The state of one task, by operator of its chain.
struct task_state_content {
  struct per_operator {
    restored_operator states;
    std::vector<std::string> writers;
    std::vector<std::string> committables;
    std::vector<std::string> loop;
  };
  std::vector<per_operator> operators;
  bool finished = false; ///< the task had handled all its input
  restored_in_flight in_flight;
};

/// Checks that the program can take over what the checkpoint holds. Errors: `state_error` that says
/// what does not fit and what to do.
void check_compatible(const restore_point& from, const job_graph& graph);

/// Reads what subtask `subtask` of `vertex` needs. Blocks. Errors: `state_error`.
task_state_content load_task_state(const restore_point& from, const job_graph& graph,
                                   std::uint32_t vertex, std::uint32_t subtask);

} // namespace sluice::runtime
