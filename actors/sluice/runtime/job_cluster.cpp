/// How a job runs on the workers of a cluster: where its tasks go, and what happens when one of
/// their processes does.
#include "sluice/plan/fingerprint.hpp"
#include "sluice/runtime/job.hpp"
#include "sluice/runtime/log.hpp"

#include <caf/send.hpp>
#include <fmt/format.h>

#include <algorithm>

namespace sluice::runtime {

void job::request_slots() {
  phase_ = phase::waiting_for_slots;
  slot_request_msg m;
  m.job = spec_.cluster->job;
  m.attempt = attempt_;
  m.slots = num_slots(*spec_.graph);
  m.from = caf::actor_cast<job_actor>(self_);
  self_->send<caf::message_priority::high>(spec_.cluster->coordinator, std::move(m));
}

void job::on_slots(slots_granted_msg& m) {
  if (!current(m.attempt) || phase_ != phase::waiting_for_slots) {
    // Not ours any more: an attempt that still wants slots has asked anew.
    if (phase_ == phase::ended || phase_ == phase::waiting)
      self_->send(spec_.cluster->coordinator, slot_release_msg{spec_.cluster->job});
    return;
  }
  phase_ = phase::deploying;
  paths_ = std::make_shared<checkpoint_paths>();
  hosts_ = std::move(m.hosts);
  spec_.board->set_probes({});
  placement_.clear();
  deploy_order order;
  for (std::size_t i = 0; i < numbering_->size(); ++i) {
    auto id = numbering_->at(i);
    placement_.push_back(m.host_of_slot.at(slot_of(*spec_.graph, id.vertex, id.subtask)));
    tasks_.push_back({id, {}, task_phase::deploying, {}});
  }
  try {
    make_enumerators();
  } catch (...) {
    fail(describe(std::current_exception(), "", 0));
    return;
  }
  order.job = spec_.cluster->job;
  order.attempt = attempt_;
  order.program = spec_.cluster->program;
  order.fingerprint = spec_.cluster->fingerprint;
  order.rescaled_to = spec_.cluster->rescaled_to;
  if (from_) order.restore_path = from_->path;
  order.placement = placement_;
  for (auto& h : hosts_) order.hosts.push_back(h.data);
  for (std::uint32_t i = 0; i < hosts_.size(); ++i) {
    order.host = i;
    deploying_.insert(i);
    self_->send<caf::message_priority::high>(hosts_[i].handle,
                                             deploy_msg{caf::actor_cast<job_actor>(self_), order});
  }
}

void job::on_deployed(const deployed_msg& m) {
  if (!current(m.attempt) || deploying_.erase(m.host) == 0) return;
  std::size_t next = 0;
  for (std::size_t i = 0; i < tasks_.size() && next < m.tasks.size(); ++i) {
    if (placement_[i] != m.host) continue;
    tasks_[i].handle = m.tasks[next++];
    self_->monitor(tasks_[i].handle);
    alive_.emplace(tasks_[i].handle.address(), tasks_[i].id);
    if (phase_ == phase::stopping)
      self_->send<caf::message_priority::high>(tasks_[i].handle, cancel_msg{});
  }
  if (!deploying_.empty() || phase_ != phase::deploying) return;
  for (auto& h : hosts_)
    self_->send<caf::message_priority::high>(h.handle,
                                             connect_tasks_msg{spec_.cluster->job, attempt_});
}

void job::on_deploy_failed(const deploy_failed_msg& m) {
  if (!current(m.attempt) || deploying_.erase(m.host) == 0) return;
  if (phase_ != phase::stopping)
    fail({"", 0, std::nullopt, fmt::format("worker {}: {}", hosts_[m.host].name, m.why), m.fatal});
  else if (alive_.empty() && deploying_.empty())
    stopped();
}

/// Barriers may reach a worker before this job does, so all must know where the checkpoint goes
/// before it starts.
void job::note_checkpoint(checkpoint_id id, const std::string& path) {
  noting_.clear();
  for (std::uint32_t i = 0; i < hosts_.size(); ++i) {
    noting_.insert(i);
    self_->send<caf::message_priority::high>(
      hosts_[i].handle, note_checkpoint_msg{spec_.cluster->job, attempt_, id, path});
  }
}

void job::on_checkpoint_noted(const checkpoint_noted_msg& m) {
  if (!current(m.attempt)) return;
  auto* pending = checkpoints_.current();
  if (!pending || pending->id != m.id || noting_.erase(m.host) == 0 || !noting_.empty()) return;
  trigger_tasks();
}

void job::on_worker_lost(const worker_lost_msg& m) {
  auto at
    = std::find_if(hosts_.begin(), hosts_.end(), [&](auto& h) { return h.worker == m.worker; });
  if (at == hosts_.end()) return;
  auto host = static_cast<std::uint32_t>(at - hosts_.begin());
  auto lost = at->name;
  deploying_.erase(host);
  for (std::size_t i = 0; i < tasks_.size(); ++i)
    if (placement_[i] == host && tasks_[i].handle) {
      self_->demonitor(tasks_[i].handle.address());
      alive_.erase(tasks_[i].handle.address());
    }
  if (phase_ != phase::stopping && phase_ != phase::ended && phase_ != phase::waiting)
    fail({"", 0, std::nullopt, fmt::format("worker {} is lost: {}", lost, m.why), false});
  else if (phase_ == phase::stopping && alive_.empty() && deploying_.empty())
    stopped();
}

/// The attempt has ended: its workers forget it, and its slots are free.
void job::release_hosts(bool ended) {
  if (!spec_.cluster) return;
  for (auto& h : hosts_)
    self_->send<caf::message_priority::high>(h.handle,
                                             release_msg{spec_.cluster->job, attempt_, ended});
  hosts_.clear();
  placement_.clear();
  deploying_.clear();
  noting_.clear();
  self_->send<caf::message_priority::high>(spec_.cluster->coordinator,
                                           slot_release_msg{spec_.cluster->job});
}

// -- another parallelism
// ---------------------------------------------------------------------------

/// Makes the graph that the job is to go on with. Returns why that cannot be.
std::string job::plan_rescaling(const checkpoint_request_msg& m) {
  if (m.then_rescale_to == 0) return {};
  try {
    auto graph = std::make_shared<const job_graph>(rescaled(*spec_.graph, m.then_rescale_to));
    if (auto slots = num_slots(*graph); m.max_slots > 0 && slots > m.max_slots)
      return fmt::format("it would need {} slots, and all workers together have {}", slots,
                         m.max_slots);
    rescaled_ = std::move(graph);
    rescaled_to_ = m.then_rescale_to;
  } catch (const std::exception& e) {
    return e.what();
  }
  return {};
}

/// The old tasks are gone and the checkpoint is the newest: starts the new ones from it.
void job::go_on_rescaled() {
  log().info("job \"{}\": goes on with parallelism {}", spec_.graph->config.name, rescaled_to_);
  adopt(std::exchange(rescaled_, nullptr));
  spec_.board->set_status(job_status::restarting);
  auto looks = fingerprint(*spec_.graph);
  if (spec_.cluster) {
    spec_.cluster->rescaled_to = rescaled_to_;
    spec_.cluster->fingerprint = looks;
  }
  phase_ = phase::preparing;
  run_blocking(
    [journal = spec_.journal, to = rescaled_to_, looks] {
      if (journal) journal->rescaled(to, looks);
      return true;
    },
    [this](bool) { prepare(); });
}

void job::on_report(const task_report& m) {
  if (current(m.attempt)) spec_.board->report(m.tasks);
}

} // namespace sluice::runtime
