/// A sink that asked to be flushed at a time is, though no records come.
#include "sluice/sluice.hpp"
#include "support/actor_fixture.hpp"

#include <boost/test/unit_test.hpp>

namespace sluice::testing {

BOOST_AUTO_TEST_SUITE(sink_flush)

namespace {

using namespace std::chrono_literals;

constexpr duration patience = 30min;

/// Notes when it was flushed; wants that `patience` after each record.
class noting_sink final : public sink<std::int64_t> {
public:
  explicit noting_sink(std::shared_ptr<std::vector<duration>> ages) : ages_(std::move(ages)) {}
  std::string name() const override { return "noting"; }

  std::unique_ptr<sink_writer> make_writer() const override {
    class writer final : public sink_writer {
    public:
      explicit writer(std::shared_ptr<std::vector<duration>> ages) : ages_(std::move(ages)) {}
      void open(io_context& context, const std::vector<std::string>&) override {
        clock_ = &context.processing_clock();
      }
      void write(batch&) override { since_ = clock_->now(); }
      void flush() override {
        if (!since_) return;
        auto age = duration(clock_->now() - *since_);
        if (age < patience) return;
        ages_->push_back(age);
        since_.reset();
      }
      std::optional<timestamp> flush_due() const override {
        if (!since_) return std::nullopt;
        return *since_ + patience.count();
      }

    private:
      std::shared_ptr<std::vector<duration>> ages_;
      const clock* clock_ = nullptr;
      std::optional<timestamp> since_;
    };
    return std::make_unique<writer>(ages_);
  }

private:
  std::shared_ptr<std::vector<duration>> ages_;
};

} // namespace

BOOST_AUTO_TEST_CASE(comes_at_its_time_without_records) {
  stream_environment env;
  auto ages = std::make_shared<std::vector<duration>>();
  // A record every ten hours.
  env
    .from_generator([](std::uint64_t n) { return static_cast<std::int64_t>(n); },
                    {.records_per_second = 1.0 / 36'000})
    .sink_to(std::make_shared<noting_sink>(ages));
  stepped_runtime runtime(1);
  auto job = runtime.submit(make_job_graph(env.program()->pending()));
  runtime.run();
  runtime.advance(patience - 1s);
  BOOST_TEST(ages->empty());
  runtime.advance(2s);
  BOOST_REQUIRE(ages->size() == 1u);
  BOOST_TEST((ages->front() >= patience));
  for (int i = 0; i < 22; ++i) runtime.advance(30min); // the next record comes, and its flush
  BOOST_TEST(ages->size() == 2u);
  job->cancel();
  runtime.run_to_end(*job);
  BOOST_TEST(runtime.num_actors() == 0u);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace sluice::testing
