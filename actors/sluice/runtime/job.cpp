#include "sluice/runtime/job.hpp"

#include "sluice/runtime/log.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <caf/send.hpp>

#include <algorithm>

namespace sluice::runtime {

void job::init(job_actor::pointer self, job_spec spec) {
  self_ = self;
  spec_ = std::move(spec);
  retained_ = std::move(spec_.resume_from);
  strand_ = spec_.io->make_strand();
  adopt(spec_.graph);
  auto& config = spec_.graph->config;
  auto strategy
    = config.restart.value_or(checkpointing() ? restart_strategy(exponential_delay_restart{})
                                              : restart_strategy(no_restart{}));
  restarts_.emplace(strategy);
  self_->set_down_handler([this](caf::down_msg& m) { on_task_down(m.source); });
}

void job::adopt(std::shared_ptr<const job_graph> graph) {
  spec_.graph = std::move(graph);
  numbering_.emplace(*spec_.graph);
  loops_ = std::make_shared<const std::vector<std::uint32_t>>(loops_of_edges(*spec_.graph));
}

void job::on_work_done(job_work_done_msg& m) {
  if (current(m.attempt) && phase_ != phase::ended) (*m.apply)();
}

job::task_entry& job::entry(task_id id) { return tasks_[numbering_->of(id)]; }

// -- feedback loops
// ----------------------------------------------------------------------------------

void job::on_loop_input_ended(const loop_input_ended_msg& m) {
  if (current(m.attempt)) direct_loop(loop_ends_->input_ended(m.task.vertex, m.task.subtask));
}

void job::on_loop_probed(const loop_probed_msg& m) {
  if (current(m.attempt))
    direct_loop(loop_ends_->probed(m.task.vertex, m.task.subtask, m.round, m.records));
}

void job::direct_loop(const std::optional<loop_ends::order>& order) {
  if (!order) return;
  for (auto head : order->heads) {
    for (std::uint32_t i = 0; i < spec_.graph->vertices[head].parallelism; ++i) {
      auto& handle = entry({head, i}).handle;
      if (order->probe)
        self_->send<caf::message_priority::high>(handle, probe_loop_msg{*order->probe});
      else
        self_->send<caf::message_priority::high>(handle, end_loop_msg{});
    }
  }
}

// -- the end
// -----------------------------------------------------------------------------------------

void job::on_finished(task_finished_msg& m) {
  if (!current(m.attempt)) return;
  auto& t = entry(m.task);
  t.phase = task_phase::finished;
  t.committables = std::move(m.committables);
  if (auto* pending = checkpoints_.current(); pending && pending->missing.count(m.task)) {
    add_finished_task(pending->manifest, t);
    if (checkpoints_.without(m.task))
      complete_checkpoint();
    else if (!pending->path.empty() && may_be_unaligned(spec_.graph->config.checkpoints))
      trigger_tasks(); // somebody may wait for a barrier that does not come any more
  }
  if (phase_ == phase::running && std::all_of(tasks_.begin(), tasks_.end(), [](auto& e) {
        return e.phase == task_phase::finished;
      }))
    all_finished();
}

/// With checkpointing, the end is a checkpoint, too: only then may output become visible, or a
/// failure in between would repeat some of it.
void job::all_finished() {
  phase_ = phase::committing;
  abort_checkpoint("the job finished", false);
  if (!checkpointing()) {
    commit_final();
    return;
  }
  manifest m;
  fill_manifest(m);
  m.job_finished = true;
  m.id = checkpoints_.next_id();
  for (auto& t : tasks_) add_finished_task(m, t);
  auto directory = spec_.graph->config.checkpoints.directory;
  run_blocking(
    [m, directory, journal = spec_.journal, kept = retained_]() mutable {
      auto path = snapshot_store::create(directory, m.id, false);
      snapshot_store::commit(path, m);
      kept.push_back(path);
      if (journal) journal->checkpoints(kept);
      return path;
    },
    [this](std::string path) {
      retain(std::move(path));
      commit_final();
    });
}

void job::commit_final() {
  for (auto& t : tasks_)
    self_->send<caf::message_priority::high>(t.handle,
                                             checkpoint_complete_msg{~checkpoint_id{0}, true});
}

void job::on_committed(const committed_msg& m) {
  if (!current(m.attempt) || phase_ != phase::committing) return;
  entry(m.task).phase = task_phase::committed;
  if (std::all_of(tasks_.begin(), tasks_.end(),
                  [](auto& t) { return t.phase == task_phase::committed; }))
    stop(stop_reason::finished);
}

void job::on_cancel() {
  if (phase_ != phase::ended) log().info("job \"{}\": asked to cancel", spec_.graph->config.name);
  if (phase_ == phase::ended || phase_ == phase::committing) return;
  if (phase_ == phase::waiting || phase_ == phase::created || phase_ == phase::waiting_for_slots) {
    ++attempt_;
    reason_ = stop_reason::cancelled;
    stopped();
    return;
  }
  if (phase_ == phase::stopping) {
    if (reason_ == stop_reason::failed || reason_ == stop_reason::rescaled)
      reason_ = stop_reason::cancelled;
    return;
  }
  stop(stop_reason::cancelled);
}

void job::on_failed(task_failed_msg& m) {
  if (!current(m.attempt)) return;
  // A job that has lost the worker may have let go of its hosts already.
  if (!placement_.empty()) m.cause.worker = hosts_[placement_[numbering_->of(m.task)]].name;
  fail(std::move(m.cause));
}

void job::fail(failure cause) {
  if (phase_ == phase::stopping && reason_ == stop_reason::saved) fail_to_stop(std::move(cause));
  if (phase_ == phase::stopping || phase_ == phase::ended) return;
  if (cause.corrupt_snapshot && from_ && retained_.size() > 1
      && std::erase(retained_, from_->path) > 0) {
    log().error("job \"{}\": {}; TRYING THE CHECKPOINT BEFORE IT", spec_.graph->config.name,
                cause.what);
    cause.fatal = false;
  }
  cause_ = std::move(cause);
  stop(stop_reason::failed);
}

/// The savepoint is there, but a task could not commit what it covers: nobody may take the job for
/// done. Started again from its last checkpoint it would repeat what others have committed.
void job::fail_to_stop(failure cause) {
  reason_ = stop_reason::failed;
  cause.fatal = true;
  cause.what += fmt::format("; the job was being stopped: savepoint {} is complete, and a job that "
                            "goes on from it commits what this one could not",
                            stopped_with_.second);
  cause_ = std::move(cause);
}

void job::stop(stop_reason reason) {
  reason_ = reason;
  phase_ = phase::stopping;
  abort_checkpoint("the job stops", false);
  if (alive_.empty() && deploying_.empty()) {
    stopped();
    return;
  }
  for (auto& t : tasks_)
    if (t.handle) self_->send<caf::message_priority::high>(t.handle, cancel_msg{});
}

void job::on_task_down(const caf::actor_addr& who) {
  auto at = alive_.find(who);
  if (at == alive_.end()) return;
  auto task = at->second;
  alive_.erase(at);
  if (phase_ != phase::stopping && phase_ != phase::ended) {
    auto& v = spec_.graph->vertices[task.vertex];
    auto where = spec_.cluster ? fmt::format(", with worker {} or the connection to it",
                                             hosts_[placement_[numbering_->of(task)]].name)
                               : std::string();
    fail({v.name, task.subtask, std::nullopt, "its actor died" + where, false});
    return;
  }
  if (alive_.empty() && deploying_.empty()) stopped();
}

/// All tasks are gone: nothing of the user's is in use any more.
void job::stopped() {
  switch (reason_) {
  case stop_reason::finished:
  case stop_reason::saved:
    release_hosts(true);
    end(job_status::finished, nullptr);
    return;
  case stop_reason::cancelled:
    release_hosts(true);
    end(job_status::cancelled, std::make_exception_ptr(job_cancelled(fmt::format(
                                 "job \"{}\" was cancelled", spec_.graph->config.name))));
    return;
  case stop_reason::rescaled:
    release_hosts(false);
    go_on_rescaled();
    return;
  case stop_reason::failed:
    break;
  }
  auto delay
    = cause_->fatal ? std::nullopt : restarts_->next_delay(spec_.io->processing_clock().now());
  release_hosts(!delay);
  if (!delay) {
    end(job_status::failed, error_of(*cause_));
    return;
  }
  phase_ = phase::waiting;
  ++num_restarts_;
  spec_.board->count_restart(fmt::format("{}: {}", label_of(*cause_), cause_->what));
  spec_.board->set_status(job_status::restarting);
  // A failure that ends the job is the waiter's to show; one that does not is seen here only.
  log().warn("{}: {}; restart {} in {} ms", label_of(*cause_), cause_->what, num_restarts_,
             delay->count() / 1000);
  send_later(*delay, {job_timer_msg::what::restart, attempt_, 0});
}

/// After a century at most: CAF counts in nanoseconds, which `duration::max()` overflows.
void job::send_later(duration after, job_timer_msg m) {
  constexpr duration longest = std::chrono::hours(24 * 365 * 100);
  self_->delayed_send(caf::actor_cast<job_actor>(self_), std::min(after, longest), std::move(m));
}

std::string job::label_of(const failure& cause) const {
  auto& job_name = spec_.graph->config.name;
  if (cause.operator_name.empty()) return job_label(job_name);
  auto label = task_label(job_name, cause.operator_name, cause.subtask);
  return cause.worker.empty() ? label : label + ", worker " + cause.worker;
}

std::exception_ptr job::error_of(const failure& cause) const {
  auto& job_name = spec_.graph->config.name;
  auto text = fmt::format("job \"{}\" failed", job_name);
  if (!cause.operator_name.empty())
    text += fmt::format(": operator \"{}\", subtask {}", cause.operator_name, cause.subtask);
  if (!cause.worker.empty()) text += ", worker " + cause.worker;
  if (cause.record_time) text += fmt::format(", record time {} us", *cause.record_time);
  text += ": " + cause.what;
  return std::make_exception_ptr(job_error(
    text, {job_name, cause.operator_name, static_cast<int>(cause.subtask), cause.record_time}));
}

namespace {

/// A job whose end cannot be kept has ended all the same; it would only be run again.
void note_end(job_journal& journal, job_status status, const std::exception_ptr& error,
              const job_result& result) {
  std::string text;
  try {
    if (error) std::rethrow_exception(error);
  } catch (const std::exception& e) {
    text = e.what();
  }
  try {
    journal.ended(status, text, result);
  } catch (const std::exception& e) {
    log().error("the end of a job could not be kept: {}", e.what());
  }
}

} // namespace

void job::end(job_status status, std::exception_ptr error) {
  phase_ = phase::ended;
  for (auto& request : std::exchange(queued_requests_, {}))
    request.reply->set_exception(std::make_exception_ptr(state_error("the job has ended")));
  auto& c = spec_.graph->config.checkpoints;
  auto keep = c.externalized || status == job_status::failed;
  auto leased = lease_ != nullptr;
  auto finish
    = [board = spec_.board, status, error, journal = spec_.journal,
       result
       = job_result{status, duration(spec_.io->processing_clock().now() - started_), num_restarts_},
       paths = keep ? std::vector<std::string>{} : retained_, lease = std::move(lease_),
       stopped_with = std::move(stopped_with_)]() mutable {
        if (journal) note_end(*journal, status, error, result);
        for (auto& p : paths) snapshot_store::remove(p);
        lease.reset();
        board->end(status, error, result);
        if (!stopped_with.first) return;
        if (error)
          stopped_with.first->set_exception(error);
        else
          stopped_with.first->set_value(stopped_with.second);
      };
  // A waiter gets the failure as an exception, and to see it twice helps nobody.
  auto level = status == job_status::failed && !spec_.graph->config.caller_waits
                 ? spdlog::level::err
                 : spdlog::level::info;
  auto ran = std::chrono::duration_cast<std::chrono::milliseconds>(
    duration(spec_.io->processing_clock().now() - started_));
  if (status == job_status::failed && cause_)
    log().log(level, "{}: failed after {} and {} restarts: {}", label_of(*cause_), ran,
              num_restarts_, cause_->what);
  else
    log().log(level, "job \"{}\": {} after {} and {} restarts", spec_.graph->config.name,
              to_string(status), ran, num_restarts_);
  if ((keep || retained_.empty()) && !spec_.journal && !leased)
    finish();
  else
    strand_->post(std::move(finish)); // a copy would keep the lease
  self_->quit();
}

void job::on_timer(job_timer_msg m) {
  if (!current(m.attempt)) return;
  switch (m.kind) {
  case job_timer_msg::what::restart:
    if (phase_ == phase::waiting) prepare();
    return;
  case job_timer_msg::what::discover:
    if (phase_ == phase::running) discover(static_cast<std::uint32_t>(m.id));
    return;
  case job_timer_msg::what::checkpoint_due:
    if (phase_ == phase::running) start_checkpoint({});
    return;
  case job_timer_msg::what::checkpoint_timeout:
    if (auto* p = checkpoints_.current(); p && p->id == m.id)
      abort_checkpoint("it took too long", true);
    return;
  }
}

job_actor::behavior_type job_behavior(job_actor::stateful_pointer<job> self, job_spec spec) {
  self->state.init(self, std::move(spec));
  return {
    [=](job_start_msg) { self->state.on_start(); },
    [=](job_cancel_msg) { self->state.on_cancel(); },
    [=](checkpoint_request_msg& m) { self->state.on_checkpoint_request(m); },
    [=](job_timer_msg m) { self->state.on_timer(m); },
    [=](job_work_done_msg& m) { self->state.on_work_done(m); },
    [=](const task_ready_msg& m) { self->state.on_ready(m); },
    [=](task_failed_msg& m) { self->state.on_failed(m); },
    [=](task_finished_msg& m) { self->state.on_finished(m); },
    [=](const split_request_msg& m) { self->state.on_split_request(m); },
    [=](const snapshot_ack_msg& m) { self->state.on_ack(m); },
    [=](const snapshot_declined_msg& m) { self->state.on_declined(m); },
    [=](const committed_msg& m) { self->state.on_committed(m); },
    [=](const loop_input_ended_msg& m) { self->state.on_loop_input_ended(m); },
    [=](const loop_probed_msg& m) { self->state.on_loop_probed(m); },
    [=](slots_granted_msg& m) { self->state.on_slots(m); },
    [=](const deployed_msg& m) { self->state.on_deployed(m); },
    [=](const deploy_failed_msg& m) { self->state.on_deploy_failed(m); },
    [=](const checkpoint_noted_msg& m) { self->state.on_checkpoint_noted(m); },
    [=](const worker_lost_msg& m) { self->state.on_worker_lost(m); },
    [=](const task_report& m) { self->state.on_report(m); },
  };
}

} // namespace sluice::runtime
