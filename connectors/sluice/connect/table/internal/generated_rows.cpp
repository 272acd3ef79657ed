#include "sluice/connect/table/internal/generated_rows.hpp"

#include "sluice/connect/table/internal/column_set.hpp"
#include "sluice/io/generator_source.hpp"

#include <algorithm>

namespace sluice::table::internal {

namespace {

using ::sluice::detail::number_range;

class enumerator final : public split_enumerator {
public:
  enumerator(std::optional<std::uint64_t> count, std::uint32_t parallelism)
    : count_(count), parallelism_(parallelism) {}

  std::vector<source_split> discover() override {
    if (known_) return {};
    known_ = true;
    // Every reader takes every n-th number, so that all are at about the same time.
    std::vector<source_split> splits;
    for (std::uint64_t i = 0; i < parallelism_; ++i) {
      number_range range{i, count_.value_or(~std::uint64_t{0}), parallelism_};
      splits.push_back({"numbers-" + std::to_string(i), ::sluice::detail::encode_range(range)});
    }
    return splits;
  }

  /// The numbers stay cut as they were, whatever the parallelism is now.
  void restore(const std::vector<std::string>& known) override { known_ = !known.empty(); }

  std::optional<std::uint32_t> owner(const source_split& s, std::uint32_t readers) const override {
    return ::sluice::detail::split_index(s.id) % readers;
  }

private:
  std::optional<std::uint64_t> count_;
  std::uint32_t parallelism_;
  bool known_ = false;
};

class reader final : public source_reader {
public:
  explicit reader(std::shared_ptr<const generated_rows> settings)
    : settings_(std::move(settings)), generator_(settings_->make()) {}

  void open(io_context& context) override {
    clock_ = &context.processing_clock();
    auto rate = settings_->rows_per_second;
    if (rate) *rate /= settings_->one_reader ? 1 : context.parallelism();
    limiter_.start(rate, clock_->now());
  }

  void add_splits(std::vector<source_split> splits) override {
    for (auto& s : splits)
      splits_.push_back({s.id, ::sluice::detail::decode_range(s.data), next_number_++});
  }

  poll_result poll(batch& out, std::size_t max_records) override {
    poll_result result;
    drop_ended(result);
    if (splits_.empty()) {
      result.status
        = result.ended_splits.empty() ? poll_result::state::finished : poll_result::state::more;
      return result;
    }
    turn_ = (turn_ + 1) % splits_.size();
    auto& range = splits_[turn_].range;
    if (range.next >= range.last) { // all is out, and the source stays
      result.status = poll_result::state::waiting;
      return result;
    }
    auto left = (range.last - range.next - 1) / range.step + 1;
    auto count = static_cast<std::size_t>(std::min<std::uint64_t>(left, max_records));
    auto now = clock_->now();
    if (limiter_.limited()) {
      count = static_cast<std::size_t>(std::min<std::uint64_t>(count, limiter_.allowance(now)));
      if (count == 0) {
        result.status = poll_result::state::waiting;
        result.retry_at = limiter_.next_time();
        return result;
      }
      limiter_.emitted(count);
    }
    auto& rows = as_columnar(out);
    prepare_columns(rows, settings_->types);
    generator_->generate(rows, range.next, range.step, count, now);
    rows.set_rows(count);
    range.next += count * range.step;
    result.split = splits_[turn_].number;
    return result;
  }

  std::vector<source_split> snapshot() override {
    std::vector<source_split> result;
    for (auto& s : splits_) result.push_back({s.id, ::sluice::detail::encode_range(s.range)});
    return result;
  }

private:
  struct split {
    std::string id;
    number_range range;
    std::uint32_t number;
  };

  void drop_ended(poll_result& result) {
    if (settings_->stays) return;
    std::erase_if(splits_, [&](const split& s) {
      if (s.range.next < s.range.last) return false;
      result.ended_splits.push_back(s.number);
      return true;
    });
  }

  std::shared_ptr<const generated_rows> settings_;
  std::unique_ptr<row_generator> generator_;
  const clock* clock_ = nullptr;
  ::sluice::detail::rate_limiter limiter_;
  std::vector<split> splits_; // read in turn
  std::size_t turn_ = 0;
  std::uint32_t next_number_ = 0;
};

class generated_source final : public source_base {
public:
  explicit generated_source(generated_rows settings)
    : settings_(std::make_shared<const generated_rows>(std::move(settings))) {}

  const element_type& type() const noexcept override { return columnar_rows(); }
  boundedness bounded() const noexcept override {
    return settings_->count && !settings_->stays ? boundedness::bounded : boundedness::unbounded;
  }
  std::string name() const override { return settings_->name; }
  std::unique_ptr<split_enumerator> make_enumerator(std::uint32_t parallelism) const override {
    return std::make_unique<enumerator>(settings_->count, settings_->one_reader ? 1 : parallelism);
  }
  std::unique_ptr<source_reader> make_reader() const override {
    return std::make_unique<reader>(settings_);
  }
  std::optional<std::uint32_t> fixed_parallelism() const override {
    return settings_->one_reader ? std::optional<std::uint32_t>(1) : std::nullopt;
  }

private:
  std::shared_ptr<const generated_rows> settings_;
};

} // namespace

std::shared_ptr<const source_base> make_generated_rows(generated_rows settings) {
  return std::make_shared<generated_source>(std::move(settings));
}

} // namespace sluice::table::internal
