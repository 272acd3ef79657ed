/// What the command line asks of a coordinator.
#include "sluice/cluster/coordinator.hpp"

#include "sluice/plan/fingerprint.hpp"
#include "sluice/runtime/log.hpp"

#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <caf/send.hpp>
#include <fmt/format.h>

#include <charconv>
#include <future>

namespace sluice::cluster {

using namespace runtime;
namespace json = boost::json;

namespace {

constexpr auto high = caf::message_priority::high;

/// How long an answer may take that needs all tasks of a job, besides the checkpoint itself.
constexpr auto longest_answer = std::chrono::minutes(15);

control_reply answer(const json::value& v) { return {true, json::serialize(v)}; }
control_reply refuse(std::string why) { return {false, std::move(why)}; }

json::object to_json(const task_metrics& m) {
  return {{"task", m.task},
          {"subtask", m.subtask},
          {"attempt", m.attempt},
          {"num_records_in", m.num_records_in},
          {"num_records_out", m.num_records_out},
          {"num_bytes_in", m.num_bytes_in},
          {"num_bytes_out", m.num_bytes_out},
          {"busy_ms", m.busy_time.count() / 1000},
          {"idle_ms", m.idle_time.count() / 1000},
          {"backpressured_ms", m.backpressured_time.count() / 1000},
          {"state_bytes", m.state_bytes}};
}

} // namespace

json::object coordinator::summary(const job_record& r) const {
  std::string status(to_string(r.status));
  auto restarts = r.num_restarts;
  std::string last_failure;
  if (auto at = jobs_.find(r.id); at != jobs_.end()) {
    status = to_string(at->second.board->status());
    restarts = at->second.board->metrics(0).num_restarts;
    last_failure = at->second.board->last_failure();
    if (auto slots = members_.waiting(r.id))
      status = fmt::format("waiting for {} slots ({} free)", *slots, members_.free_slots());
  }
  json::object o{{"job", r.id},
                 {"name", r.name},
                 {"created", r.created},
                 {"status", status},
                 {"restarts", restarts}};
  if (!r.error.empty()) o["error"] = r.error;
  if (!last_failure.empty()) o["last_failure"] = last_failure;
  if (!r.checkpoints.empty()) o["last_checkpoint"] = r.checkpoints.back();
  return o;
}

control_reply coordinator::list_jobs() const {
  json::array list;
  for (auto& r : context_.store->jobs()) list.push_back(summary(r));
  return answer(list);
}

control_reply coordinator::list_workers() const {
  json::array list;
  auto now = std::chrono::steady_clock::now();
  for (auto& [id, w] : members_.workers()) {
    auto silent = std::chrono::duration_cast<std::chrono::milliseconds>(now - w.last_seen);
    list.push_back(json::object{{"worker", id},
                                {"name", w.host.name},
                                {"data", fmt::format("{}:{}", w.host.data.host, w.host.data.port)},
                                {"slots", w.slots},
                                {"free_slots", w.free()},
                                {"last_heartbeat_ms", silent.count()}});
  }
  return answer(list);
}

control_reply coordinator::job_details(std::uint64_t id) const {
  auto r = context_.store->find(id);
  if (!r) return refuse(fmt::format("there is no job {}", id));
  auto o = summary(*r);
  if (auto at = jobs_.find(id); at != jobs_.end()) {
    auto metrics = at->second.board->metrics(context_.io->processing_clock().now());
    json::array tasks;
    for (auto& t : metrics.tasks) tasks.push_back(to_json(t));
    o["tasks"] = std::move(tasks);
    o["checkpoints"] = json::object{{"completed", metrics.checkpoints.num_completed},
                                    {"failed", metrics.checkpoints.num_failed},
                                    {"last_bytes", metrics.checkpoints.last_bytes},
                                    {"last_ms", metrics.checkpoints.last_duration.count() / 1000},
                                    {"last_path", metrics.checkpoints.last_path}};
  }
  return answer(o);
}

/// Finds the job that `execute()` number `text` of this process's program has started.
control_reply coordinator::find_program(const std::string& text) const {
  std::uint64_t ordinal = 0;
  std::from_chars(text.data(), text.data() + text.size(), ordinal);
  for (auto& r : context_.store->jobs())
    if (r.program.text.empty() && r.program.ordinal == ordinal) {
      auto o = summary(r);
      o["ended"] = r.ended();
      o["runtime_us"] = r.runtime_us;
      o["fingerprint"] = r.fingerprint;
      return answer(o);
    }
  return refuse("not yet");
}

/// Asks the job for a checkpoint and answers when it is there.
caf::result<control_reply> coordinator::checkpoint_of(std::uint64_t id, checkpoint_request_msg m) {
  if (!jobs_.contains(id)) return refuse(fmt::format("there is no running job {}", id));
  auto reply = self_->make_response_promise<control_reply>();
  m.reply = std::make_shared<std::promise<std::string>>();
  auto path = std::make_shared<std::future<std::string>>(m.reply->get_future());
  request_checkpoint(id, m);
  m.reply.reset(); // an actor that has ended drops the message, which breaks the promise
  auto handle = caf::actor_cast<coordinator_actor>(self_);
  context_.io->make_strand()->post([reply, path, handle, id]() mutable {
    control_reply result;
    try {
      if (path->wait_for(longest_answer) != std::future_status::ready)
        result = refuse("no checkpoint within 15 minutes");
      else
        result = answer(json::object{{"job", id}, {"path", path->get()}});
    } catch (const std::future_error&) {
      result = refuse("the job has ended");
    } catch (const std::exception& e) {
      result = refuse(e.what());
    }
    caf::anon_send<high>(handle,
                         coordinator_step_msg{std::make_shared<std::function<void()>>(
                           [reply, result]() mutable { reply.deliver(std::move(result)); })});
  });
  return reply;
}

caf::result<control_reply> coordinator::submit(const std::string& text) {
  if (!context_.load)
    return refuse("this coordinator runs a program of its own and takes no others");
  auto reply = self_->make_response_promise<control_reply>();
  load(text, 0,
       [this, text, reply](std::shared_ptr<const job_graph> graph,
                           const std::string& problem) mutable {
         if (!graph) {
           reply.deliver(refuse(problem));
           return;
         }
         try {
           auto r = add_job(*graph, {0, text});
           start(r, std::move(graph), std::make_shared<job_board>());
           reply.deliver(
             answer(json::object{{"job", r.id}, {"name", r.name}, {"created", r.created}}));
         } catch (const std::exception& e) {
           reply.deliver(refuse(e.what()));
         }
       });
  return reply;
}

caf::result<control_reply> coordinator::on_control(const control_request& m) {
  if (m.verb == "jobs.list") return list_jobs();
  if (m.verb == "workers.list") return list_workers();
  if (m.verb == "jobs.status") return job_details(m.job);
  if (m.verb == "programs.find") return find_program(m.text);
  if (m.verb == "jobs.submit") return submit(m.text);
  if (m.verb == "jobs.cancel") {
    if (!cancel(m.job)) return refuse(fmt::format("there is no running job {}", m.job));
    return answer(json::object{{"job", m.job}, {"status", "cancelling"}});
  }
  checkpoint_request_msg request;
  if (m.verb == "jobs.checkpoint") return checkpoint_of(m.job, request);
  if (m.verb == "jobs.savepoint" || m.verb == "jobs.stop") {
    if (m.text.empty()) return refuse("a savepoint needs a directory");
    request.savepoint_directory = m.text;
    request.then_stop = m.verb == "jobs.stop";
    return checkpoint_of(m.job, request);
  }
  if (m.verb == "jobs.rescale") {
    auto [end, ec]
      = std::from_chars(m.text.data(), m.text.data() + m.text.size(), request.then_rescale_to);
    if (ec != std::errc{} || request.then_rescale_to == 0)
      return refuse(fmt::format("\"{}\" is no parallelism", m.text));
    request.max_slots = members_.all_slots();
    return checkpoint_of(m.job, request);
  }
  return refuse(fmt::format("the coordinator does not know \"{}\"", m.verb));
}

} // namespace sluice::cluster
