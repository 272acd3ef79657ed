/// Hosts one operator without actors: feeds it, moves its clocks, collects what it puts out.
#pragma once

#include "sluice/core/text.hpp"
#include "sluice/ops/operator.hpp"
#include "support/memory_snapshot.hpp"

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace sluice::testing {

/// A clock that the test moves.
class manual_clock final : public clock {
public:
  timestamp now() const noexcept override { return now_; }
  void set(timestamp t) noexcept { now_ = t; }

private:
  timestamp now_ = 0;
};

struct harness_options {
  execution_mode mode = execution_mode::streaming;
  std::uint32_t subtask = 0;
  std::uint32_t parallelism = 1;
  std::uint32_t max_parallelism = default_max_parallelism;
};

/// An `operator_context` whose every call is visible to the test.
class harness_context final : public operator_context {
public:
  explicit harness_context(harness_options options) : options_(options) {}

  const std::string& job_name() const noexcept override { return job_name_; }
  const std::string& operator_name() const noexcept override { return operator_name_; }
  std::uint32_t subtask() const noexcept override { return options_.subtask; }
  std::uint32_t parallelism() const noexcept override { return options_.parallelism; }
  const clock& processing_clock() const noexcept override { return time; }
  void post_blocking(std::function<void()> work) override { work(); }
  boost::asio::any_io_executor io_executor() override { return {}; }
  std::function<void()> wakeup() override {
    return [] {};
  }
  std::function<void(std::exception_ptr)> fail() override {
    return [](std::exception_ptr e) { std::rethrow_exception(e); };
  }
  std::shared_ptr<counter> make_counter(const std::string&) override {
    return std::make_shared<uncounted>();
  }
  std::uint32_t max_parallelism() const noexcept override { return options_.max_parallelism; }
  key_group_range key_groups() const noexcept override {
    return groups_of(options_.subtask, options_.max_parallelism, options_.parallelism);
  }
  execution_mode mode() const noexcept override { return options_.mode; }
  void request_processing_time(timestamp at) override { requested.insert(at); }
  void count_late_records(std::uint64_t n) noexcept override { late += n; }

  manual_clock time;
  std::set<timestamp> requested;
  std::uint64_t late = 0;

private:
  struct uncounted final : counter {
    void add(std::uint64_t) noexcept override {}
  };

  harness_options options_;
  std::string job_name_ = "test job";
  std::string operator_name_ = "test operator";
};

/// A record of an output, with its timestamp if it has one.
template <class T>
struct timed {
  T value;
  std::optional<timestamp> time;

  friend std::ostream& operator<<(std::ostream& out, const timed& t) {
    out << to_text(t.value);
    if (t.time) out << '@' << (*t.time == max_timestamp ? "end" : std::to_string(*t.time));
    return out;
  }
};

/// Keeps what comes out of one port.
template <class T>
class collected final : public batch_receiver {
public:
  void receive(batch& b) override {
    auto& in = batch_as<T>(b);
    for (std::size_t i = 0; i < in.size(); ++i)
      records.push_back(
        {std::move(in[i]), in.has_timestamps() ? std::optional(in.time_of(i)) : std::nullopt});
    ++num_batches;
  }
  void receive_watermark(timestamp w, bool) override { watermarks.push_back(w); }
  void receive_status(bool idle) override { statuses.push_back(idle); }

  /// All records since the last call, as "value@time value@time".
  std::string take() {
    std::string text;
    for (auto& r : std::exchange(records, {})) text += (text.empty() ? "" : " ") + to_text(r);
    return text;
  }

  /// The same in order of the texts, for outputs whose order is not defined.
  std::string take_sorted() {
    std::vector<std::string> texts;
    for (auto& r : std::exchange(records, {})) texts.push_back(to_text(r));
    std::sort(texts.begin(), texts.end());
    std::string text;
    for (auto& t : texts) text += (text.empty() ? "" : " ") + t;
    return text;
  }

  std::vector<timed<T>> records;
  std::vector<timestamp> watermarks;
  std::vector<bool> statuses;
  std::size_t num_batches = 0;
};

/// One operator, opened, with `Out` on port 0.
template <class Out>
class operator_harness {
public:
  explicit operator_harness(const operator_factory& make, harness_options options = {})
    : context_(options), operator_(make()) {
    operator_->ports()[0].add(&out);
    operator_->open(context_);
  }

  /// The operator made by `make`, with what `written` holds for its subtask.
  operator_harness(const operator_factory& make, const memory_snapshot& written,
                   harness_options options = {})
    : operator_harness(make, options) {
    operator_->states().restore(
      "test operator", written.part_of(context_.key_groups(), options.subtask, options.parallelism),
      false);
    operator_->restored();
  }

  /// Collects port `index`, whose records are `Side`s.
  template <class Side>
  std::unique_ptr<collected<Side>> collect(std::uint32_t index) {
    auto receiver = std::make_unique<collected<Side>>();
    operator_->ports().at(index).add(receiver.get());
    return receiver;
  }

  /// One batch without timestamps.
  template <class In>
  void feed(std::vector<In> records, std::uint32_t input = 0) {
    typed_batch<In> b;
    for (auto& r : records) b.push_back(std::move(r));
    operator_->process(b, input);
  }

  /// One batch with timestamps.
  template <class In>
  void feed_timed(std::vector<std::pair<In, timestamp>> records, std::uint32_t input = 0) {
    typed_batch<In> b;
    for (auto& [r, t] : records) b.push_back(std::move(r), t);
    operator_->process(b, input);
  }

  void watermark(timestamp w) { operator_->on_watermark(w, true); }
  void idle(bool value) { operator_->on_status(value); }

  /// Moves the clock, stopping wherever the operator has asked to be called.
  void processing_time(timestamp t) {
    while (!context_.requested.empty() && *context_.requested.begin() <= t) {
      auto at = *context_.requested.begin();
      context_.requested.erase(context_.requested.begin());
      context_.time.set(std::max(at, context_.time.now()));
      operator_->on_processing_time(context_.time.now());
    }
    context_.time.set(t);
  }

  /// What a task does when all its inputs have ended.
  void end_of_input() {
    watermark(max_timestamp);
    operator_->finish();
  }

  /// The views of a barrier, to be written later.
  std::vector<std::unique_ptr<state_snapshot>> barrier() { return operator_->snapshot(); }

  /// A snapshot, written at once.
  memory_snapshot snapshot() {
    memory_snapshot result;
    result.write(barrier());
    return result;
  }

  std::uint64_t late_records() const noexcept { return context_.late; }
  harness_context& context() noexcept { return context_; }
  stream_operator& op() noexcept { return *operator_; }

  collected<Out> out;

private:
  harness_context context_;
  std::unique_ptr<stream_operator> operator_;
};

} // namespace sluice::testing
