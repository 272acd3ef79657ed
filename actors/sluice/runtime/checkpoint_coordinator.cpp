#include "sluice/runtime/checkpoint_coordinator.hpp"

namespace sluice::runtime {

bool checkpoint_coordinator::acknowledge(const snapshot_ack_msg& ack) {
  if (!pending_ || pending_->id != ack.id || pending_->missing.erase(ack.task) == 0) return false;
  pending_->acks[ack.task] = ack;
  return pending_->missing.empty();
}

bool checkpoint_coordinator::without(task_id task) {
  if (!pending_ || pending_->missing.erase(task) == 0) return false;
  return pending_->missing.empty();
}

} // namespace sluice::runtime
