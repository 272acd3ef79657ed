#include "sluice/cluster/program_executors.hpp"

#include "sluice/cluster/control_client.hpp"
#include "sluice/cluster/coordinator_process.hpp"
#include "sluice/cluster/worker_process.hpp"
#include "sluice/plan/fingerprint.hpp"

#include <boost/json/parse.hpp>
#include <fmt/chrono.h>
#include <fmt/format.h>

#include <atomic>
#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>

namespace sluice::cluster {

namespace {

namespace json = boost::json;
using runtime::program_end;

/// Results that are handed over in memory never leave the process that makes them.
void refuse_local_sinks(const job_graph& graph) {
  for (auto& n : graph.nodes)
    if (n.sink && n.sink->process_local())
      throw plan_error(fmt::format("not supported: sink \"{}\" hands its records to this process, "
                                   "and in a cluster they are elsewhere; write to files or Kafka",
                                   n.name));
}

/// What a program that waits for a job gets.
job_result result_of(const std::string& job, const program_end& end) {
  auto status = static_cast<job_status>(end.status);
  if (status == job_status::cancelled) throw job_cancelled(end.error);
  if (status == job_status::failed) throw job_error(end.error, {job, "", 0, std::nullopt});
  return {status, duration(static_cast<std::int64_t>(end.runtime_us)), end.num_restarts};
}

// -- coordinator
// ----------------------------------------------------------------------------------

class coordinator_executor final : public executor {
public:
  explicit coordinator_executor(const options& o) : process_(o) {}

  std::shared_ptr<job_control> submit(job_graph graph) override {
    refuse_local_sinks(graph);
    return process_.run(next_++, std::move(graph));
  }

private:
  coordinator_process process_;
  std::atomic<std::uint64_t> next_ = 0;
};

// -- worker
// ---------------------------------------------------------------------------------------

/// The programs of a worker, shared by the program's thread and the worker's.
class program_table {
public:
  struct program {
    std::shared_ptr<const job_graph> graph;
    std::string fingerprint;
    std::optional<program_end> end;
  };

  std::uint64_t add(job_graph graph) {
    auto shared = std::make_shared<const job_graph>(std::move(graph));
    auto looks = fingerprint(*shared);
    std::lock_guard lock(mutex_);
    auto ordinal = programs_.size();
    programs_.push_back({std::move(shared), std::move(looks), std::nullopt});
    changed_.notify_all();
    return ordinal;
  }

  /// Waits until the program has got there.
  std::shared_ptr<const job_graph> graph(std::uint64_t ordinal) {
    constexpr auto patience = std::chrono::seconds(60);
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, patience, [&] { return programs_.size() > ordinal; }))
      throw io_error(
        fmt::format("the program has not come to its job {} within {}", ordinal + 1, patience));
    return programs_[ordinal].graph;
  }

  std::map<std::uint64_t, std::string> waiting() {
    std::lock_guard lock(mutex_);
    std::map<std::uint64_t, std::string> result;
    for (std::size_t i = 0; i < programs_.size(); ++i)
      if (!programs_[i].end) result[i] = programs_[i].fingerprint;
    return result;
  }

  void ended(const std::map<std::uint64_t, program_end>& ends) {
    std::lock_guard lock(mutex_);
    for (auto& [ordinal, end] : ends)
      if (ordinal < programs_.size()) programs_[ordinal].end = end;
    changed_.notify_all();
  }

  /// The worker has ended: nobody will hear of anything any more.
  void over(std::exception_ptr why) {
    std::lock_guard lock(mutex_);
    over_ = std::move(why);
    changed_.notify_all();
  }

  std::optional<program_end> wait(std::uint64_t ordinal,
                                  std::chrono::steady_clock::time_point deadline) {
    std::unique_lock lock(mutex_);
    changed_.wait_until(lock, deadline, [&] { return programs_[ordinal].end || over_; });
    if (!programs_[ordinal].end && over_) std::rethrow_exception(over_);
    return programs_[ordinal].end;
  }

private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<program> programs_; // GUARDED_BY(mutex_)
  std::exception_ptr over_;       // GUARDED_BY(mutex_)
};

class worker_job final : public job_control {
public:
  worker_job(std::shared_ptr<program_table> table, std::uint64_t ordinal, std::string job)
    : table_(std::move(table)), ordinal_(ordinal), job_(std::move(job)) {}

  job_status status() const override {
    auto end = table_->wait(ordinal_, std::chrono::steady_clock::now());
    return end ? static_cast<job_status>(end->status) : job_status::running;
  }

  std::optional<job_result> wait_until(std::chrono::steady_clock::time_point deadline) override {
    auto end = table_->wait(ordinal_, deadline);
    if (!end) return std::nullopt;
    return result_of(job_, *end);
  }

  void cancel() override { refuse("cancel"); }
  job_metrics metrics() const override { return {}; }
  std::string savepoint(const std::string&, bool) override { refuse("take a savepoint of"); }
  std::string checkpoint() override { refuse("take a checkpoint of"); }

private:
  [[noreturn]] static void refuse(const char* what) {
    throw plan_error(
      fmt::format("not supported: a worker cannot {} its job; ask the coordinator", what));
  }

  std::shared_ptr<program_table> table_;
  std::uint64_t ordinal_;
  std::string job_;
};

class worker_executor final : public executor {
public:
  explicit worker_executor(const options& o) : process_(o, programs_of(table_)) {}

  ~worker_executor() override {
    process_.stop();
    if (thread_.joinable()) thread_.join();
  }

  std::shared_ptr<job_control> submit(job_graph graph) override {
    refuse_local_sinks(graph);
    auto name = graph.config.name;
    auto ordinal = table_->add(std::move(graph));
    // Joins when it has a program to show.
    if (!thread_.joinable()) thread_ = std::thread([this] { serve(); });
    return std::make_shared<worker_job>(table_, ordinal, std::move(name));
  }

private:
  static worker_programs programs_of(const std::shared_ptr<program_table>& table) {
    worker_programs p;
    p.graph_of = [table](const runtime::program_ref& program, std::uint32_t rescaled_to) {
      if (!program.text.empty())
        throw plan_error("this process runs a program of its own, and no other");
      auto graph = table->graph(program.ordinal);
      if (rescaled_to == 0) return graph;
      return std::shared_ptr<const job_graph>(
        std::make_shared<job_graph>(rescaled(*graph, rescaled_to)));
    };
    p.waiting = [table] { return table->waiting(); };
    p.on_ended = [table](auto& ends) { table->ended(ends); };
    return p;
  }

  void serve() {
    try {
      process_.run();
      table_->over(std::make_exception_ptr(
        io_error("the coordinator has ended, and the job has not: start it again")));
    } catch (...) {
      table_->over(std::current_exception());
    }
  }

  std::shared_ptr<program_table> table_ = std::make_shared<program_table>();
  worker_process process_;
  std::thread thread_;
};

// -- client
// ---------------------------------------------------------------------------------------

/// A job of the coordinator's program, watched from outside.
class watched_job final : public job_control {
public:
  watched_job(std::shared_ptr<control_client> coordinator, std::uint64_t ordinal, std::string job)
    : coordinator_(std::move(coordinator)), ordinal_(ordinal), job_(std::move(job)) {}

  job_status status() const override {
    std::lock_guard lock(mutex_);
    auto end = ended(look());
    return end ? static_cast<job_status>(end->status) : job_status::running;
  }

  std::optional<job_result> wait_until(std::chrono::steady_clock::time_point deadline) override {
    constexpr auto interval = std::chrono::milliseconds(100);
    for (;;) {
      {
        std::lock_guard lock(mutex_);
        if (auto end = ended(look())) return result_of(job_, *end);
      }
      auto next = std::chrono::steady_clock::now() + interval;
      if (next > deadline) return std::nullopt;
      std::this_thread::sleep_until(next);
    }
  }

  void cancel() override { ask("jobs.cancel", {}); }
  job_metrics metrics() const override {
    throw plan_error("not supported: metrics of a job elsewhere; see `sluice jobs status`");
  }
  std::string savepoint(const std::string& directory, bool then_stop) override {
    return path_of(ask(then_stop ? "jobs.stop" : "jobs.savepoint", directory));
  }
  std::string checkpoint() override { return path_of(ask("jobs.checkpoint", {})); }

private:
  json::object look() const {
    return json::parse(coordinator_->ask("programs.find", 0, std::to_string(ordinal_))).as_object();
  }

  static std::optional<program_end> ended(const json::object& o) {
    if (!o.at("ended").as_bool()) return std::nullopt;
    program_end end;
    auto& status = o.at("status").as_string();
    end.status = static_cast<std::uint8_t>(status == "finished"    ? job_status::finished
                                           : status == "cancelled" ? job_status::cancelled
                                                                   : job_status::failed);
    if (auto* error = o.if_contains("error")) end.error = error->as_string();
    end.runtime_us = o.at("runtime_us").to_number<std::uint64_t>();
    end.num_restarts = o.at("restarts").to_number<std::uint32_t>();
    return end;
  }

  std::string ask(const std::string& verb, const std::string& text) {
    std::lock_guard lock(mutex_);
    return coordinator_->ask(verb, look().at("job").to_number<std::uint64_t>(), text);
  }

  static std::string path_of(const std::string& answer) {
    return std::string(json::parse(answer).at("path").as_string());
  }

  std::shared_ptr<control_client> coordinator_;
  std::uint64_t ordinal_;
  std::string job_;
  mutable std::mutex mutex_; ///< of the connection
};

class client_executor final : public executor {
public:
  explicit client_executor(const options& o)
    : patience_(o.join_timeout), coordinator_(std::make_shared<control_client>(o)) {}

  std::shared_ptr<job_control> submit(job_graph graph) override {
    auto ordinal = next_++;
    auto give_up = std::chrono::steady_clock::now() + patience_;
    for (;;) {
      try {
        auto found = json::parse(coordinator_->ask("programs.find", 0, std::to_string(ordinal)));
        if (auto difference = fingerprint_difference(
              std::string_view(found.at("fingerprint").as_string()), fingerprint(graph)))
          throw plan_error(
            fmt::format("this process runs another program than the coordinator: {}", *difference));
        break;
      } catch (const state_error&) { // not yet
        if (std::chrono::steady_clock::now() > give_up)
          throw io_error(
            fmt::format("the coordinator has not come to job {} of the program", ordinal + 1));
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
    return std::make_shared<watched_job>(coordinator_, ordinal, graph.config.name);
  }

private:
  duration patience_;
  std::shared_ptr<control_client> coordinator_;
  std::atomic<std::uint64_t> next_ = 0;
};

} // namespace

std::unique_ptr<executor> make_program_executor(const launch_options& o) {
  switch (o.role) {
  case role::coordinator:
    return std::make_unique<coordinator_executor>(o.cluster);
  case role::worker:
    return std::make_unique<worker_executor>(o.cluster);
  case role::client:
    return std::make_unique<client_executor>(o.cluster);
  case role::local:
    break;
  }
  SLUICE_CHECK(false, "a local process needs no executor of a cluster");
  return nullptr;
}

} // namespace sluice::cluster
