/// The checkpointing half of a job.
#include "sluice/runtime/job.hpp"

#include "sluice/runtime/log.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace sluice::runtime {

void job::schedule_checkpoint(duration after) {
  send_later(after, {job_timer_msg::what::checkpoint_due, attempt_, 0});
}

void job::on_checkpoint_request(checkpoint_request_msg& m) {
  auto refuse = [&](std::string why) {
    m.reply->set_exception(std::make_exception_ptr(state_error(std::move(why))));
  };
  if (phase_ == phase::ended || phase_ == phase::stopping || phase_ == phase::committing)
    refuse("the job has ended or is about to");
  else if (m.savepoint_directory.empty() && spec_.graph->config.checkpoints.directory.empty())
    refuse("a checkpoint needs a directory: enable_checkpointing(interval, directory)");
  else if (phase_ == phase::waiting_for_slots && m.then_rescale_to == 0)
    refuse("none of its tasks is there: it waits for slots");
  else if (phase_ != phase::waiting_for_slots
           && (phase_ != phase::running || starting_checkpoint_ || checkpoints_.in_progress()))
    queued_requests_.push_back(m);
  else if (auto problem = plan_rescaling(m); !problem.empty())
    refuse(problem);
  else if (phase_ == phase::waiting_for_slots)
    rescale_waiting(m);
  else
    start_checkpoint(m);
}

/// Nothing runs that could be saved: goes on from the last checkpoint, with other slots.
void job::rescale_waiting(checkpoint_request_msg& m) {
  m.reply->set_value(retained_.empty() ? std::string() : retained_.back());
  release_hosts(false);
  go_on_rescaled();
}

/// Makes the folder, then triggers.
void job::start_checkpoint(checkpoint_request_msg request) {
  if (starting_checkpoint_ || checkpoints_.in_progress()) return; // the one under way reschedules
  starting_checkpoint_ = true;
  auto savepoint = !request.savepoint_directory.empty();
  auto directory
    = savepoint ? request.savepoint_directory : spec_.graph->config.checkpoints.directory;
  auto id = checkpoints_.next_id();
  struct outcome {
    std::string path;
    std::string problem;
  };
  run_blocking(
    [directory, id, savepoint]() -> outcome {
      try {
        return {snapshot_store::create(directory, id, savepoint), ""};
      } catch (const std::exception& e) {
        return {"", e.what()};
      }
    },
    [=, this](outcome o) {
      starting_checkpoint_ = false;
      if (phase_ != phase::running) {
        if (request.reply)
          request.reply->set_exception(
            std::make_exception_ptr(state_error("the job has ended or is about to")));
        return;
      }
      trigger(std::move(o.path), id, request);
      if (!o.problem.empty()) abort_checkpoint(o.problem, true);
    });
}

void job::fill_manifest(manifest& m) const {
  auto& graph = *spec_.graph;
  m.job_name = graph.config.name;
  m.created = spec_.io->processing_clock().now();
  for (auto& v : graph.vertices)
    for (auto id : v.chain) {
      m.uids.push_back(graph.node(id).uid);
      m.max_parallelism.push_back(v.max_parallelism);
    }
  // Splits that are handed out after this go into the next checkpoint: tasks get them behind their
  // trigger, as both come from here.
  for (auto& [vertex, assigner] : assigners_) {
    manifest::source s;
    s.uid = graph.node(graph.vertices[vertex].chain.front()).uid;
    s.known = assigner.known();
    for (auto& split : assigner.unassigned()) {
      s.ids.push_back(split.id);
      s.data.push_back(split.data);
    }
    m.sources.push_back(std::move(s));
  }
}

void job::add_finished_task(manifest& m, const task_entry& t) const {
  auto& graph = *spec_.graph;
  auto& v = graph.vertices[t.id.vertex];
  manifest::task entry;
  for (auto id : v.chain) {
    entry.uids.push_back(graph.node(id).uid);
    entry.names.push_back(graph.node(id).name);
  }
  entry.subtask = t.id.subtask;
  entry.parallelism = v.parallelism;
  entry.finished = true;
  m.tasks.push_back(std::move(entry));
  for (auto& [index, list] : t.committables)
    m.outputs.push_back({graph.node(v.chain[index]).uid, list});
}

void job::trigger(std::string path, checkpoint_id id, const checkpoint_request_msg& request) {
  checkpoint_coordinator::pending p;
  p.id = id;
  p.path = path;
  p.started = spec_.io->processing_clock().now();
  p.savepoint = !request.savepoint_directory.empty();
  p.then_stop = request.then_stop;
  p.then_rescale_to = request.then_rescale_to;
  p.reply = request.reply;
  p.manifest.id = id;
  p.manifest.savepoint = p.savepoint;
  fill_manifest(p.manifest);
  for (auto& t : tasks_) {
    if (t.phase == task_phase::finished)
      add_finished_task(p.manifest, t);
    else
      p.missing.insert(t.id);
  }
  paths_->set(id, path);
  checkpoints_.begin(std::move(p));
  if (path.empty()) return;
  log().debug("job \"{}\": checkpoint {} triggered", spec_.graph->config.name, id);
  if (spec_.cluster)
    note_checkpoint(id, path);
  else
    trigger_tasks();
  send_later(spec_.graph->config.checkpoints.timeout,
             {job_timer_msg::what::checkpoint_timeout, attempt_, id});
}

/// Tells those that get no barrier from anybody, or might not, that the checkpoint starts. May be
/// told again when more tasks have finished.
void job::trigger_tasks() {
  auto& pending = *checkpoints_.current();
  auto& c = spec_.graph->config.checkpoints;
  trigger_msg m;
  m.id = pending.id;
  m.halt = pending.then_stop;
  if (!pending.savepoint && may_be_unaligned(c))
    m.overtake_at = c.aligned_checkpoint_timeout.count() == 0
                      ? min_timestamp
                      : saturating_add(pending.started, c.aligned_checkpoint_timeout.count());
  auto fed = tasks_with_senders();
  for (std::size_t i = 0; i < tasks_.size(); ++i) {
    auto& t = tasks_[i];
    auto kind = spec_.graph->node(spec_.graph->vertices[t.id.vertex].chain.front()).kind;
    m.inputs_finished = kind != node_kind::source && !fed[i];
    if (kind == node_kind::source || kind == node_kind::iteration_head || m.inputs_finished)
      self_->send<caf::message_priority::high>(t.handle, m);
  }
}

/// Which tasks have inputs whose senders have not finished.
std::vector<bool> job::tasks_with_senders() const {
  auto& graph = *spec_.graph;
  std::vector<bool> result(tasks_.size());
  for (auto& e : graph.edges) {
    if (e.feedback) continue;
    for (std::uint32_t i = 0; i < graph.vertices[e.from].parallelism; ++i) {
      if (tasks_[numbering_->of({e.from, i})].phase == task_phase::finished) continue;
      for (auto consumer : consumers_of(graph, e, i))
        result[numbering_->of({e.to, consumer})] = true;
    }
  }
  return result;
}

void job::on_ack(const snapshot_ack_msg& m) {
  if (current(m.attempt) && checkpoints_.acknowledge(m)) complete_checkpoint();
}

void job::on_declined(const snapshot_declined_msg& m) {
  auto* p = checkpoints_.current();
  if (!current(m.attempt) || !p || p->id != m.id) return;
  auto& v = spec_.graph->vertices[m.task.vertex];
  abort_checkpoint(fmt::format("operator \"{}\", subtask {}: {}", v.name, m.task.subtask, m.why),
                   true);
}

namespace {

void add_in_flight_edge(manifest& m, manifest::in_flight_edge edge) {
  if (std::none_of(m.in_flight.begin(), m.in_flight.end(),
                   [&](auto& e) { return e.key == edge.key; }))
    m.in_flight.push_back(std::move(edge));
}

} // namespace

/// All parts are there: the manifest makes them a checkpoint.
void job::complete_checkpoint() {
  auto done = std::make_shared<checkpoint_coordinator::pending>(std::move(*checkpoints_.take()));
  auto& graph = *spec_.graph;
  for (auto& [task, ack] : done->acks) {
    auto& v = graph.vertices[task.vertex];
    manifest::task entry;
    for (auto id : v.chain) {
      entry.uids.push_back(graph.node(id).uid);
      entry.names.push_back(graph.node(id).name);
    }
    entry.subtask = task.subtask;
    entry.parallelism = v.parallelism;
    entry.file = ack.file;
    entry.bytes = ack.bytes;
    entry.checksum = ack.checksum;
    entry.in_flight_bytes = ack.in_flight_bytes;
    done->manifest.tasks.push_back(std::move(entry));
    for (auto edge : ack.in_flight_edges)
      add_in_flight_edge(done->manifest, describe_edge(graph, task.vertex, edge));
    for (auto& s : done->manifest.sources) {
      if (s.uid != graph.node(v.chain.front()).uid) continue;
      for (auto& split : ack.splits) {
        s.ids.push_back(split.id);
        s.data.push_back(split.data);
      }
    }
  }
  starting_checkpoint_ = true; // no other before this one is on disk
  run_blocking(
    [done, journal = spec_.journal, kept = retained_]() mutable -> std::string {
      try {
        snapshot_store::commit(done->path, done->manifest);
        kept.push_back(done->path);
        if (journal && !done->savepoint) journal->checkpoints(kept);
        return {};
      } catch (const std::exception& e) {
        snapshot_store::remove(done->path);
        return e.what();
      }
    },
    [this, done](std::string problem) {
      starting_checkpoint_ = false;
      if (problem.empty()) {
        checkpoint_done(std::move(*done));
      } else {
        checkpoints_.begin(std::move(*done));
        abort_checkpoint(problem, true);
      }
    });
}

void job::checkpoint_done(checkpoint_coordinator::pending done) {
  auto& c = spec_.graph->config.checkpoints;
  failures_in_a_row_ = 0;
  ++checkpoint_metrics_.num_completed;
  checkpoint_metrics_.last_id = done.id;
  checkpoint_metrics_.last_bytes = 0;
  checkpoint_metrics_.last_persisted_in_flight_bytes = 0;
  for (auto& t : done.manifest.tasks) {
    checkpoint_metrics_.last_bytes += t.bytes;
    checkpoint_metrics_.last_persisted_in_flight_bytes += t.in_flight_bytes;
  }
  checkpoint_metrics_.last_duration = duration(spec_.io->processing_clock().now() - done.started);
  checkpoint_metrics_.last_path = done.path;
  publish();
  log().info("job \"{}\": {} {} complete: {} bytes in {} ms, {}", spec_.graph->config.name,
             done.savepoint ? "savepoint" : "checkpoint", done.id, checkpoint_metrics_.last_bytes,
             checkpoint_metrics_.last_duration.count() / 1000, done.path);
  if (!done.savepoint) retain(done.path);
  if (done.then_stop)
    stopped_with_ = {done.reply, done.path}; // is told when another job may take its place
  else if (done.reply)
    done.reply->set_value(done.path);
  for (auto& t : tasks_) {
    auto& finished = done.manifest.tasks;
    auto covered = std::any_of(finished.begin(), finished.end(), [&](auto& m) {
      return m.finished && m.subtask == t.id.subtask
             && m.uids.front()
                  == spec_.graph->node(spec_.graph->vertices[t.id.vertex].chain.front()).uid;
    });
    self_->send<caf::message_priority::high>(t.handle, checkpoint_complete_msg{done.id, covered});
    if (covered) t.committables.clear();
  }
  if (done.then_stop || done.then_rescale_to > 0) {
    stop(done.then_stop ? stop_reason::saved : stop_reason::rescaled);
    return;
  }
  auto request = queued_requests_.empty() ? std::nullopt : std::optional(queued_requests_.front());
  if (request) {
    queued_requests_.erase(queued_requests_.begin());
    on_checkpoint_request(*request);
  }
  if (checkpointing()) {
    auto elapsed = checkpoint_metrics_.last_duration;
    schedule_checkpoint(std::max(*c.interval - elapsed, c.min_pause));
  }
}

void job::abort_checkpoint(const std::string& why, bool counts) {
  auto pending = checkpoints_.take();
  if (!pending) return;
  auto& c = spec_.graph->config.checkpoints;
  if (pending->reply)
    pending->reply->set_exception(std::make_exception_ptr(
      state_error(fmt::format("checkpoint {} failed: {}", pending->id, why))));
  if (!pending->path.empty())
    strand_->post([path = pending->path] { snapshot_store::remove(path); });
  for (auto& t : tasks_)
    self_->send<caf::message_priority::high>(t.handle, checkpoint_aborted_msg{pending->id});
  if (!counts) return;
  ++checkpoint_metrics_.num_failed;
  publish();
  ++failures_in_a_row_;
  log().warn("job \"{}\": {} {} failed: {}", spec_.graph->config.name,
             pending->savepoint ? "savepoint" : "checkpoint", pending->id, why);
  if (!pending->reply && c.tolerable_failures && failures_in_a_row_ > *c.tolerable_failures) {
    failures_in_a_row_ = 0;
    fail({"", 0, std::nullopt,
          fmt::format("checkpoint {} failed ({}) and {} failures in a row are tolerated",
                      pending->id, why, *c.tolerable_failures),
          false});
    return;
  }
  if (checkpointing()) schedule_checkpoint(std::max(*c.interval, c.min_pause));
}

/// Keeps the newest checkpoints of this run and removes those before.
void job::retain(std::string path) {
  retained_.push_back(std::move(path));
  while (retained_.size() > spec_.graph->config.checkpoints.num_retained) {
    strand_->post([old = retained_.front()] { snapshot_store::remove(old); });
    retained_.erase(retained_.begin());
  }
}

void job::publish() { spec_.board->set_checkpoints(checkpoint_metrics_); }

} // namespace sluice::runtime
