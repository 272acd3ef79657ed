/// Rolling aggregation on a keyed stream: reduce, sum, min, max and their kin.
#pragma once

#include "sluice/ops/keyed_operator.hpp"

namespace sluice::ops {

/// Folds the records of each key into one of their type. `Fold` turns the first record of a key
/// into its accumulator (`first`, the record itself), adds a further one (`add`), or adds it and
/// turns it into the accumulator, which is what a rolling aggregation emits (`add_to`).
///
/// Streaming: one record out per record in. Batch: one per key, at the end of input.
template <class T, class KeyF, class Fold>
class rolling_operator final : public stream_operator {
public:
  using key = typename key_access<T, KeyF>::key;

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
    auto key_of = [&](std::size_t i) -> decltype(auto) { return key_of_(in[i]); };
    auto make = [&](std::size_t i) { return fold_.first(in[i]); };
    if (!emit_each_) {
      for_each_value(table, cache_, b, n, hashes, key_of, make,
                     [&](std::size_t i, T& acc, bool fresh) {
                       if (!fresh) fold_.add(acc, in[i]);
                     });
      return;
    }
    // In place: what a record becomes goes on in its batch, and with its timestamp.
    for_each_value(table, cache_, b, n, hashes, key_of, make,
                   [&](std::size_t i, T& acc, bool fresh) {
                     if (!fresh) fold_.add_to(acc, in[i]);
                   });
    in.recount_bytes();
    in.drop_hashes();
    ports_[0].push(in);
  }

  void finish() override {
    if (emit_each_) return;
    out_.clear();
    entry_->table().for_each([&](const key&, const T& acc) {
      out_.push_back(acc);
      if (out_.size() >= default_batch_records<T>()) ports_[0].push(out_);
    });
    ports_[0].push(out_);
    entry_->table().clear();
  }

private:
  key_access<T, KeyF> key_of_;
  Fold fold_;
  std::optional<keyed_table_entry<key, T>> entry_;
  value_cache<key, T> cache_;
  typed_batch<T> out_;
  bool emit_each_ = true;
};

/// `reduce(f)`: the accumulator is the record itself.
template <class T, class F>
struct reduce_fold {
  F f;

  T first(const T& record) const { return record; }
  void add(T& acc, const T& record) { acc = std::invoke(f, std::as_const(acc), record); }
  void add_to(T& acc, T& record) {
    add(acc, record);
    record = acc;
  }
};

/// `sum(field)`: the first record of a key with the field summed up.
template <class T, class Field>
struct sum_fold {
  Field field;

  T first(const T& record) const { return record; }
  void add(T& acc, const T& record) {
    auto& total = std::invoke(field, acc);
    total = static_cast<std::remove_cvref_t<decltype(total)>>(total + std::invoke(field, record));
  }
  // The record is written before the accumulator: read right after its sum was written, it would be
  // read in one piece that is still partly in the store buffer, which costs more than all the rest.
  void add_to(T& acc, T& record) {
    auto amount = std::invoke(field, record);
    record = acc;
    auto& total = std::invoke(field, record);
    total = static_cast<decltype(amount)>(total + amount);
    std::invoke(field, acc) = total;
  }
};

/// `min(field)` and `max(field)`: the first record of a key with the field's extreme. With `Whole`
/// (`min_by`, `max_by`): the whole record that has the extreme, the first of equals.
template <class T, class Field, bool Max, bool Whole>
struct extreme_fold {
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
  void add_to(T& acc, T& record) {
    add(acc, record);
    record = acc;
  }
};

} // namespace sluice::ops
