/// How a job comes to life: what it restores, its tasks, their channels and their splits.
#include "sluice/runtime/job.hpp"
#include "sluice/runtime/log.hpp"
#include "sluice/runtime/state_file.hpp"

#include <caf/send.hpp>
#include <fmt/format.h>

#include <algorithm>

namespace sluice::runtime {

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

namespace {

/// Two jobs in one directory would overwrite and remove each other's checkpoints. Null where none
/// is needed, or where nothing can be written by a job that is not to write.
std::shared_ptr<storage_lease> lease_of_checkpoints(const job_config& config) {
  auto& directory = config.checkpoints.directory;
  if (directory.empty()) return nullptr;
  auto& storage = storage_of(directory);
  auto holder = fmt::format("job \"{}\" of {}", config.name, process_and_host());
  std::shared_ptr<storage_lease> lease;
  try {
    storage.make_folder(directory);
    lease = storage.lease(path_in(directory, "in-use"), holder);
  } catch (const io_error& e) {
    if (!config.checkpoints.interval) return nullptr;
    throw plan_error(fmt::format("no checkpoint can be written: {}", e.what()));
  }
  if (!lease)
    throw plan_error(fmt::format("the checkpoint directory {} is in use by {}; each job needs one "
                                 "of its own",
                                 directory, holder));
  return lease;
}

} // namespace

/// Finds the checkpoint to start from: the latest of this run, or what the program asked for.
void job::prepare() {
  phase_ = phase::preparing;
  ++attempt_;
  tasks_.clear();
  assigners_.clear();
  loop_ends_.emplace(*spec_.graph);
  auto graph = spec_.graph;
  auto candidates = retained_;
  std::reverse(candidates.begin(), candidates.end());
  struct found {
    std::shared_ptr<restore_point> from;
    checkpoint_id last = 0;
    std::vector<std::string> claimed; ///< the directory's own checkpoints, oldest first
    std::shared_ptr<storage_lease> lease;
  };
  auto work = [graph, candidates, leased = lease_ != nullptr]() -> found {
    auto& config = graph->config;
    found result;
    if (!leased) result.lease = lease_of_checkpoints(config);
    if (config.checkpoints.interval)
      result.last = snapshot_store::last_id(config.checkpoints.directory);
    auto paths = candidates;
    bool named = false;
    if (paths.empty() && config.restore_from) {
      if (*config.restore_from == "latest") {
        if (config.checkpoints.directory.empty())
          throw plan_error(
            "restore_from(\"latest\") looks for checkpoints in the job's directory, and "
            "it has none: enable_checkpointing(interval, directory)");
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
        // Tasks find out about those that this job wrote itself, when they read them.
        if (candidates.empty())
          for (auto& t : point->content.tasks)
            if (!t.file.empty()) point->open(t);
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
    if (result.lease) lease_ = std::move(result.lease);
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
  if (spec_.cluster) {
    request_slots();
    return;
  }
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
    for (std::uint32_t i = 0; i < v.parallelism; ++i) {
      auto probe = make_probe(v, i, attempt_);
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

/// Tells every task its peers.
void job::connect_tasks() {
  auto wiring = wire_tasks(*spec_.graph, *numbering_);
  for (std::size_t i = 0; i < tasks_.size(); ++i) {
    connect_msg peers;
    for (auto& edge : wiring[i].outputs) {
      auto& outputs = peers.outputs.emplace_back();
      for (auto& o : edge) outputs.push_back({tasks_[o.to].handle, o.channel, nullptr});
    }
    for (auto& in : wiring[i].inputs)
      peers.inputs.push_back({tasks_[in.from].handle, in.channel, in.edge, nullptr});
    self_->send<caf::message_priority::high>(tasks_[i].handle, std::move(peers));
  }
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

} // namespace sluice::runtime
