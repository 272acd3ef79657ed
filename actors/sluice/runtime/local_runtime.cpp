#include "sluice/runtime/local_runtime.hpp"

#include "sluice/runtime/job.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/send.hpp>

#include <mutex>
#include <optional>
#include <thread>

#include <sys/prctl.h>

namespace sluice::runtime {

namespace {

/// How many messages an actor handles before its worker looks at others.
constexpr std::size_t messages_per_turn = 10;

caf::actor_system_config make_config(const runtime_config& config) {
  caf::actor_system_config result;
  auto threads = config.worker_threads;
  if (threads == 0) threads = std::max(2u, std::thread::hardware_concurrency());
  // Work sharing: see docs/decisions/0003 for throughput and latency of both policies.
  result.set("scheduler.policy", caf::atom("sharing"));
  result.set("scheduler.max-threads", static_cast<std::size_t>(threads));
  result.set("scheduler.max-throughput", messages_per_turn);
  return result;
}

/// Threads that are started meanwhile wake at their time, and not up to 50 us later, which is the
/// leeway that Linux gives itself. One of them is CAF's clock, which all that waits for a time
/// waits for: the due records of a rate-limited source, buffer timeouts, timers.
class precise_timers {
public:
  precise_timers() noexcept : before_(::prctl(PR_GET_TIMERSLACK)) {
    ::prctl(PR_SET_TIMERSLACK, 1UL);
  }
  precise_timers(const precise_timers&) = delete;
  precise_timers& operator=(const precise_timers&) = delete;
  ~precise_timers() {
    if (before_ > 0) ::prctl(PR_SET_TIMERSLACK, static_cast<unsigned long>(before_));
  }

private:
  int before_;
};

class local_job final : public job_control {
public:
  local_job(job_actor actor, std::shared_ptr<job_board> board, io_services& io)
    : actor_(std::move(actor)), board_(std::move(board)), io_(io) {}

  job_status status() const override { return board_->status(); }

  std::optional<job_result> wait_until(std::chrono::steady_clock::time_point deadline) override {
    return board_->wait_until(deadline);
  }

  void cancel() override { caf::anon_send<caf::message_priority::high>(actor_, job_cancel_msg{}); }

  job_metrics metrics() const override { return board_->metrics(io_.processing_clock().now()); }

  std::string savepoint(const std::string& directory, bool then_stop) override {
    if (directory.empty()) throw state_error("a savepoint needs a directory");
    return request({nullptr, directory, then_stop});
  }

  std::string checkpoint() override { return request({}); }

private:
  std::string request(checkpoint_request_msg m) {
    m.reply = std::make_shared<std::promise<std::string>>();
    auto future = m.reply->get_future();
    caf::anon_send<caf::message_priority::high>(actor_, m);
    m.reply.reset(); // an actor that has ended drops the message, which breaks the promise
    while (future.wait_for(std::chrono::milliseconds(100)) != std::future_status::ready)
      if (board_->ended() && future.wait_for(std::chrono::seconds(1)) != std::future_status::ready)
        throw state_error("the job has ended");
    try {
      return future.get();
    } catch (const std::future_error&) {
      throw state_error("the job has ended");
    }
  }

  job_actor actor_;
  std::shared_ptr<job_board> board_;
  io_services& io_;
};

} // namespace

struct local_runtime::impl {
  explicit impl(runtime_config c)
    : config(make_config(c)), io(make_io_services()), precise(std::in_place), system(config) {
    precise.reset();
  }

  caf::actor_system_config config;
  std::unique_ptr<io_services> io;
  std::optional<precise_timers> precise; // while CAF starts its threads
  caf::actor_system system;
  std::mutex mutex;
  std::vector<std::pair<job_actor, std::shared_ptr<job_board>>> jobs; // GUARDED_BY(mutex)
};

local_runtime::local_runtime(runtime_config config) : impl_(std::make_unique<impl>(config)) {}

local_runtime::~local_runtime() {
  std::lock_guard lock(impl_->mutex);
  for (auto& [actor, board] : impl_->jobs)
    if (!board->ended()) caf::anon_send<caf::message_priority::high>(actor, job_cancel_msg{});
  for (auto& [actor, board] : impl_->jobs) {
    try {
      board->wait_until(std::chrono::steady_clock::now() + std::chrono::seconds(30));
    } catch (const std::exception&) {
      // The job's own waiters got its error.
    }
  }
  impl_->jobs.clear();
}

std::shared_ptr<job_control> local_runtime::submit(job_graph graph) {
  auto board = std::make_shared<job_board>();
  job_spec spec{std::make_shared<const job_graph>(std::move(graph)), impl_->io.get(), board};
  auto actor = impl_->system.spawn(job_behavior, std::move(spec));
  {
    std::lock_guard lock(impl_->mutex);
    std::erase_if(impl_->jobs, [](auto& j) { return j.second->ended(); });
    impl_->jobs.emplace_back(actor, board);
  }
  caf::anon_send<caf::message_priority::high>(actor, job_start_msg{});
  return std::make_shared<local_job>(std::move(actor), std::move(board), *impl_->io);
}

} // namespace sluice::runtime

namespace sluice {

namespace {

/// Ends the runtime on a thread of its own: at exit, the main thread's thread-local objects, of
/// which CAF's logger keeps one, are destroyed before its static ones.
struct process_runtime {
  std::unique_ptr<runtime::local_runtime> instance = std::make_unique<runtime::local_runtime>();

  ~process_runtime() {
    std::thread([this] { instance.reset(); }).join();
  }
};

} // namespace

executor& default_executor() {
  static process_runtime process;
  return *process.instance;
}

} // namespace sluice
