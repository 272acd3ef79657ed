#include "sluice/cluster/coordinator.hpp"

#include "sluice/plan/fingerprint.hpp"
#include "sluice/runtime/log.hpp"

#include <caf/send.hpp>
#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace sluice::cluster {

using namespace runtime;
using std::chrono::duration_cast;

namespace {

constexpr auto high = caf::message_priority::high;

/// Heartbeats that may be lost before a worker is.
constexpr int heartbeats_per_timeout = 5;

/// Keeps what happens to a job in the store.
class store_journal final : public job_journal {
public:
  store_journal(std::shared_ptr<job_store> store, std::uint64_t job, coordinator_actor coordinator,
                std::function<void()> after_end)
    : store_(std::move(store)), job_(job), coordinator_(std::move(coordinator)),
      after_end_(std::make_shared<std::function<void()>>(std::move(after_end))) {}

  void checkpoints(const std::vector<std::string>& paths) override {
    store_->update(job_, [&](job_record& r) { r.checkpoints = paths; });
  }

  void rescaled(std::uint32_t parallelism, const std::string& fingerprint) override {
    store_->update(job_, [&](job_record& r) {
      r.rescaled_to = parallelism;
      r.fingerprint = fingerprint;
    });
  }

  void ended(job_status status, const std::string& error, const job_result& result) override {
    store_->update(job_, [&](job_record& r) {
      r.status = status;
      r.error = error;
      r.runtime_us = static_cast<std::uint64_t>(result.runtime.count());
      r.num_restarts = result.num_restarts;
    });
    caf::anon_send<high>(coordinator_, coordinator_step_msg{after_end_});
  }

private:
  std::shared_ptr<job_store> store_;
  std::uint64_t job_;
  coordinator_actor coordinator_;
  std::shared_ptr<std::function<void()>> after_end_;
};

const char* kind_of(bool takes_statements) {
  return takes_statements ? "the statements of `sluice sql`" : "a program of its own";
}

duration heartbeat_interval(const options& o) {
  return o.heartbeat_timeout / heartbeats_per_timeout;
}

} // namespace

void coordinator::init(coordinator_actor::pointer self, coordinator_context context) {
  self_ = self;
  context_ = std::move(context);
  last_tick_ = std::chrono::steady_clock::now();
  self_->set_down_handler([this](caf::down_msg& m) { on_down(m); });
  self_->delayed_send(caf::actor_cast<coordinator_actor>(self_),
                      heartbeat_interval(context_.settings), coordinator_step_msg{});
  if (context_.load)
    for (auto& r : context_.store->jobs())
      if (!r.ended() && !r.program.text.empty()) resume(r);
}

// -- who is there
// ---------------------------------------------------------------------------------

caf::result<join_reply> coordinator::on_join(join_msg& m) {
  join_reply reply;
  // No refusal: the worker is to try again, and finds the next coordinator.
  if (closed_) return caf::make_error(caf::sec::runtime_error, "the coordinator ends");
  auto why = m.offer.takes_statements == static_cast<bool>(context_.load)
               ? mismatch(m.offer.programs)
               : fmt::format("the coordinator runs {}, the worker {}", kind_of(bool(context_.load)),
                             kind_of(m.offer.takes_statements));
  if (!why.empty()) {
    log().error("cluster: worker {} is refused: {}", m.offer.name, why);
    reply.refused = why;
    return reply;
  }
  self_->monitor(m.worker);
  job_host host{0, m.offer.name, m.worker, m.offer.data};
  reply.worker = members_.add(std::move(host), m.offer.slots, std::chrono::steady_clock::now());
  reply.heartbeat_interval_us
    = static_cast<std::uint64_t>(heartbeat_interval(context_.settings).count());
  reply.heartbeat_timeout_us
    = static_cast<std::uint64_t>(context_.settings.heartbeat_timeout.count());
  log().info("cluster: worker {} joined with {} slots, {} in all", m.offer.name, m.offer.slots,
             members_.all_slots());
  grant_slots();
  return reply;
}

/// Why a process with these programs cannot take part; empty if it can.
std::string coordinator::mismatch(const std::map<std::uint64_t, std::string>& programs) const {
  if (programs.empty()) return {};
  for (auto& r : context_.store->jobs()) {
    if (!r.program.text.empty()) continue;
    auto at = programs.find(r.program.ordinal);
    if (at == programs.end() || r.ended()) continue;
    if (auto difference = fingerprint_difference(r.fingerprint, at->second))
      return fmt::format("job \"{}\" is another program there than here: {}", r.name, *difference);
  }
  return {};
}

void coordinator::on_heartbeat(const heartbeat_msg& m) {
  heartbeat_ack_msg ack;
  ack.unknown = !members_.seen(m.worker, std::chrono::steady_clock::now());
  if (!ack.unknown) {
    for (auto& report : m.reports)
      if (auto at = jobs_.find(report.job); at != jobs_.end())
        self_->send<high>(at->second.actor, report);
    ack.refused = mismatch(m.programs);
    if (!m.programs.empty())
      for (auto& r : context_.store->jobs())
        if (r.program.text.empty() && r.ended() && m.programs.contains(r.program.ordinal))
          ack.ended[r.program.ordinal]
            = {static_cast<std::uint8_t>(r.status), r.error, r.runtime_us, r.num_restarts};
  }
  auto worker = caf::actor_cast<worker_actor>(self_->current_sender());
  self_->send<high>(worker, std::move(ack));
}

void coordinator::on_leave(const leave_msg& m) {
  remove(m.worker, "it has left", spdlog::level::info);
}

void coordinator::on_down(const caf::down_msg& m) {
  for (auto& [id, w] : members_.workers())
    if (w.host.handle.address() == m.source) {
      lose(id, "its process or the connection to it has ended");
      return;
    }
}

void coordinator::lose(std::uint64_t worker, const std::string& why) {
  remove(worker, why, spdlog::level::warn);
}

void coordinator::remove(std::uint64_t worker, const std::string& why,
                         spdlog::level::level_enum level) {
  auto at = members_.workers().find(worker);
  if (at == members_.workers().end()) return;
  auto orderly = level == spdlog::level::info;
  log().log(level, "cluster: worker {} {}: {}", at->second.host.name,
            orderly ? "is gone" : "is lost", why);
  self_->demonitor(at->second.host.handle.address());
  members_.remove(worker);
  for (auto& [id, job] : jobs_) self_->send<high>(job.actor, worker_lost_msg{worker, why});
  if (closed_ && members_.workers().empty()) std::exchange(closed_, [] {})();
}

void coordinator::on_tick() {
  auto now = std::chrono::steady_clock::now();
  auto interval = heartbeat_interval(context_.settings);
  // Had this process been stopped, heartbeats would wait in the mailbox: not the workers' fault.
  auto late = now - last_tick_ - interval;
  last_tick_ = now;
  if (late < interval)
    for (auto id : members_.silent_since(now - context_.settings.heartbeat_timeout))
      lose(id, fmt::format("no heartbeat for {}", duration_cast<std::chrono::milliseconds>(
                                                    context_.settings.heartbeat_timeout)));
  self_->delayed_send(caf::actor_cast<coordinator_actor>(self_), interval, coordinator_step_msg{});
}

// -- slots
// ----------------------------------------------------------------------------------------

void coordinator::on_slot_request(slot_request_msg& m) {
  auto job = m.job;
  auto slots = m.slots;
  members_.request(std::move(m));
  grant_slots();
  if (members_.waiting(job))
    log().warn("job {}: waits for {} slots: {} of {} are free; start more workers", job, slots,
               members_.free_slots(), members_.all_slots());
}

void coordinator::on_slot_release(const slot_release_msg& m) {
  members_.release(m.job);
  grant_slots();
}

void coordinator::grant_slots() {
  while (auto grant = members_.next_grant()) self_->send<high>(grant->to, std::move(grant->slots));
}

// -- jobs
// -----------------------------------------------------------------------------------------

job_record coordinator::add_job(const job_graph& graph, program_ref program) {
  job_record r;
  r.name = graph.config.name;
  r.program = std::move(program);
  r.fingerprint = fingerprint(graph);
  r.created = context_.io->processing_clock().now();
  return context_.store->add(std::move(r));
}

void coordinator::start(const job_record& r, std::shared_ptr<const job_graph> graph,
                        std::shared_ptr<job_board> board) {
  auto handle = caf::actor_cast<coordinator_actor>(self_);
  job_spec spec;
  spec.graph = std::move(graph);
  spec.io = context_.io;
  spec.board = board;
  spec.cluster = job_cluster{handle, r.id, r.program, r.fingerprint, r.rescaled_to};
  spec.journal = std::make_shared<store_journal>(context_.store, r.id, handle,
                                                 [this, id = r.id] { note_end(id); });
  spec.resume_from = r.checkpoints;
  auto actor = self_->spawn(job_behavior, std::move(spec));
  jobs_[r.id] = {actor, std::move(board)};
  self_->send<high>(actor, job_start_msg{});
}

void coordinator::note_end(std::uint64_t job) {
  jobs_.erase(job);
  members_.release(job);
  grant_slots();
  auto r = context_.store->find(job);
  if (!r || !r->program.text.empty()) return;
  heartbeat_ack_msg news;
  news.ended[r->program.ordinal]
    = {static_cast<std::uint8_t>(r->status), r->error, r->runtime_us, r->num_restarts};
  for (auto& [id, w] : members_.workers()) self_->send<high>(w.host.handle, news);
}

void coordinator::resume(const job_record& r) {
  log().info("job \"{}\": resuming job {}", r.name, r.id);
  load(r.program.text, r.rescaled_to,
       [this, r](std::shared_ptr<const job_graph> graph, const std::string& problem) {
         if (graph) {
           auto changed = r;
           changed.fingerprint = fingerprint(*graph);
           context_.store->update(
             r.id, [&](job_record& kept) { kept.fingerprint = changed.fingerprint; });
           start(changed, std::move(graph), std::make_shared<job_board>());
           return;
         }
         log().error("job \"{}\": cannot be resumed: {}", r.name, problem);
         context_.store->update(r.id, [&](job_record& kept) {
           kept.status = job_status::failed;
           kept.error = problem;
         });
       });
}

/// Makes the graph of a text where it may block, then goes on with it, or with why not.
void coordinator::load(
  const std::string& text, std::uint32_t rescaled_to,
  std::function<void(std::shared_ptr<const job_graph>, const std::string&)> then) {
  auto handle = caf::actor_cast<coordinator_actor>(self_);
  context_.io->make_strand()->post([=, make = context_.load] {
    std::shared_ptr<const job_graph> graph;
    std::string problem;
    try {
      auto made = make(text);
      if (rescaled_to > 0) made = sluice::rescaled(made, rescaled_to);
      graph = std::make_shared<const job_graph>(std::move(made));
    } catch (const std::exception& e) {
      problem = e.what();
    }
    caf::anon_send<high>(handle, coordinator_step_msg{std::make_shared<std::function<void()>>(
                                   [=] { then(graph, problem); })});
  });
}

bool coordinator::cancel(std::uint64_t job) {
  auto at = jobs_.find(job);
  if (at == jobs_.end()) return false;
  self_->send<high>(at->second.actor, job_cancel_msg{});
  return true;
}

bool coordinator::request_checkpoint(std::uint64_t job, const checkpoint_request_msg& m) {
  auto at = jobs_.find(job);
  if (at == jobs_.end()) return false;
  self_->send<high>(at->second.actor, m);
  return true;
}

void coordinator::close(const std::string& why, std::function<void()> then) {
  for (auto& [id, job] : std::exchange(jobs_, {}))
    caf::anon_send_exit(job.actor, caf::exit_reason::user_shutdown);
  if (members_.workers().empty()) {
    closed_ = [] {};
    then();
    return;
  }
  closed_ = std::move(then);
  for (auto& [id, w] : members_.workers()) self_->send<high>(w.host.handle, bye_msg{why});
}

coordinator_actor::behavior_type
coordinator_behavior(coordinator_actor::stateful_pointer<coordinator> self,
                     coordinator_context context, coordinator** state) {
  if (state) *state = &self->state;
  self->state.init(self, std::move(context));
  return {
    [=](join_msg& m) { return self->state.on_join(m); },
    [=](const heartbeat_msg& m) { self->state.on_heartbeat(m); },
    [=](const leave_msg& m) { self->state.on_leave(m); },
    [=](const control_request& m) { return self->state.on_control(m); },
    [=](slot_request_msg& m) { self->state.on_slot_request(m); },
    [=](const slot_release_msg& m) { self->state.on_slot_release(m); },
    [=](coordinator_step_msg& m) {
      if (m.apply)
        (*m.apply)();
      else
        self->state.on_tick();
    },
  };
}

} // namespace sluice::cluster
