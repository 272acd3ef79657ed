#include "sluice/runtime/job.hpp"

#include "sluice/runtime/log.hpp"
#include "sluice/runtime/state_file.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <caf/send.hpp>

#include <algorithm>

namespace sluice::runtime {

std::vector<std::vector<std::uint32_t>> loops_of_edges(const job_graph& graph) {
  std::vector<std::vector<std::uint32_t>> result(graph.edges.size());
  auto reach = [&](std::uint32_t start, bool downstream) {
    std::vector<bool> seen(graph.vertices.size());
    std::vector<std::uint32_t> open{start};
    while (!open.empty()) {
      auto v = open.back();
      open.pop_back();
      if (seen[v]) continue;
      seen[v] = true;
      for (auto& e : graph.edges)
        if (!e.feedback && (downstream ? e.from : e.to) == v)
          open.push_back(downstream ? e.to : e.from);
    }
    return seen;
  };
  for (auto& feedback : graph.edges) {
    if (!feedback.feedback) continue;
    auto behind = reach(feedback.to, true);
    auto before = reach(feedback.from, false);
    for (std::size_t i = 0; i < graph.edges.size(); ++i) {
      auto& e = graph.edges[i];
      auto inside = &e == &feedback || (!e.feedback && behind[e.from] && before[e.to]);
      auto& list = result[i];
      if (inside && std::find(list.begin(), list.end(), feedback.to) == list.end())
        list.push_back(feedback.to);
    }
  }
  return result;
}

void job::init(job_actor::pointer self, job_spec spec) {
  self_ = self;
  spec_ = std::move(spec);
  strand_ = spec_.io->make_strand();
  loops_
    = std::make_shared<const std::vector<std::vector<std::uint32_t>>>(loops_of_edges(*spec_.graph));
  auto& config = spec_.graph->config;
  auto strategy
    = config.restart.value_or(checkpointing() ? restart_strategy(exponential_delay_restart{})
                                              : restart_strategy(no_restart{}));
  restarts_.emplace(strategy);
  self_->set_down_handler([this](caf::down_msg& m) { on_task_down(m.source); });
}

void job::on_work_done(job_work_done_msg& m) {
  if (current(m.attempt) && phase_ != phase::ended) (*m.apply)();
}

job::task_entry& job::entry(task_id id) { return tasks_[first_task_[id.vertex] + id.subtask]; }

// -- deployment
// --------------------------------------------------------------------------------------

void job::on_start() {
  started_ = spec_.io->processing_clock().now();
  auto& config = spec_.graph->config;
  log().info("job \"{}\": starting, {} tasks", config.name, [&] {
    std::size_t n = 0;
    for (auto& v : spec_.graph->vertices) n += v.parallelism;
    return n;
  }());
  for (auto& n : spec_.graph->nodes)
    if (n.sink && n.sink->transactional() && !checkpointing()) {
      auto unbounded
        = std::any_of(spec_.graph->nodes.begin(), spec_.graph->nodes.end(), [](auto& s) {
            return s.source && s.source->bounded() == boundedness::unbounded;
          });
      if (unbounded)
        log().warn(
          "job \"{}\": sink \"{}\" makes output visible only at checkpoints, but checkpointing is "
          "off and the input never ends: NO OUTPUT WILL EVER BECOME VISIBLE; call "
          "enable_checkpointing()",
          config.name, n.name);
    }
  prepare();
}

/// Finds the checkpoint to start from: the latest of this run, or what the program asked for.
void job::prepare() {
  phase_ = phase::preparing;
  ++attempt_;
  tasks_.clear();
  first_task_.clear();
  assigners_.clear();
  loop_answers_.clear();
  loop_rounds_.clear();
  auto graph = spec_.graph;
  auto candidates = retained_;
  std::reverse(candidates.begin(), candidates.end());
  struct found {
    std::shared_ptr<restore_point> from;
    checkpoint_id last = 0;
    std::vector<std::string> claimed; ///< the directory's own checkpoints, oldest first
  };
  auto work = [graph, candidates]() -> found {
    auto& config = graph->config;
    found result;
    if (config.checkpoints.interval)
      result.last = snapshot_store::last_id(config.checkpoints.directory);
    auto paths = candidates;
    bool named = false;
    if (paths.empty() && config.restore_from) {
      if (*config.restore_from == "latest") {
        paths = snapshot_store::list(config.checkpoints.directory);
        result.claimed.assign(paths.rbegin(), paths.rend());
      } else {
        paths = {*config.restore_from};
        named = true;
      }
    }
    for (auto& path : paths) {
      try {
        auto point = std::make_shared<restore_point>();
        point->path = path;
        point->content = snapshot_store::load(path);
        for (auto& t : point->content.tasks)
          if (!t.file.empty()) state_file_reader((path + "/") + t.file, t.bytes, t.checksum);
        check_compatible(*point, *graph);
        result.from = std::move(point);
        break;
      } catch (const state_error& e) {
        if (named || std::string_view(e.what()).starts_with("cannot restore")) throw;
        log().error("job \"{}\": {}; TRYING THE CHECKPOINT BEFORE IT", config.name, e.what());
      }
    }
    if (!result.from && !paths.empty())
      throw state_error(fmt::format("none of the {} checkpoints can be read", paths.size()));
    return result;
  };
  run_blocking(work, [this](found result) {
    checkpoints_.used_up_to(result.last);
    if (retained_.empty()) retained_ = std::move(result.claimed);
    from_ = std::move(result.from);
    if (from_) {
      checkpoints_.used_up_to(from_->content.id);
      log().info("job \"{}\": restoring from {}", spec_.graph->config.name, from_->path);
    }
    deploy();
  });
}

void job::deploy() {
  phase_ = phase::deploying;
  paths_ = std::make_shared<checkpoint_paths>();
  try {
    make_enumerators();
    spawn_tasks();
    connect_tasks();
  } catch (...) {
    fail(describe(std::current_exception(), "", 0));
  }
}

void job::spawn_tasks() {
  auto& graph = *spec_.graph;
  std::vector<std::shared_ptr<task_probe>> probes;
  for (auto& v : graph.vertices) {
    first_task_.push_back(tasks_.size());
    for (std::uint32_t i = 0; i < v.parallelism; ++i) {
      auto probe = std::make_shared<task_probe>();
      probe->task = v.name;
      probe->vertex = v.id;
      probe->subtask = i;
      probe->attempt = attempt_;
      probes.push_back(probe);
      task_spec spec;
      spec.graph = spec_.graph;
      spec.id = {v.id, i};
      spec.attempt = attempt_;
      spec.job = caf::actor_cast<job_actor>(self_);
      spec.io = spec_.io;
      spec.probe = probe;
      spec.from = from_;
      spec.loops = loops_;
      spec.checkpoint_paths = paths_;
      auto handle = self_->spawn<caf::monitored>(task_behavior, std::move(spec));
      alive_.emplace(handle.address(), task_id{v.id, i});
      tasks_.push_back({{v.id, i}, handle, task_phase::deploying, {}});
    }
  }
  spec_.board->set_probes(std::move(probes));
}

std::vector<std::uint32_t> job::consumers_of(const job_edge& e, std::uint32_t sender) const {
  auto from = spec_.graph->vertices[e.from].parallelism;
  auto to = spec_.graph->vertices[e.to].parallelism;
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

/// Numbers the channels at both ends and tells every task its peers.
void job::connect_tasks() {
  auto& graph = *spec_.graph;
  std::vector<connect_msg> peers(tasks_.size());
  for (auto& v : graph.vertices)
    for (std::uint32_t i = 0; i < v.parallelism; ++i) {
      auto& mine = peers[first_task_[v.id] + i];
      std::uint32_t number = 0;
      for (auto index : v.outputs) {
        auto& e = graph.edges[index];
        auto& outputs = mine.outputs.emplace_back();
        for (auto consumer : consumers_of(e, i)) {
          auto& theirs = peers[first_task_[e.to] + consumer];
          outputs.push_back({tasks_[first_task_[e.to] + consumer].handle,
                             static_cast<std::uint32_t>(theirs.inputs.size())});
          theirs.inputs.push_back({tasks_[first_task_[v.id] + i].handle, number++, index});
        }
      }
    }
  for (std::size_t i = 0; i < tasks_.size(); ++i)
    self_->send<caf::message_priority::high>(tasks_[i].handle, std::move(peers[i]));
}

void job::make_enumerators() {
  auto& graph = *spec_.graph;
  for (auto& v : graph.vertices) {
    auto& n = graph.node(v.chain.front());
    if (n.kind != node_kind::source) continue;
    auto [at, fresh]
      = assigners_.try_emplace(v.id, n.source->make_enumerator(v.parallelism), v.parallelism);
    if (from_)
      for (auto& s : from_->content.sources)
        if (s.uid == n.uid) {
          std::vector<source_split> open;
          for (std::size_t i = 0; i < s.ids.size(); ++i) open.push_back({s.ids[i], s.data[i]});
          at->second.restore(s.known, std::move(open));
        }
    discover(v.id);
  }
}

void job::discover(std::uint32_t vertex) {
  auto enumerator = assigners_.at(vertex).enumerator();
  auto& graph = *spec_.graph;
  auto source_name = graph.node(graph.vertices[vertex].chain.front()).name;
  auto work = [enumerator, source_name] {
    struct outcome {
      std::vector<source_split> found;
      std::optional<failure> cause;
    };
    outcome o;
    try {
      o.found = enumerator->discover();
    } catch (...) {
      o.cause = describe(std::current_exception(), source_name, 0);
    }
    return o;
  };
  run_blocking(work, [this, vertex](auto result) {
    if (result.cause) {
      fail(*result.cause);
      return;
    }
    auto at = assigners_.find(vertex);
    if (at == assigners_.end()) return;
    at->second.discovered(std::move(result.found));
    assign_splits(vertex);
    if (auto interval = at->second.discovery_interval())
      send_later(*interval, {job_timer_msg::what::discover, attempt_, vertex});
  });
}

void job::assign_splits(std::uint32_t vertex) {
  for (auto& a : assigners_.at(vertex).take_assignments())
    self_->send<caf::message_priority::high>(entry({vertex, a.reader}).handle,
                                             assign_splits_msg{std::move(a.splits), a.no_more});
}

void job::on_split_request(const split_request_msg& m) {
  if (!current(m.attempt) || phase_ != phase::running) return;
  assigners_.at(m.task.vertex).request(m.task.subtask);
  assign_splits(m.task.vertex);
}

void job::on_ready(const task_ready_msg& m) {
  if (!current(m.attempt) || phase_ != phase::deploying) return;
  entry(m.task).phase = task_phase::ready;
  if (std::any_of(tasks_.begin(), tasks_.end(),
                  [](auto& t) { return t.phase == task_phase::deploying; }))
    return;
  phase_ = phase::running;
  spec_.board->set_status(job_status::running);
  log().info("job \"{}\": running, attempt {}", spec_.graph->config.name, attempt_);
  if (from_ && from_->content.job_finished) {
    // All was done but perhaps the last commits, which restoring has repeated.
    log().info("job \"{}\": had finished before; nothing left to do", spec_.graph->config.name);
    stop(stop_reason::finished);
    return;
  }
  for (auto& t : tasks_) self_->send<caf::message_priority::high>(t.handle, start_msg{});
  if (checkpointing()) schedule_checkpoint(*spec_.graph->config.checkpoints.interval);
  for (auto& request : std::exchange(queued_requests_, {})) on_checkpoint_request(request);
}

// -- feedback loops
// ----------------------------------------------------------------------------------

void job::on_loop_input_ended(const loop_input_ended_msg& m) {
  if (!current(m.attempt)) return;
  auto& answers = loop_answers_[m.task.vertex];
  answers[m.task.subtask] = 0;
  if (answers.size() < spec_.graph->vertices[m.task.vertex].parallelism) return;
  answers.clear();
  auto round = ++loop_rounds_[m.task.vertex];
  for (std::uint32_t i = 0; i < spec_.graph->vertices[m.task.vertex].parallelism; ++i)
    self_->send<caf::message_priority::high>(entry({m.task.vertex, i}).handle,
                                             probe_loop_msg{round});
}

void job::on_loop_probed(const loop_probed_msg& m) {
  if (!current(m.attempt) || loop_rounds_[m.task.vertex] != m.round) return;
  auto& answers = loop_answers_[m.task.vertex];
  answers[m.task.subtask] = m.records;
  auto parallelism = spec_.graph->vertices[m.task.vertex].parallelism;
  if (answers.size() < parallelism) return;
  auto empty = std::all_of(answers.begin(), answers.end(), [](auto& a) { return a.second == 0; });
  answers.clear();
  auto round = ++loop_rounds_[m.task.vertex];
  for (std::uint32_t i = 0; i < parallelism; ++i) {
    auto& handle = entry({m.task.vertex, i}).handle;
    if (empty)
      self_->send<caf::message_priority::high>(handle, end_loop_msg{});
    else
      self_->send<caf::message_priority::high>(handle, probe_loop_msg{round});
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
    [m, directory] {
      auto path = snapshot_store::create(directory, m.id, false);
      snapshot_store::commit(path, m);
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
  if (phase_ == phase::waiting || phase_ == phase::created) {
    ++attempt_;
    reason_ = stop_reason::cancelled;
    stopped();
    return;
  }
  if (phase_ == phase::stopping) {
    if (reason_ == stop_reason::failed) reason_ = stop_reason::cancelled;
    return;
  }
  stop(stop_reason::cancelled);
}

void job::on_failed(task_failed_msg& m) {
  if (current(m.attempt)) fail(std::move(m.cause));
}

void job::fail(failure cause) {
  if (phase_ == phase::stopping || phase_ == phase::ended) return;
  cause_ = std::move(cause);
  stop(stop_reason::failed);
}

void job::stop(stop_reason reason) {
  reason_ = reason;
  phase_ = phase::stopping;
  abort_checkpoint("the job stops", false);
  if (alive_.empty()) {
    stopped();
    return;
  }
  for (auto& t : tasks_) self_->send<caf::message_priority::high>(t.handle, cancel_msg{});
}

void job::on_task_down(const caf::actor_addr& who) {
  auto at = alive_.find(who);
  if (at == alive_.end()) return;
  auto task = at->second;
  alive_.erase(at);
  if (phase_ != phase::stopping && phase_ != phase::ended) {
    auto& v = spec_.graph->vertices[task.vertex];
    fail({v.name, task.subtask, std::nullopt, "its actor died", false});
    return;
  }
  if (alive_.empty()) stopped();
}

/// All tasks are gone: nothing of the user's is in use any more.
void job::stopped() {
  switch (reason_) {
  case stop_reason::finished:
    end(job_status::finished, nullptr);
    return;
  case stop_reason::cancelled:
    end(job_status::cancelled, std::make_exception_ptr(job_cancelled(fmt::format(
                                 "job \"{}\" was cancelled", spec_.graph->config.name))));
    return;
  case stop_reason::failed:
    break;
  }
  auto delay
    = cause_->fatal ? std::nullopt : restarts_->next_delay(spec_.io->processing_clock().now());
  if (!delay) {
    end(job_status::failed, error_of(*cause_));
    return;
  }
  phase_ = phase::waiting;
  ++num_restarts_;
  spec_.board->count_restart();
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
  return task_label(job_name, cause.operator_name, cause.subtask);
}

std::exception_ptr job::error_of(const failure& cause) const {
  auto& job_name = spec_.graph->config.name;
  auto text = fmt::format("job \"{}\" failed", job_name);
  if (!cause.operator_name.empty())
    text += fmt::format(": operator \"{}\", subtask {}", cause.operator_name, cause.subtask);
  if (cause.record_time) text += fmt::format(", record time {} us", *cause.record_time);
  text += ": " + cause.what;
  return std::make_exception_ptr(job_error(
    text, {job_name, cause.operator_name, static_cast<int>(cause.subtask), cause.record_time}));
}

void job::end(job_status status, std::exception_ptr error) {
  phase_ = phase::ended;
  for (auto& request : std::exchange(queued_requests_, {}))
    request.reply->set_exception(std::make_exception_ptr(state_error("the job has ended")));
  auto& c = spec_.graph->config.checkpoints;
  auto keep = c.externalized || status == job_status::failed;
  auto finish
    = [board = spec_.board, status, error,
       result
       = job_result{status, duration(spec_.io->processing_clock().now() - started_), num_restarts_},
       paths = keep ? std::vector<std::string>{} : retained_] {
        for (auto& p : paths) snapshot_store::remove(p);
        board->end(status, error, result);
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
  if (keep || retained_.empty())
    finish();
  else
    strand_->post(finish);
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
    if (phase_ == phase::running) start_checkpoint(nullptr, "", false);
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
  };
}

} // namespace sluice::runtime
