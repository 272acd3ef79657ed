/// A source that computes its records from their numbers.
#pragma once

#include "sluice/core/codec.hpp"
#include "sluice/io/source.hpp"

#include <algorithm>
#include <concepts>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace sluice {

/// How many records a generator makes, and how fast.
struct generator_options {
  /// Records in all; nothing: without end.
  std::optional<std::uint64_t> count = std::nullopt;
  /// Records per second, of all subtasks together; nothing: as fast as they are taken.
  std::optional<double> records_per_second = std::nullopt;
};

namespace detail {

/// A range of record numbers: first, first + step, ... below last.
struct number_range {
  std::uint64_t next = 0;
  std::uint64_t last = 0;
  std::uint64_t step = 1;
};

/// Cuts the numbers of a generator into one split per reader.
std::vector<source_split> split_numbers(std::optional<std::uint64_t> count,
                                        std::uint32_t parallelism);
std::uint32_t split_index(const std::string& id);
std::string encode_range(const number_range& range);
number_range decode_range(std::string_view data);

/// Tells how many records may be emitted by now at a given rate.
class rate_limiter {
public:
  void start(std::optional<double> records_per_second, timestamp now) {
    rate_ = records_per_second;
    start_ = now;
    emitted_ = 0;
  }

  bool limited() const noexcept { return rate_.has_value(); }

  /// Records that may be emitted at `now`.
  std::uint64_t allowance(timestamp now) const {
    auto due = static_cast<double>(now - start_) * *rate_ / 1e6 + 1;
    auto total = static_cast<std::uint64_t>(std::max(0.0, due));
    return total > emitted_ ? total - emitted_ : 0;
  }

  void emitted(std::uint64_t n) noexcept { emitted_ += n; }

  /// When the next record may be emitted.
  timestamp next_time() const {
    return start_ + static_cast<timestamp>(static_cast<double>(emitted_) * 1e6 / *rate_) + 1;
  }

private:
  std::optional<double> rate_;
  timestamp start_ = 0;
  std::uint64_t emitted_ = 0;
};

} // namespace detail

/// Emits `f(0), f(1), ...`. `f(n)` gives the record; `f(n, record)` fills one in whose memory is
/// reused. Replayable. Order holds per reader; several readers share the numbers: ranges of them
/// when bounded, every parallelism-th otherwise.
template <class T, class F>
class generator_source final : public source<T> {
public:
  generator_source(F f, generator_options options, std::string name)
    : f_(std::move(f)), options_(options), name_(std::move(name)) {}

  boundedness bounded() const noexcept override {
    return options_.count ? boundedness::bounded : boundedness::unbounded;
  }
  std::string name() const override { return name_; }

  void validate() const override {
    if (options_.records_per_second && *options_.records_per_second <= 0)
      throw plan_error("source \"" + name_ + "\": records_per_second must be positive");
  }

  std::unique_ptr<split_enumerator> make_enumerator(std::uint32_t parallelism) const override {
    class enumerator final : public split_enumerator {
    public:
      enumerator(std::optional<std::uint64_t> count, std::uint32_t p)
        : count_(count), parallelism_(p) {}
      std::vector<source_split> discover() override {
        return known_ ? std::vector<source_split>{}
                      : (known_ = true, detail::split_numbers(count_, parallelism_));
      }

      /// The numbers stay cut as they were, whatever the parallelism is now.
      void restore(const std::vector<std::string>& known) override { known_ = !known.empty(); }

      std::optional<std::uint32_t> owner(const source_split& s,
                                         std::uint32_t readers) const override {
        return detail::split_index(s.id) % readers;
      }

    private:
      std::optional<std::uint64_t> count_;
      std::uint32_t parallelism_;
      bool known_ = false;
    };
    return std::make_unique<enumerator>(options_.count, parallelism);
  }

  std::unique_ptr<source_reader> make_reader() const override {
    return std::make_unique<reader>(f_, options_.records_per_second);
  }

private:
  class reader final : public source_reader {
  public:
    reader(F f, std::optional<double> rate) : f_(std::move(f)), rate_(rate) {}

    void open(io_context& context) override {
      clock_ = &context.processing_clock();
      auto rate = rate_;
      if (rate) *rate /= context.parallelism();
      limiter_.start(rate, clock_->now());
    }

    void add_splits(std::vector<source_split> splits) override {
      for (auto& s : splits)
        splits_.push_back({std::move(s.id), detail::decode_range(s.data), next_number_++});
    }

    poll_result poll(batch& out, std::size_t max_records) override {
      poll_result result;
      if (splits_.empty()) {
        result.status = poll_result::state::finished;
        return result;
      }
      if (limiter_.limited()) {
        auto allowed = limiter_.allowance(clock_->now());
        if (allowed == 0) {
          result.status = poll_result::state::waiting;
          result.retry_at = limiter_.next_time();
          return result;
        }
        max_records = std::min<std::uint64_t>(max_records, allowed);
      }
      turn_ = (turn_ + 1) % splits_.size();
      auto& s = splits_[turn_];
      generate(batch_as<T>(out), s.range, max_records);
      limiter_.emitted(out.size());
      result.split = s.number;
      if (s.range.next >= s.range.last) {
        result.ended_splits.push_back(s.number);
        splits_.erase(splits_.begin() + static_cast<std::ptrdiff_t>(turn_));
        if (splits_.empty()) result.status = poll_result::state::finished;
      }
      return result;
    }

    std::vector<source_split> snapshot() override {
      std::vector<source_split> result;
      for (auto& s : splits_) result.push_back({s.id, detail::encode_range(s.range)});
      return result;
    }

  private:
    struct split {
      std::string id;
      detail::number_range range;
      std::uint32_t number;
    };

    void generate(typed_batch<T>& to, detail::number_range& range, std::size_t max_records) {
      auto left = range.next >= range.last ? 0 : (range.last - range.next - 1) / range.step + 1;
      auto n = static_cast<std::size_t>(std::min<std::uint64_t>(left, max_records));
      auto number = range.next;
      auto step = range.step;
      if constexpr (requires(T& slot) { f_(number, slot); }) {
        to.resize(n);
        auto* rows = to.data();
        for (std::size_t i = 0; i < n; ++i) f_(number + i * step, rows[i]);
        to.recount_bytes();
      } else if constexpr (std::is_trivially_copyable_v<T>) {
        to.resize(n);
        auto* rows = to.data();
        if (step == 1)
          for (std::size_t i = 0; i < n; ++i) rows[i] = f_(number + i);
        else
          for (std::size_t i = 0; i < n; ++i) rows[i] = f_(number + i * step);
      } else {
        for (std::size_t i = 0; i < n; ++i) to.push_back(f_(number + i * step));
      }
      range.next = number + n * step;
    }

    F f_;
    std::optional<double> rate_;
    const clock* clock_ = nullptr;
    detail::rate_limiter limiter_;
    std::vector<split> splits_;
    std::size_t turn_ = 0;
    std::uint32_t next_number_ = 0;
  };

  F f_;
  generator_options options_;
  std::string name_;
};

} // namespace sluice
