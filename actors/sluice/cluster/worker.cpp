#include "sluice/cluster/worker.hpp"

#include "sluice/cluster/network.hpp"
#include "sluice/plan/fingerprint.hpp"
#include "sluice/runtime/log.hpp"
#include "sluice/runtime/restore.hpp"
#include "sluice/runtime/snapshot_store.hpp"
#include "sluice/runtime/task.hpp"

#include <caf/send.hpp>
#include <fmt/chrono.h>
#include <fmt/format.h>

namespace sluice::cluster {

using namespace runtime;
using std::chrono::duration_cast;

namespace {

constexpr auto high = caf::message_priority::high;

/// The runtime's view of a channel of the data plane.
class sender final : public remote_sender {
public:
  explicit sender(std::shared_ptr<net::remote_output> to) : to_(std::move(to)) {}
  void send(channel_element& element) override { to_->send(element); }

private:
  std::shared_ptr<net::remote_output> to_;
};

class receiver final : public remote_receiver {
public:
  explicit receiver(std::shared_ptr<net::remote_input> from) : from_(std::move(from)) {}
  void credit(credit_msg m) override { from_->credit(std::move(m)); }
  void recycle(batch_box b) override { from_->recycle(std::move(b)); }

private:
  std::shared_ptr<net::remote_input> from_;
};

} // namespace

void worker::init(worker_actor::pointer self, worker_context context) {
  self_ = self;
  context_ = std::move(context);
  self_->set_down_handler([this](caf::down_msg& m) { on_down(m); });
  self_->monitor(context_.coordinator);
  join();
}

void worker::join() {
  join_msg offer{caf::actor_cast<worker_actor>(self_), context_.offer};
  offer.offer.programs = context_.programs();
  self_->request(context_.coordinator, context_.answer_timeout, std::move(offer))
    .then([this](const join_reply& welcome) { joined(welcome); },
          [this](const caf::error& e) {
            stop(worker_end::lost, "the coordinator does not answer: " + plain_words(e));
          });
}

void worker::joined(const join_reply& welcome) {
  if (!welcome.refused.empty()) {
    stop(worker_end::refused, welcome.refused);
    return;
  }
  number_ = welcome.worker;
  heartbeat_interval_ = std::chrono::microseconds(welcome.heartbeat_interval_us);
  heartbeat_timeout_ = std::chrono::microseconds(welcome.heartbeat_timeout_us);
  last_ack_ = std::chrono::steady_clock::now();
  context_.on_joined();
  on_tick();
}

// -- tasks
// ------------------------------------------------------------------------------------------

namespace {

std::shared_ptr<const local_copies> local_copies_of(const worker_context& context,
                                                    std::uint64_t job) {
  if (context.local_directory.empty()) return nullptr;
  return std::make_shared<const local_copies>(
    fmt::format("{}/job-{}", context.local_directory, job));
}

} // namespace

/// Gets, where it may block, what tasks are made from.
worker::prepared worker::prepare(const worker_context& context, const deploy_order& order) {
  prepared p;
  try {
    p.graph = context.graph_of(order.program, order.rescaled_to);
  } catch (const std::exception& e) {
    p.problem = e.what();
    p.fatal = dynamic_cast<const plan_error*>(&e) != nullptr;
    return p;
  }
  if (auto difference = fingerprint_difference(order.fingerprint, fingerprint(*p.graph))) {
    p.problem
      = fmt::format("this process runs another program than the coordinator: {}", *difference);
    p.fatal = true;
    return p;
  }
  if (order.restore_path.empty()) return p;
  try {
    auto point = std::make_shared<restore_point>();
    point->path = order.restore_path;
    point->content = snapshot_store::load(order.restore_path);
    point->local = local_copies_of(context, order.job);
    p.from = std::move(point);
  } catch (const std::exception& e) {
    p.problem
      = fmt::format("{} (checkpoints must be in a directory that all processes see)", e.what());
  }
  return p;
}

void worker::on_deploy(deploy_msg& m) {
  key k{m.order.job, m.order.attempt};
  auto& d = deployments_[k];
  d.job = std::move(m.from);
  d.order = std::move(m.order);
  if (stopping_) {
    d.released = true;
    decline(d, "it stops", false);
    deployments_.erase(k);
    return;
  }
  auto handle = caf::actor_cast<worker_actor>(self_);
  context_.io->make_strand()->post([this, handle, k, context = context_, order = d.order] {
    auto ready = std::make_shared<prepared>(prepare(context, order));
    worker_step_msg step;
    step.apply = std::make_shared<std::function<void()>>(
      [this, k, ready] { make_tasks(k, std::move(*ready)); });
    caf::anon_send<high>(handle, std::move(step));
  });
}

void worker::make_tasks(key k, prepared p) {
  auto at = deployments_.find(k);
  if (at == deployments_.end()) return;
  auto& d = at->second;
  if (d.released || stopping_ || !p.problem.empty()) {
    decline(d, p.problem.empty() ? "the attempt is over" : p.problem, p.fatal);
    deployments_.erase(at);
    end_if_stopped();
    return;
  }
  d.graph = std::move(p.graph);
  d.paths = std::make_shared<checkpoint_paths>();
  d.local = local_copies_of(context_, d.order.job);
  auto loops
    = std::make_shared<const std::vector<std::uint32_t>>(runtime::loops_of_edges(*d.graph));
  task_numbering tasks(*d.graph);
  deployed_msg reply{d.order.attempt, d.order.host, {}};
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    if (d.order.placement.at(i) != d.order.host) continue;
    auto id = tasks.at(i);
    auto probe = make_probe(d.graph->vertices[id.vertex], id.subtask, d.order.attempt);
    d.probes.push_back(probe);
    task_spec spec;
    spec.graph = d.graph;
    spec.id = id;
    spec.attempt = d.order.attempt;
    spec.job = d.job;
    spec.io = context_.io;
    spec.probe = std::move(probe);
    spec.from = p.from;
    spec.loops = loops;
    spec.checkpoint_paths = d.paths;
    spec.local = d.local;
    auto task = self_->spawn<caf::monitored>(task_behavior, std::move(spec));
    d.alive.insert(task.address());
    d.numbers.push_back(i);
    d.tasks.emplace(i, task);
    reply.tasks.push_back(std::move(task));
  }
  log().info("job \"{}\": {} tasks here, attempt {}", d.graph->config.name, d.tasks.size(),
             d.order.attempt);
  self_->send<high>(d.job, std::move(reply));
}

void worker::decline(const deployment& d, std::string why, bool fatal) {
  self_->send<high>(d.job, deploy_failed_msg{d.order.attempt, d.order.host, std::move(why), fatal});
}

void worker::on_connect(connect_tasks_msg m) {
  auto at = deployments_.find({m.job, m.attempt});
  if (at == deployments_.end() || at->second.released) return;
  auto& d = at->second;
  task_numbering tasks(*d.graph);
  auto wiring = wire_tasks(*d.graph, tasks);
  for (auto i : d.numbers) self_->send<high>(d.tasks.at(i), peers_of(d, i, tasks, wiring[i]));
}

/// Opens the channels of task `number` that lead to other processes.
connect_msg worker::peers_of(const deployment& d, std::size_t number, const task_numbering& tasks,
                             const task_wiring& wiring) {
  auto me = tasks.at(number);
  auto handle = d.tasks.at(number);
  auto& vertex = d.graph->vertices[me.vertex];
  auto lost = [job = d.job, attempt = d.order.attempt, me,
               task_name = vertex.name](std::string why) {
    caf::anon_send<high>(
      job,
      task_failed_msg{attempt, me, {task_name, me.subtask, std::nullopt, std::move(why), false}});
  };
  connect_msg peers;
  std::uint32_t channel = 0;
  for (auto& edge : wiring.outputs) {
    auto& outputs = peers.outputs.emplace_back();
    for (auto& o : edge) {
      auto mine = channel++;
      if (auto local = d.tasks.find(o.to); local != d.tasks.end()) {
        outputs.push_back({local->second, o.channel, nullptr});
        continue;
      }
      auto& to = d.order.hosts.at(d.order.placement.at(o.to));
      net::channel_key k{d.order.job, d.order.attempt, me, mine, tasks.at(o.to), o.channel};
      auto open = context_.data->open_output(
        {to.host, to.port}, k,
        [handle](credit_msg credit) { caf::anon_send<high>(handle, std::move(credit)); }, lost);
      outputs.push_back({{}, o.channel, std::make_shared<sender>(std::move(open))});
    }
  }
  for (std::uint32_t i = 0; i < wiring.inputs.size(); ++i) {
    auto& in = wiring.inputs[i];
    if (auto local = d.tasks.find(in.from); local != d.tasks.end()) {
      peers.inputs.push_back({local->second, in.channel, in.edge, nullptr});
      continue;
    }
    net::channel_key k{d.order.job, d.order.attempt, tasks.at(in.from), in.channel, me, i};
    auto open = context_.data->open_input(
      k, *d.graph->edges[in.edge].type,
      [handle, attempt = d.order.attempt, i](channel_element element) {
        caf::anon_send(handle, element_msg{attempt, i, std::move(element)});
      },
      lost);
    peers.inputs.push_back({{}, in.channel, in.edge, std::make_shared<receiver>(std::move(open))});
  }
  return peers;
}

void worker::on_note_checkpoint(const note_checkpoint_msg& m) {
  auto at = deployments_.find({m.job, m.attempt});
  if (at == deployments_.end() || !at->second.paths) return;
  at->second.paths->set(m.id, m.path);
  self_->send<high>(at->second.job, checkpoint_noted_msg{m.attempt, at->second.order.host, m.id});
}

void worker::on_release(release_msg m) {
  key k{m.job, m.attempt};
  auto at = deployments_.find(k);
  if (at == deployments_.end()) return;
  auto& d = at->second;
  d.released = true;
  for (auto& [number, task] : d.tasks) self_->send<high>(task, cancel_msg{});
  context_.data->close(m.job, m.attempt);
  if (m.job_ended && d.local)
    context_.io->make_strand()->post([local = d.local] { local->remove(); });
  forget_if_over(k);
}

void worker::forget_if_over(key k) {
  auto at = deployments_.find(k);
  // One whose tasks are still to be made goes when they would be.
  if (at == deployments_.end() || !at->second.released || !at->second.graph
      || !at->second.alive.empty())
    return;
  deployments_.erase(at);
  end_if_stopped();
}

void worker::on_down(const caf::down_msg& m) {
  if (m.source == context_.coordinator.address()) {
    stop(worker_end::lost, "the connection to the coordinator broke");
    return;
  }
  for (auto& [k, d] : deployments_) {
    if (d.alive.erase(m.source) == 0) continue;
    forget_if_over(k);
    return;
  }
}

// -- the coordinator
// --------------------------------------------------------------------------------

void worker::on_tick() {
  if (stopping_ || number_ == 0) return;
  auto now = std::chrono::steady_clock::now();
  if (now - last_ack_ > heartbeat_timeout_) {
    stop(worker_end::lost, fmt::format("the coordinator has not answered for {}",
                                       duration_cast<std::chrono::milliseconds>(now - last_ack_)));
    return;
  }
  heartbeat_msg beat;
  beat.worker = number_;
  auto time = context_.io->processing_clock().now();
  for (auto& [k, d] : deployments_) {
    task_report report{k.first, k.second, {}};
    for (auto& p : d.probes) report.tasks.push_back(p->read(time));
    beat.reports.push_back(std::move(report));
  }
  beat.programs = context_.programs();
  self_->send<high>(context_.coordinator, std::move(beat));
  self_->delayed_send(caf::actor_cast<worker_actor>(self_), heartbeat_interval_, worker_step_msg{});
}

void worker::on_heartbeat_ack(const heartbeat_ack_msg& m) {
  last_ack_ = std::chrono::steady_clock::now();
  if (!m.ended.empty()) context_.on_ended(m.ended);
  if (!m.refused.empty())
    stop(worker_end::refused, m.refused);
  else if (m.unknown)
    stop(worker_end::lost, "the coordinator had given this worker up");
}

/// The coordinator goes, or this process does.
void worker::on_bye(const bye_msg& m) {
  if (number_ != 0) self_->send<high>(context_.coordinator, leave_msg{number_});
  stop(worker_end::orderly, m.why);
}

/// Stops all tasks: nobody supervises them any more, and others may be started in their place.
void worker::stop(worker_end how, std::string why) {
  if (stopping_) return;
  stopping_ = true;
  why_ = std::move(why);
  how_ = how;
  for (auto& [k, d] : deployments_) {
    d.released = true;
    for (auto& [number, task] : d.tasks) self_->send<high>(task, cancel_msg{});
    context_.data->close(k.first, k.second);
  }
  end_if_stopped();
}

void worker::end_if_stopped() {
  if (!stopping_) return;
  std::erase_if(deployments_,
                [](auto& entry) { return entry.second.graph && entry.second.alive.empty(); });
  if (!deployments_.empty()) return;
  context_.on_over(how_, why_);
  self_->quit();
}

worker_actor::behavior_type worker_behavior(worker_actor::stateful_pointer<worker> self,
                                            worker_context context) {
  self->state.init(self, std::move(context));
  return {
    [=](deploy_msg& m) { self->state.on_deploy(m); },
    [=](connect_tasks_msg m) { self->state.on_connect(m); },
    [=](const note_checkpoint_msg& m) { self->state.on_note_checkpoint(m); },
    [=](release_msg m) { self->state.on_release(m); },
    [=](const heartbeat_ack_msg& m) { self->state.on_heartbeat_ack(m); },
    [=](const bye_msg& m) { self->state.on_bye(m); },
    [=](worker_step_msg& m) {
      if (m.apply)
        (*m.apply)();
      else
        self->state.on_tick();
    },
  };
}

} // namespace sluice::cluster
