/// Feedback loops of a job: which edges they are made of, and how the job finds out that they are
/// empty. `task_loop.cpp` has the tasks' part.
#pragma once

#include "sluice/plan/job_graph.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

namespace sluice::runtime {

/// The loop of an edge that is part of none.
inline constexpr std::uint32_t no_loop = ~std::uint32_t{0};

/// Per edge, the loop that it is part of. Loops that records can get from one to the other and
/// back, as with one inside another, are one, by the name of its first head's vertex.
std::vector<std::uint32_t> loops_of_edges(const job_graph& graph);

/// Decides when to look whether a loop is empty, and when its heads end. A loop of several heads
/// ends from the outside to the inside: first those whose inputs have ended, which ends the inputs
/// of others.
///
/// Owner: the job actor, for one attempt.
class loop_ends {
public:
  explicit loop_ends(const job_graph& graph);

  /// For all subtasks of these heads.
  struct order {
    std::vector<vertex_id> heads;
    std::optional<std::uint64_t> probe; ///< send a probe of this round; nothing: end
  };

  /// A head's regular inputs have ended.
  std::optional<order> input_ended(vertex_id head, std::uint32_t subtask);

  /// The probe has come round to a head; `records` came back since it sent its own.
  std::optional<order> probed(vertex_id head, std::uint32_t subtask, std::uint64_t round,
                              std::uint64_t records);

private:
  using subtask_of_head = std::pair<vertex_id, std::uint32_t>;

  struct loop {
    std::set<vertex_id> heads; ///< that have not ended
    std::set<subtask_of_head> inputs_ended;
    std::map<subtask_of_head, std::uint64_t> answers; ///< of the round
    std::uint64_t round = 0;
    bool probing = false;
  };

  loop& loop_of(vertex_id head) { return loops_.at(name_of_head_.at(head)); }
  order next_round(loop& l);
  bool inputs_ended(const loop& l, vertex_id head) const;

  std::map<std::uint32_t, loop> loops_;
  std::map<vertex_id, std::uint32_t> name_of_head_;
  std::map<vertex_id, std::uint32_t> parallelism_; ///< of heads
};

} // namespace sluice::runtime
