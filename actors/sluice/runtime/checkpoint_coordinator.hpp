/// Numbers checkpoints, collects acknowledgements, completes or gives up. Plain logic, no actor.
#pragma once

#include "sluice/plan/config.hpp"
#include "sluice/runtime/messages.hpp"
#include "sluice/runtime/snapshot_store.hpp"

#include <future>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace sluice::runtime {

/// State of the checkpoint that is under way; at most one at a time.
///
/// Owner: the job actor, which does what the return values say.
class checkpoint_coordinator {
public:
  /// A checkpoint under way.
  struct pending {
    checkpoint_id id = 0;
    std::string path;
    timestamp started = 0;
    bool savepoint = false;
    bool then_stop = false;
    std::uint32_t then_rescale_to = 0;
    std::shared_ptr<std::promise<std::string>> reply;
    std::set<task_id> missing;
    std::map<task_id, snapshot_ack_msg> acks;
    runtime::manifest manifest; ///< sources and finished tasks were filled in at the start
  };

  bool in_progress() const noexcept { return pending_.has_value(); }
  pending* current() noexcept { return pending_ ? &*pending_ : nullptr; }

  /// REQUIRES: none in progress.
  pending& begin(pending p) { return pending_.emplace(std::move(p)); }

  /// A task has acknowledged. True when it was the last one.
  bool acknowledge(const snapshot_ack_msg& ack);

  /// A task will not: it finished before the barrier reached it. True when it was the last one.
  bool without(task_id task);

  std::optional<pending> take() { return std::exchange(pending_, std::nullopt); }

  checkpoint_id next_id() noexcept { return ++last_id_; }
  void used_up_to(checkpoint_id id) noexcept { last_id_ = std::max(last_id_, id); }

private:
  std::optional<pending> pending_;
  checkpoint_id last_id_ = 0;
};

} // namespace sluice::runtime
