/// Rolling aggregation on a keyed stream: reduce, sum, min, max and their kin.
#pragma once

#include "sluice/ops/keyed_operator.hpp"

namespace sluice::ops {

/// Folds the records of each key. `Fold` turns the first record of a key into its accumulator
/// (`first`), adds a further one (`add`), and makes the record to emit (`result`).
///
/// Streaming: one record out per record in. Batch: one per key, at the end of input.
template <class T, class KeyF, class Fold>
class rolling_operator final : public stream_operator {
public:
  using key = typename key_access<T, KeyF>::key;
  using accumulator = typename Fold::accumulator;
  using result = typename Fold::result;

  rolling_operator(KeyF key_of, Fold fold) : key_of_(std::move(key_of)), fold_(std::move(fold)) {}

  void open(operator_context& context) override {
    stream_operator::open(context);
    entry_.emplace(context.key_groups(), context.max_parallelism());
    states_.add("rolling", &*entry_);
    emit_each_ = context.mode() != execution_mode::batch;
  }

  void process(batch& b, std::uint32_t) override {
    auto& in = batch_as<T>(b);
    auto n = in.size();
    auto& table = entry_->table();
    const auto* hashes = key_of_.hashes(in);
    if constexpr (std::is_trivially_copyable_v<result>) {
      out_.clear();
      out_.resize(n);
      auto* to = out_.data();
      for_each_prefetched(table, b, n, hashes, [&](std::size_t i, std::uint64_t hash) {
        fold_.result_of(add(table, in[i], hash), in[i], to[i]);
      });
    } else {
      out_.clear();
      out_.reserve(n);
      for_each_prefetched(table, b, n, hashes, [&](std::size_t i, std::uint64_t hash) {
        auto& acc = add(table, in[i], hash);
        if (emit_each_) out_.push_back(fold_.make_result(acc, in[i]));
      });
    }
    if (!emit_each_) {
      out_.clear();
      return;
    }
    if (in.has_timestamps()) out_.take_timestamps(in);
    ports_[0].push(out_);
  }

  void finish() override {
    if (emit_each_) return;
    out_.clear();
    entry_->table().for_each([&](const key&, accumulator& acc) {
      if constexpr (std::is_same_v<accumulator, result>) {
        out_.push_back(acc);
        if (out_.size() >= default_batch_records<result>()) ports_[0].push(out_);
      }
    });
    ports_[0].push(out_);
    entry_->table().clear();
  }

private:
  accumulator& add(keyed_table<key, accumulator>& table, T& record, std::uint64_t hash) {
    auto [acc, fresh]
      = table.find_or_insert(hash, key_of_(record), [&] { return fold_.first(record); });
    if (!fresh) fold_.add(*acc, record);
    return *acc;
  }

  key_access<T, KeyF> key_of_;
  Fold fold_;
  std::optional<keyed_table_entry<key, accumulator>> entry_;
  typed_batch<result> out_;
  bool emit_each_ = true;
};

/// `reduce(f)`: the accumulator is the record itself.
template <class T, class F>
struct reduce_fold {
  using accumulator = T;
  using result = T;
  F f;

  T first(const T& record) const { return record; }
  void add(T& acc, const T& record) { acc = std::invoke(f, std::as_const(acc), record); }
  void result_of(const T& acc, const T&, T& to) const { to = acc; }
  const T& make_result(const T& acc, const T&) const { return acc; }
};

/// `sum(field)`: the first record of a key with the field summed up.
template <class T, class Field>
struct sum_fold {
  using accumulator = T;
  using result = T;
  Field field;

  T first(const T& record) const { return record; }
  void add(T& acc, const T& record) {
    auto& total = std::invoke(field, acc);
    total = static_cast<std::remove_cvref_t<decltype(total)>>(total + std::invoke(field, record));
  }
  void result_of(const T& acc, const T&, T& to) const { to = acc; }
  const T& make_result(const T& acc, const T&) const { return acc; }
};

/// `min(field)` and `max(field)`: the first record of a key with the field's extreme. With `Whole`
/// (`min_by`, `max_by`): the whole record that has the extreme, the first of equals.
template <class T, class Field, bool Max, bool Whole>
struct extreme_fold {
  using accumulator = T;
  using result = T;
  Field field;

  T first(const T& record) const { return record; }
  void add(T& acc, const T& record) {
    auto&& candidate = std::invoke(field, record);
    auto better = Max ? std::invoke(field, acc) < candidate : candidate < std::invoke(field, acc);
    if (!better) return;
    if constexpr (Whole)
      acc = record;
    else
      std::invoke(field, acc) = candidate;
  }
  void result_of(const T& acc, const T&, T& to) const { to = acc; }
  const T& make_result(const T& acc, const T&) const { return acc; }
};

} // namespace sluice::ops
