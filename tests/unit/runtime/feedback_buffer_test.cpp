/// The queue at the head of a feedback loop, with the disk's answers given when the test likes.
#include "sluice/runtime/feedback_buffer.hpp"
#include "support/temporary_directory.hpp"

#include <boost/test/unit_test.hpp>

#include <deque>
#include <filesystem>
#include <random>
#include <utility>

namespace sluice::testing {

namespace {

class queue_strand final : public runtime::blocking_strand {
public:
  void post(std::function<void()> work) override { work_.push_back(std::move(work)); }
  bool step() {
    if (work_.empty()) return false;
    auto work = std::move(work_.front());
    work_.pop_front();
    work();
    return true;
  }

  /// Drops what waits, which holds the strand itself.
  void clear() { auto dropped = std::exchange(work_, {}); }

private:
  std::deque<std::function<void()>> work_;
};

class uncounted final : public counter {
public:
  void add(std::uint64_t n) noexcept override { total += n; }
  std::uint64_t total = 0;
};

/// A buffer whose disk work and answers wait for the test.
struct fixture {
  explicit fixture(std::size_t limit, std::string where = {})
    : buffer(services(where.empty() ? directory.path() : where), element_type_of<std::int64_t>(),
             limit) {}
  fixture(const fixture&) = delete;
  ~fixture() { strand->clear(); }

  runtime::spill_services services(const std::string& where) {
    runtime::spill_services s;
    s.directory = where;
    s.strand = strand;
    s.on_task = [this](std::function<void()> f) { answers.push_back(std::move(f)); };
    s.fail = [this](std::exception_ptr e) { error = std::move(e); };
    s.spilled_bytes = spilled;
    return s;
  }

  void push(std::int64_t value) {
    auto b = std::make_unique<typed_batch<std::int64_t>>();
    b->push_back(value);
    ++under_way;
    buffer.push(std::move(b), nullptr, [this] { --under_way; });
  }

  bool step() {
    if (strand->step()) return true;
    if (answers.empty()) return false;
    auto f = std::move(answers.front());
    answers.pop_front();
    f();
    return true;
  }

  std::int64_t take() {
    auto b = buffer.take();
    return batch_as<std::int64_t>(*b)[0];
  }

  std::vector<std::int64_t> listed() const {
    std::vector<runtime::stored_batch> list;
    buffer.list(list);
    std::vector<std::int64_t> result;
    for (auto& entry : list) {
      typed_batch<std::int64_t> b;
      auto bytes = entry.fetch();
      byte_reader in(bytes);
      b.decode(in);
      result.push_back(b[0]);
    }
    return result;
  }

  temporary_directory directory;
  std::shared_ptr<queue_strand> strand = std::make_shared<queue_strand>();
  std::shared_ptr<uncounted> spilled = std::make_shared<uncounted>();
  std::deque<std::function<void()>> answers;
  std::exception_ptr error;
  int under_way = 0;
  runtime::feedback_buffer buffer;
};

} // namespace

BOOST_AUTO_TEST_SUITE(feedback_buffer)

BOOST_AUTO_TEST_CASE(what_fits_stays_in_memory) {
  fixture f(800);
  for (int i = 0; i < 100; ++i) f.push(i);
  BOOST_TEST(f.under_way == 0);
  BOOST_TEST(f.spilled->total == 0u);
  for (int i = 0; i < 100; ++i) BOOST_TEST(f.take() == i);
  BOOST_TEST(f.buffer.empty());
}

BOOST_AUTO_TEST_CASE(what_does_not_fit_is_stored_when_it_is_on_disk) {
  fixture f(80);
  for (int i = 0; i < 15; ++i) f.push(i);
  BOOST_TEST(f.under_way == 5); // their senders get no credit yet
  while (f.step()) {}
  BOOST_TEST(f.under_way == 0);
  BOOST_TEST(f.spilled->total > 0u);
  BOOST_TEST(std::filesystem::is_empty(f.directory.path())); // nothing to clean up
}

BOOST_AUTO_TEST_CASE(order_is_kept_whenever_the_disk_answers) {
  for (std::uint32_t seed = 0; seed < 200; ++seed) {
    std::mt19937 random(seed);
    fixture f(1 + random() % 400);
    std::int64_t pushed = 0;
    std::int64_t taken = 0;
    while (taken < 1000) {
      auto dice = random() % 3;
      if (dice == 0 && pushed < 1000) f.push(pushed++);
      if (dice == 1) f.step();
      if (dice == 2 && f.buffer.has_next()) BOOST_REQUIRE_EQUAL(f.take(), taken++);
      if (pushed == 1000 && !f.buffer.has_next()) BOOST_REQUIRE(f.step() || f.buffer.empty());
      BOOST_REQUIRE_EQUAL(f.buffer.empty(), pushed == taken);
    }
    BOOST_TEST(!f.error);
  }
}

BOOST_AUTO_TEST_CASE(a_checkpoint_sees_all_in_order_wherever_it_is) {
  for (std::uint32_t seed = 0; seed < 50; ++seed) {
    std::mt19937 random(seed);
    fixture f(64);
    std::int64_t pushed = 0;
    std::int64_t taken = 0;
    for (int i = 0; i < 300; ++i) {
      f.push(pushed++);
      if (random() % 3 == 0) f.step();
      if (random() % 4 == 0 && f.buffer.has_next()) BOOST_REQUIRE_EQUAL(f.take(), taken++);
    }
    auto listed = f.listed();
    BOOST_REQUIRE_EQUAL(listed.size(), static_cast<std::size_t>(pushed - taken));
    for (auto value : listed) BOOST_REQUIRE_EQUAL(value, taken++);
  }
}

BOOST_AUTO_TEST_CASE(a_disk_that_refuses_fails_with_the_path) {
  fixture f(8, "/nowhere/at-all");
  f.push(1);
  f.push(2);
  while (f.step()) {}
  BOOST_REQUIRE(f.error);
  try {
    std::rethrow_exception(f.error);
  } catch (const io_error& e) {
    BOOST_TEST(std::string(e.what()).find("/nowhere/at-all/sluice-feedback-") != std::string::npos);
    BOOST_TEST(std::string(e.what()).find("No such file") != std::string::npos);
  }
  BOOST_TEST(f.under_way == 1);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace sluice::testing
