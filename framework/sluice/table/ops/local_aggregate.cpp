#include "sluice/ops/finish_in_parts.hpp"
#include "sluice/table/ops/change_list.hpp"
#include "sluice/table/ops/dense_groups.hpp"
#include "sluice/table/ops/operators.hpp"
#include "sluice/table/ops/partial_groups.hpp"

#include <algorithm>
#include <optional>
#include <utility>

namespace sluice::table {

namespace {

using detail::group_calls;

/// How many rows a group has, before its states: in streaming mode.
constexpr std::size_t header_bytes = 16;

std::int64_t& rows_of(std::byte* value) { return *reinterpret_cast<std::int64_t*>(value); }

/// The value of a group that is found by hash: as `dense_groups` has it.
class counted_value final : public row_value {
public:
  explicit counted_value(const group_calls& calls) : calls_(&calls) {}
  std::size_t size() const noexcept override { return calls_->size(); }
  bool trivial() const noexcept override { return calls_->trivial(); }
  void create(std::byte* value) const override {
    if (calls_->header() > 0) rows_of(value) = 0;
    calls_->create(value);
  }
  void destroy(std::byte* value) const noexcept override { calls_->destroy(value); }
  // It is no state that is ever written: nothing is held at a barrier.
  void encode(const std::byte* value, byte_writer& out) const override {
    calls_->encode(value, out);
  }
  void decode(byte_reader& in, std::byte* value) const override {
    if (calls_->header() > 0) rows_of(value) = 0;
    calls_->decode(in, value);
  }
  std::string schema() const override { return calls_->schema(); }
  std::size_t owned_bytes(const std::byte*) const noexcept override { return 0; }

private:
  const group_calls* calls_;
};

/// Aggregates before rows are sent to their subtask.
///
/// Streaming: what a batch has left is sent on at once, so a barrier or a watermark never finds
/// anything here. Batch: when there are too many groups, and at the end.
///
/// While groups are more than half as many as rows, aggregating twice costs more than sending: rows
/// then go through as they are, until it is worth another try. (Of integers that are spread over a
/// range that there is room for, as many rows are taken as that range has keys before that is
/// decided.) So do rows that may be taken back: there are two ways to the second phase, on which a
/// row could be overtaken by what takes it back.
class local_aggregate final : public stream_operator, public finishes_in_parts {
public:
  local_aggregate(group_aggregate_spec spec, std::size_t memory_limit)
    : spec_(std::move(spec)), memory_limit_(memory_limit) {
    ports_.resize(2);
    for (auto k : spec_.keys) key_types_.push_back(spec_.input.at(k));
    dense_possible_ = detail::dense_groups::possible(key_types_);
  }

  void open(operator_context& context) override {
    stream_operator::open(context);
    batch_mode_ = context.mode() == execution_mode::batch;
    calls_.emplace(spec_.calls, batch_mode_ ? 0 : header_bytes);
    form_ = detail::form_of(*calls_, context.mode());
    types_ = partial_types(spec_, context.mode());
    // In streaming mode they are sent on after each batch: more would only make that slower.
    auto slots = detail::dense_groups::slots_in_cache;
    if (batch_mode_) slots = std::max(slots, memory_limit_ / 4 / (calls_->size() + 16));
    dense_.emplace(*calls_, slots);
    hashed_.emplace(key_types_, std::make_shared<counted_value>(*calls_), key_group_range{0, 1}, 1);
  }

  void process(batch& b, std::uint32_t) override {
    auto& in = as_columnar(b);
    if (in.empty()) return;
    if (spec_.input_retracts || passes_on(in.size())) return ports_[0].push(in);
    add(in);
    trial_rows_ += in.size();
    if (!batch_mode_ || hashed_->size() > most_groups) flush();
    if (trial_rows_ >= trial_end_) judge();
  }

  void on_watermark(timestamp w, bool exact) override {
    if (!batch_mode_) flush();
    forward_watermark(w, exact);
  }

  void finish() override { flush(); }
  bool finish_part() override { return flush_part(); }

private:
  static constexpr std::size_t most_groups = 64 * 1024;
  static constexpr std::size_t rows_of_trial = 128 * 1024;
  static constexpr std::size_t rows_between_trials = 4 * 1024 * 1024;

  bool passes_on(std::size_t rows) {
    if (pass_on_rows_ == 0) return false;
    pass_on_rows_ -= std::min(pass_on_rows_, rows);
    return true;
  }

  std::size_t num_groups() const { return dense_->size() + hashed_->size(); }

  void judge() {
    auto groups = trial_groups_ + num_groups() - groups_before_;
    if (groups * 2 > trial_rows_) {
      if (batch_mode_ && trial_end_ == rows_of_trial && dense_->size() > 0) {
        // Keys all over a range will come again, and so will those of which many did; those that
        // only fill it as they come will not.
        const auto span = dense_->span();
        if (span > 2 * groups || groups < trial_rows_ / 4 * 3) trial_end_ = 2 * span;
        if (trial_rows_ < trial_end_) return;
      }
      flush();
      pass_on_rows_ = rows_between_trials;
    }
    trial_rows_ = trial_groups_ = 0;
    trial_end_ = rows_of_trial;
    groups_before_ = num_groups();
  }

  void add(const columnar_batch& in) {
    auto n = in.size();
    values_.resize(std::max(values_.size(), n));
    calls_->begin(in);
    if (dense_possible_) {
      next_columns_.clear();
      for (const auto& call : spec_.calls)
        for (auto a : call.arguments) next_columns_.push_back(&in.at(a));
      dense_possible_
        = dense_->find_or_insert(in.at(spec_.keys[0]), n, values_.data(), next_columns_);
      if (!dense_possible_) flush();
    }
    if (!dense_possible_) {
      keys_.clear();
      for (auto k : spec_.keys) keys_.push_back(&in.at(k));
      hashed_->find_or_insert(keys_, hashed_->hashes(in, spec_.keys), selection(n), values_.data(),
                              nullptr);
    }
    if (!batch_mode_)
      for (std::size_t k = 0; k < n; ++k) ++rows_of(values_[k]);
    if (spec_.keys.empty())
      calls_->apply_to_one(values_[0], selection(n));
    else
      calls_->apply(values_.data(), selection(n));
  }

  void flush() {
    while (!flush_part()) {}
  }

  /// Sends some of the groups on. Returns whether those were the last. Those that are found by hash
  /// go together: they are never many.
  bool flush_part() {
    if (next_dense_ == 0) trial_groups_ += num_groups() - groups_before_;
    groups_before_ = 0;
    if (dense_->size() > 0) {
      begin_block(std::min(dense_->size(), default_batch_rows));
      bool last = dense_->for_some(next_dense_, default_batch_rows,
                                   [&](std::byte* value, std::optional<std::int64_t> key) {
                                     if (!batch_mode_ && rows_of(value) == 0)
                                       return; // of a batch that did not fit
                                     append_key(*columns_[0], key);
                                     add_to_block(value);
                                   });
      push_block(true);
      if (!last) return false;
      next_dense_ = 0;
      dense_->clear();
    }
    if (hashed_->size() > 0) {
      const auto rows = std::min(hashed_->size(), default_batch_rows);
      begin_block(rows);
      hashed_->for_each([&](std::byte* value) {
        add_to_block(value);
        if (block_.size() < default_batch_rows) return;
        push_block(false);
        begin_block(rows);
      });
      push_block(false);
      hashed_->clear();
    }
    return true;
  }

  static void append_key(column& to, std::optional<std::int64_t> key) {
    if (!key) return to.append_null();
    visit_physical(to.physical(), [&](auto* type) {
      using T = std::remove_pointer_t<decltype(type)>;
      if constexpr (std::is_integral_v<T>) to.append(static_cast<T>(*key));
    });
  }

  void add_to_block(std::byte* value) {
    block_.push_back(value);
    block_rows_.push_back(batch_mode_ ? 1 : rows_of(value)); // nobody asks in batch mode
  }

  /// The columns of the last block, if nobody else took them.
  void begin_block(std::size_t rows) {
    out_.assign({}, 0);
    columns_.resize(types_.size());
    for (std::size_t c = 0; c < types_.size(); ++c) {
      if (!columns_[c] || columns_[c].use_count() > 1)
        columns_[c] = std::make_shared<column>(types_[c]);
      else
        columns_[c]->clear();
      columns_[c]->reserve(rows);
    }
    block_.clear();
    block_rows_.clear();
  }

  /// `dense`: the keys are in their column.
  void push_block(bool dense) {
    auto n = block_.size();
    if (n == 0) return;
    std::span all(columns_);
    if (!dense) {
      auto keys = all.first(key_types_.size());
      hashed_->append_keys(block_.data(), n, detail::pointers_to({keys.begin(), keys.end()}));
    }
    detail::partial_groups::append(*calls_, form_, block_, block_rows_,
                                   all.subspan(key_types_.size()));
    out_.assign({columns_.begin(), columns_.end()}, n);
    ports_[1].push(out_);
    block_.clear();
  }

  group_aggregate_spec spec_;
  std::size_t memory_limit_;
  std::optional<group_calls> calls_;
  detail::partial_form form_ = detail::partial_form::encoded;
  std::vector<data_type> key_types_;
  std::optional<detail::dense_groups> dense_;
  bool dense_possible_ = false;
  std::size_t next_dense_ = 0; ///< where to go on when they are sent
  std::optional<keyed_rows> hashed_;
  bool batch_mode_ = false;

  std::size_t trial_rows_ = 0;
  std::size_t trial_end_ = rows_of_trial;
  std::size_t trial_groups_ = 0;  ///< that were sent on
  std::size_t groups_before_ = 0; ///< of those here, how many were there when the trial began
  std::size_t pass_on_rows_ = 0;  ///< still to go through as they are

  std::vector<const column*> keys_;
  std::vector<const column*> next_columns_; ///< that the calls read
  std::vector<std::byte*> values_;

  std::vector<data_type> types_;                 ///< of partial results
  std::vector<std::shared_ptr<column>> columns_; ///< of those that are next to be sent
  std::vector<const std::byte*> block_;          ///< their values
  std::vector<std::int64_t> block_rows_;         ///< how many rows those have
  columnar_batch out_;
};

} // namespace

operator_factory make_local_aggregate(group_aggregate_spec spec, operator_settings settings) {
  return [spec = std::move(spec), limit = settings.memory_limit] {
    return std::make_unique<local_aggregate>(spec, limit);
  };
}

} // namespace sluice::table
