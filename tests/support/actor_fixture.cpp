#include "support/actor_fixture.hpp"

#include "sluice/runtime/job.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/test/unit_test.hpp>
#include <caf/actor_registry.hpp>
#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/scheduler/test_coordinator.hpp>
#include <caf/send.hpp>
#include <fmt/format.h>

#include <deque>
#include <random>

namespace sluice::testing {

namespace {

class manual_clock final : public clock {
public:
  timestamp now() const noexcept override { return now_; }
  timestamp now_ = 1'700'000'000'000'000;
};

/// Work that a test runs when it likes. Never run from within `post`, as with real threads.
class stepped_strand final : public runtime::blocking_strand {
public:
  void post(std::function<void()> work) override { work_.push_back(std::move(work)); }
  std::deque<std::function<void()>> work_;
};

class stepped_services final : public runtime::io_services {
public:
  std::shared_ptr<runtime::blocking_strand> make_strand() override {
    strands_.push_back(std::make_shared<stepped_strand>());
    return strands_.back();
  }
  boost::asio::any_io_executor io_executor() override { return io_.get_executor(); }
  const clock& processing_clock() const noexcept override { return clock_; }
  std::chrono::steady_clock::time_point steady_now() const noexcept override {
    return std::chrono::steady_clock::time_point(std::chrono::microseconds(clock_.now_));
  }

  std::vector<std::shared_ptr<stepped_strand>> strands_;
  manual_clock clock_;
  boost::asio::io_context io_;
};

caf::actor_system_config make_config() {
  caf::actor_system_config config;
  config.set("scheduler.policy", caf::atom("testing"));
  return config;
}

class stepped_job final : public job_control {
public:
  stepped_job(runtime::job_actor actor, std::shared_ptr<runtime::job_board> board)
    : actor_(std::move(actor)), board_(std::move(board)) {}

  job_status status() const override { return board_->status(); }
  std::optional<job_result> wait_until(std::chrono::steady_clock::time_point) override {
    return board_->wait_until(std::chrono::steady_clock::now());
  }
  void cancel() override {
    caf::anon_send<caf::message_priority::high>(actor_, runtime::job_cancel_msg{});
  }
  job_metrics metrics() const override { return board_->metrics(0); }
  std::string savepoint(const std::string&, bool) override { return {}; }
  std::string checkpoint() override { return {}; }
  bool ended() const { return board_->ended(); }
  const runtime::job_actor& actor() const noexcept { return actor_; }

private:
  runtime::job_actor actor_;
  std::shared_ptr<runtime::job_board> board_;
};

} // namespace

struct stepped_runtime::impl {
  explicit impl(std::uint64_t seed)
    : random(seed), config(make_config()), system(config),
      scheduler(dynamic_cast<caf::scheduler::test_coordinator&>(system.scheduler())) {
    scheduler.advance_time(std::chrono::hours(1)); // off zero, where CAF's clock means "unset"
  }

  std::mt19937_64 random;
  stepped_services services;
  caf::actor_system_config config;
  caf::actor_system system;
  caf::scheduler::test_coordinator& scheduler;
  duration owed{0}; ///< time that the scheduler has not been told of
};

stepped_runtime::stepped_runtime(std::uint64_t seed) : impl_(std::make_unique<impl>(seed)) {}

stepped_runtime::~stepped_runtime() { run(); }

std::shared_ptr<job_control> stepped_runtime::submit(job_graph graph) {
  auto board = std::make_shared<runtime::job_board>();
  runtime::job_spec spec{std::make_shared<const job_graph>(std::move(graph)), &impl_->services,
                         board};
  auto actor = impl_->system.spawn(runtime::job_behavior, std::move(spec));
  caf::anon_send<caf::message_priority::high>(actor, runtime::job_start_msg{});
  return std::make_shared<stepped_job>(std::move(actor), std::move(board));
}

void stepped_runtime::take_time(duration d) {
  impl_->services.clock_.now_ += d.count();
  impl_->owed += d;
}

std::future<std::string> stepped_runtime::request_checkpoint(job_control& job,
                                                             std::string savepoint_directory,
                                                             bool then_stop) {
  runtime::checkpoint_request_msg m;
  m.reply = std::make_shared<std::promise<std::string>>();
  m.savepoint_directory = std::move(savepoint_directory);
  m.then_stop = then_stop;
  auto result = m.reply->get_future();
  caf::anon_send<caf::message_priority::high>(dynamic_cast<stepped_job&>(job).actor(), m);
  return result;
}

bool stepped_runtime::step() {
  if (impl_->owed.count() > 0)
    impl_->scheduler.advance_time(std::exchange(impl_->owed, duration(0)));
  auto& jobs = impl_->scheduler.jobs;
  auto& strands = impl_->services.strands_;
  std::erase_if(strands, [](auto& s) { return s.use_count() == 1 && s->work_.empty(); });
  std::vector<stepped_strand*> busy;
  for (auto& s : strands)
    if (!s->work_.empty()) busy.push_back(s.get());
  auto choices = jobs.size() + busy.size();
  if (choices == 0) return impl_->services.io_.poll_one() > 0;
  auto chosen = impl_->random() % choices;
  if (chosen < jobs.size()) {
    std::rotate(jobs.begin(), jobs.begin() + static_cast<std::ptrdiff_t>(chosen),
                jobs.begin() + static_cast<std::ptrdiff_t>(chosen) + 1);
    impl_->scheduler.run_once();
  } else {
    auto& queue = busy[chosen - jobs.size()]->work_;
    auto work = std::move(queue.front());
    queue.pop_front();
    work();
  }
  return true;
}

std::size_t stepped_runtime::run(std::size_t limit) {
  std::size_t steps = 0;
  while (steps < limit && step()) ++steps;
  return steps;
}

void stepped_runtime::advance(duration d) {
  impl_->services.clock_.now_ += d.count();
  impl_->scheduler.advance_time(d);
  run();
}

std::size_t stepped_runtime::run_to_end(job_control& job, int ticks_per_1000) {
  auto& stepped = dynamic_cast<stepped_job&>(job);
  std::size_t steps = 0;
  auto tick = [&](std::int64_t milliseconds) {
    impl_->services.clock_.now_ += milliseconds * 1000;
    impl_->scheduler.advance_time(std::chrono::milliseconds(milliseconds));
  };
  for (int idle = 0; !stepped.ended();) {
    if (step()) {
      if (++steps > 50'000'000) BOOST_FAIL("the job runs for ever");
      if (impl_->random() % 1000 < static_cast<std::uint64_t>(ticks_per_1000)) tick(1);
      continue;
    }
    if (++idle > 20000) {
      std::string tasks;
      for (auto& t : job.metrics().tasks)
        tasks += fmt::format("\n{} {}: in {} out {} watermark {}", t.task, t.subtask,
                             t.num_records_in, t.num_records_out, t.current_input_watermark);
      auto status = to_string(job.status());
      job.cancel(); // or the actors would outlive the test
      run();
      BOOST_FAIL("the job hangs, " << status << ": nothing is left to do but it has not ended"
                                   << tasks);
    }
    tick(10);
  }
  run();
  return steps;
}

const clock& stepped_runtime::processing_clock() const noexcept { return impl_->services.clock_; }

std::size_t stepped_runtime::num_actors() const { return impl_->system.registry().running(); }

} // namespace sluice::testing
