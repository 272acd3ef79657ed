/// Rolling aggregation on a keyed stream: reduce, sum, min, max and their kin.
#pragma once

#include "sluice/ops/keyed_operator.hpp"

#include <boost/pfr/core.hpp>
#include <boost/pfr/tuple_size.hpp>

#include <string>

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
                     if (!fresh) fold_.add_to(acc, in[i], key_of_.address_in(in[i]));
                   });
    in.recount_bytes();
    in.drop_hashes();
    ports_[0].push(in);
  }

  void finish() override {
    if (!emit_each_) finish_keys();
  }

  void finish_keys() override {
    out_.clear();
    entry_->table().for_each([&](const key&, const T& acc) {
      out_.push_back(acc);
      if (out_.size() >= default_batch_records<T>()) ports_[0].push(out_);
    });
    ports_[0].push(out_);
    forget_keys();
  }

  void forget_keys() override {
    states_.clear();
    cache_.clear(); // it remembers where in the table keys were
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
  void add_to(T& acc, T& record, const void*) {
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
  void add_to(T& acc, T& record, const void* key) {
    auto amount = std::invoke(field, record);
    copy_other_fields(acc, record, key);
    auto& total = std::invoke(field, record);
    total = static_cast<decltype(amount)>(std::invoke(field, acc) + amount);
    std::invoke(field, acc) = total;
  }

private:
  /// A string that is the key is the same in both, so that there is no need to copy it.
  void copy_other_fields(const T& acc, T& record, const void* key) {
    if constexpr (std::is_trivially_copyable_v<T> || !detail::plain_struct<T>) {
      record = acc;
    } else {
      [&]<std::size_t... I>(std::index_sequence<I...>) {
        (copy_field(boost::pfr::get<I>(acc), boost::pfr::get<I>(record), key), ...);
      }(std::make_index_sequence<boost::pfr::tuple_size_v<T>>{});
    }
  }

  template <class F>
  static void copy_field(const F& from, F& to, const void* key) {
    if constexpr (std::is_same_v<F, std::string>)
      if (&to == key) return;
    to = from;
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
  void add_to(T& acc, T& record, const void*) {
    add(acc, record);
    record = acc;
  }
};

} // namespace sluice::ops
