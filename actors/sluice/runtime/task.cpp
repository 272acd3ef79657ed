#include "sluice/runtime/task.hpp"

#include "sluice/core/thrown.hpp"
#include "sluice/runtime/log.hpp"
#include "sluice/runtime/state_file.hpp"

#include <caf/send.hpp>

namespace sluice::runtime {

namespace {

/// Batches that a task handles before it lets its mailbox have a say.
constexpr int batches_per_turn = 16;

/// And how long it goes on at most, if its records are slow.
constexpr auto longest_turn = std::chrono::milliseconds(10);

/// How old the figure of a task's state may be.
constexpr auto state_measuring_interval = std::chrono::milliseconds(100);

} // namespace

failure describe(std::exception_ptr error, const std::string& operator_name,
                 std::uint32_t subtask) {
  failure f;
  f.operator_name = operator_name;
  f.subtask = subtask;
  try {
    std::rethrow_exception(error);
  } catch (const user_function_error& e) {
    f.record_time = e.record_time();
    f.what = e.what();
  } catch (const plan_error& e) {
    f.what = e.what();
    f.fatal = true;
  } catch (const corrupt_snapshot& e) {
    f.what = e.what();
    f.fatal = f.corrupt_snapshot = true;
  } catch (const state_error& e) {
    f.what = e.what();
    f.fatal = true;
  } catch (...) {
    f.what = text_of_thrown();
  }
  return f;
}

// -- turns
// ------------------------------------------------------------------------------------------

void task::fail(std::uint32_t operator_index, std::exception_ptr error) {
  if (phase_ == phase::failed || phase_ == phase::gone) return;
  phase_ = phase::failed;
  report(operator_index, error);
}

void task::report(std::uint32_t operator_index, const std::exception_ptr& error) const {
  auto& v = spec_.graph->vertices[spec_.id.vertex];
  auto& node
    = spec_.graph->node(v.chain[std::min<std::size_t>(operator_index, v.chain.size() - 1)]);
  task_failed_msg m{spec_.attempt, spec_.id, describe(error, node.name, spec_.id.subtask)};
  log().debug("{}: failed, attempt {}: {}",
              task_label(spec_.graph->config.name, node.name, spec_.id.subtask), spec_.attempt,
              m.cause.what);
  self_->send<caf::message_priority::high>(spec_.job, std::move(m));
}

void task::on_element(element_msg& m) {
  if (m.attempt != spec_.attempt || phase_ == phase::failed || phase_ == phase::gone) return;
  guarded([&] {
    if (gate_.at(m.channel).feedback)
      on_feedback(m.channel, m.element);
    else
      arrive(m.channel, m.element);
  });
  run();
}

void task::on_credit(credit_msg& m) {
  if (m.attempt != spec_.attempt || m.channel >= channels_.size()) return;
  channels_[m.channel]->add_credit(m);
  if (logging_) guarded([&] { write_snapshot_if_complete(); }); // a barrier may have got through
  if (blocked_ || phase_ == phase::finishing)
    run();
  else
    guarded([&] { settle(); }); // that may have waited for this message to be handled
}

void task::on_continue() {
  continuing_ = false;
  run();
}

void task::on_wakeup() {
  source_waiting_ = false;
  run();
}

void task::on_timer(timer_msg m) {
  if (phase_ == phase::failed || phase_ == phase::gone) return;
  if (m.at > spec_.io->processing_clock().now()) { // more than a day, or the clock was set back
    send_timer(m.at);
    return;
  }
  if (armed_timer_ && *armed_timer_ <= m.at) armed_timer_.reset();
  if (armed_poll_ && *armed_poll_ <= m.at) {
    armed_poll_.reset();
    source_waiting_ = false;
  }
  if (phase_ != phase::running || halted_by_) return;
  guarded([&] { chain_->processing_time(spec_.io->processing_clock().now()); });
  run();
}

bool task::may_produce() {
  for (auto* c : channels_)
    if (!c->ready()) return false;
  return (!spill_ || spill_->ready()) && chain_->ready();
}

/// The heart of a task: does what can be done now, accounts for the time, and arranges to be called
/// again if more could be done.
void task::run() {
  if (!active() || continuing_) return;
  auto start = run_started_ = now_ = spec_.io->steady_now();
  auto& waited = blocked_ ? spec_.probe->backpressured_ns : spec_.probe->idle_ns;
  waited.add(nanos(start - last_run_));
  blocked_ = false;
  guarded([&] {
    if (phase_ == phase::running && !halted_by_) {
      if (chain_->source())
        run_source();
      else
        run_inputs();
    } else if (phase_ == phase::emptying) {
      finish_chain();
    }
    if (phase_ == phase::finishing) report_finished_if_drained();
    settle();
  });
  last_run_ = spec_.io->steady_now();
  if (chain_ && last_run_ - state_measured_ > state_measuring_interval) {
    state_measured_ = last_run_;
    spec_.probe->state_bytes.set(chain_->state_bytes());
  }
  spec_.probe->busy_ns.add(nanos(last_run_ - start));
}

void task::run_inputs() {
  auto until = now_ + longest_turn;
  for (int turn = 0; phase_ == phase::running; ++turn) {
    if (draining_) {
      run_spilled();
      return;
    }
    if (is_head_ && replaying_.empty()) run_loop_buffer();
    if (!partial_ && !gate_.has_next() && replaying_.empty()) return;
    if (!may_produce()) {
      blocked_ = true;
      spec_.probe->credit_waits.add(1);
      return;
    }
    if (turn == batches_per_turn || now_ > until) {
      yield();
      return;
    }
    if (!replaying_.empty())
      replay_slice();
    else if (partial_)
      handle_slice();
    else
      handle(gate_.take());
  }
}

void task::run_source() {
  auto& source = *chain_->source();
  auto until = now_ + longest_turn;
  for (int turn = 0; turn < batches_per_turn && now_ <= until; ++turn) {
    if (source_waiting_ && replaying_.empty()) return;
    if (!may_produce()) {
      blocked_ = true;
      spec_.probe->credit_waits.add(1);
      return;
    }
    if (!replaying_.empty()) {
      replay_slice();
      continue;
    }
    auto before = std::pair(now_, source.ports()[0].num_records());
    auto made = slices_ ? chain_->output_bytes() : 0;
    auto result = source.poll_once();
    if (slices_)
      slices_->handled(source.ports()[0].num_records() - before.second,
                       chain_->output_bytes() - made);
    spec_.probe->records_in.set(source.ports()[0].num_records());
    spec_.probe->bytes_in.set(source.ports()[0].num_bytes());
    spec_.probe->watermark.store(chain_->watermark(), std::memory_order_relaxed);
    flush_aged();
    slicer_.handled(source.ports()[0].num_records() - before.second, now_ - before.first);
    poll_less_or_more();
    switch (result.status) {
    case poll_result::state::more:
      break;
    case poll_result::state::waiting:
      source_waiting_ = true;
      if (result.retry_at && (!armed_poll_ || *result.retry_at < *armed_poll_)) {
        armed_poll_ = result.retry_at;
        send_timer(*result.retry_at);
      }
      return;
    case poll_result::state::finished:
      if (no_more_splits_) {
        finish_inputs();
        return;
      }
      source_waiting_ = true;
      if (!std::exchange(split_requested_, true))
        self_->send<caf::message_priority::high>(spec_.job,
                                                 split_request_msg{spec_.attempt, spec_.id});
      return;
    }
  }
  yield();
}

void task::on_splits(assign_splits_msg& m) {
  if (phase_ != phase::running && phase_ != phase::ready) return;
  split_requested_ = false;
  no_more_splits_ = m.no_more;
  source_waiting_ = false;
  guarded([&] {
    if (!m.splits.empty()) chain_->source()->add_splits(std::move(m.splits));
  });
  run();
}

void task::yield() {
  continuing_ = true;
  self_->send(caf::actor_cast<task_actor>(self_), continue_msg{});
}

/// After a turn: if there is nothing more to do, nothing should wait in a buffer either. As long as
/// there are messages it is not known, so the handlers of those that start no turn call this, too.
void task::settle() {
  if (!active() || continuing_) return;
  if ((partial_ || gate_.has_next() || !replaying_.empty()) && !blocked_) return;
  if (!self_->mailbox().empty()) return;
  for (auto* c : channels_) c->flush();
  chain_->on_idle();
}

void task::flush_aged() {
  now_ = spec_.io->steady_now();
  for (auto& e : chain_->edges())
    for (auto& c : e->channels()) c->flush_older_than(now_, e->edge().buffer_timeout);
}

void task::request_timer(timestamp at) {
  if (armed_timer_ && *armed_timer_ <= at) return;
  armed_timer_ = at;
  send_timer(at);
}

void task::send_timer(timestamp at) {
  self_->delayed_send<caf::message_priority::high>(caf::actor_cast<task_actor>(self_),
                                                   time_until(at), timer_msg{at});
}

/// At most a day, as CAF counts nanoseconds, which centuries overflow.
std::chrono::microseconds task::time_until(timestamp at) const {
  constexpr std::chrono::microseconds longest = std::chrono::hours(24);
  const auto now = spec_.io->processing_clock().now();
  if (at <= now) return std::chrono::microseconds(0);
  return at > saturating_add(now, longest.count()) ? longest : std::chrono::microseconds(at - now);
}

void task::on_strand_done(strand_done_msg& m) {
  using what = strand_done_msg::what;
  if (m.step == what::torn_down) {
    self_->quit();
    return;
  }
  if (phase_ == phase::gone) {
    // It may have been a commit, which the end of the job waits for.
    if (m.step == what::failed) report(static_cast<std::uint32_t>(m.id), m.error);
    return;
  }
  switch (m.step) {
  case what::restored:
    guarded([&] { open_restored(); });
    return;
  case what::prepared:
    snapshot_in_progress_ = false;
    spec_.probe->checkpoint_bytes.set(m.bytes);
    if (!m.committables.empty()) uncommitted_[m.id] = std::move(m.committables);
    if (phase_ == phase::finishing)
      run();
    else
      guarded([&] { settle(); });
    return;
  case what::finished:
    strand_finished_ = true;
    final_committables_ = std::move(m.committables);
    run();
    return;
  case what::committed:
    if (m.id == ~checkpoint_id{0})
      self_->send<caf::message_priority::high>(spec_.job, committed_msg{spec_.attempt, spec_.id});
    return;
  case what::failed:
    fail(static_cast<std::uint32_t>(m.id), m.error);
    return;
  case what::apply:
    if (phase_ == phase::failed) return;
    guarded([&] { (*m.work)(); });
    run();
    return;
  case what::torn_down:
    return;
  }
}

task_actor::behavior_type task_behavior(task_actor::stateful_pointer<task> self, task_spec spec) {
  self->state.init(self, std::move(spec));
  return {
    [=](element_msg& m) { self->state.on_element(m); },
    [=](credit_msg& m) { self->state.on_credit(m); },
    [=](connect_msg& m) { self->state.on_connect(m); },
    [=](start_msg) { self->state.on_start(); },
    [=](cancel_msg) { self->state.on_cancel(); },
    [=](trigger_msg m) { self->state.on_trigger(m); },
    [=](checkpoint_complete_msg m) { self->state.on_complete(m); },
    [=](checkpoint_aborted_msg m) { self->state.on_aborted(m); },
    [=](assign_splits_msg& m) { self->state.on_splits(m); },
    [=](probe_loop_msg m) { self->state.on_probe_loop(m); },
    [=](end_loop_msg) { self->state.on_end_loop(); },
    [=](overtake_msg m) { self->state.on_overtake(m); },
    [=](continue_msg) { self->state.on_continue(); },
    [=](timer_msg m) { self->state.on_timer(m); },
    [=](wakeup_msg) { self->state.on_wakeup(); },
    [=](strand_done_msg& m) { self->state.on_strand_done(m); },
  };
}

} // namespace sluice::runtime
