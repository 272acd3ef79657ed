/// How a task ends: with its input, or before.
#include "sluice/runtime/task.hpp"

#include <caf/send.hpp>

namespace sluice::runtime {

namespace {

/// Parts of an operator's end before the mailbox has a say.
constexpr int parts_per_turn = 16;

} // namespace

void task::finish_inputs() {
  if (drain_spilled()) return;
  time_stands_still_ = false;
  if (!watermark_done_) handle_watermark(max_timestamp, true);
  if (is_head_ && !inputs_ended_) {
    // The loop may still be full: the job asks until it is empty, then says so.
    inputs_ended_ = true;
    last_came_back_ = spec_.io->processing_clock().now();
    if (missed_trigger_) take_checkpoint(*missed_trigger_);
    self_->send<caf::message_priority::high>(spec_.job,
                                             loop_input_ended_msg{spec_.attempt, spec_.id});
    return;
  }
  phase_ = phase::emptying;
  finish_chain();
}

/// The operators emit what is left, as there is room for it; the rest of the end follows.
void task::finish_chain() {
  for (int part = 0; !finished_on_restore_ && !chain_->finish_some(); ++part) {
    if (!may_produce()) {
      blocked_ = true;
      spec_.probe->credit_waits.add(1);
      return;
    }
    if (part == parts_per_turn) {
      yield();
      return;
    }
  }
  phase_ = phase::finishing;
  auto works = std::make_shared<std::vector<std::pair<std::uint32_t, prepare_commit_work>>>();
  for (std::uint32_t i = 0; i < chain_->size(); ++i)
    if (auto work = chain_->prepare_commit(i, 0, true)) works->emplace_back(i, std::move(work));
  for (auto* c : channels_) c->end_of_input();
  auto handle = caf::actor_cast<task_actor>(self_);
  strand_->post([handle, works] {
    strand_done_msg done;
    done.step = strand_done_msg::what::finished;
    std::uint32_t index = 0;
    try {
      for (auto& [i, work] : *works) {
        index = i;
        auto part = work();
        if (!part.committables.empty()) done.committables[i] = std::move(part.committables);
      }
    } catch (...) {
      done.step = strand_done_msg::what::failed;
      done.id = index;
      done.error = std::current_exception();
    }
    caf::anon_send<caf::message_priority::high>(handle, std::move(done));
  });
}

void task::report_finished_if_drained() {
  if (!strand_finished_ || snapshot_in_progress_) return;
  for (auto* c : channels_)
    if (!c->drained()) return;
  phase_ = phase::finished;
  log_step("finished");
  // What earlier checkpoints prepared and nobody has committed is part of the end, too.
  for (auto& [id, by_operator] : uncommitted_)
    for (auto& [i, list] : by_operator)
      final_committables_[i].insert(final_committables_[i].end(), list.begin(), list.end());
  uncommitted_.clear();
  self_->send<caf::message_priority::high>(
    spec_.job, task_finished_msg{spec_.attempt, spec_.id, final_committables_});
}

void task::on_cancel() {
  if (phase_ == phase::gone) return;
  if (phase_ != phase::finished) log_step("stopped");
  phase_ = phase::gone;
  tear_down();
}

/// User objects may still be in use by work on the strands, so they are destroyed behind it.
void task::tear_down() {
  auto handle = caf::actor_cast<task_actor>(self_);
  auto chain = std::move(chain_);
  channels_.clear();
  gate_ = {};
  partial_.reset();
  loop_batch_.reset();
  loop_buffer_.reset();
  spill_.reset();
  logging_.reset();
  auto state_strand = state_strand_;
  auto destroy = [chain = std::move(chain), handle]() mutable {
    chain.reset();
    strand_done_msg done;
    done.step = strand_done_msg::what::torn_down;
    caf::anon_send<caf::message_priority::high>(handle, std::move(done));
  };
  strand_->post([state_strand, destroy = std::move(destroy)]() mutable {
    state_strand->post(std::move(destroy));
  });
}

} // namespace sluice::runtime
