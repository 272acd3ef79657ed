/// Operators at the borders of tables and streams of records.
#pragma once

#include "sluice/ops/operator.hpp"
#include "sluice/table/column/columnar_batch.hpp"
#include "sluice/table/streams/record_mapping.hpp"

#include <optional>

namespace sluice::table {

namespace detail {

/// The record that an element of a stream is, without its kind of change.
template <class T>
struct row_of {
  using type = T;
};
template <class T>
struct row_of<change<T>> {
  using type = T;
};

} // namespace detail

/// Records become rows. Elements are `T`, or `change<T>` of a changelog.
template <class Element>
class records_to_rows final : public stream_operator {
public:
  using record = typename detail::row_of<Element>::type;

  /// `columns`: those of a record; then, if `time_precision`, one with its timestamp (NULL where it
  /// has none), with so many digits of seconds.
  records_to_rows(std::vector<data_type> columns, std::optional<int> time_precision)
    : types_(std::move(columns)), time_precision_(time_precision) {}

  void process(batch& b, std::uint32_t) override {
    auto& in = batch_as<Element>(b);
    const auto n = in.size();
    std::vector<column_ptr> results;
    std::vector<column*> columns;
    for (const auto& t : types_) {
      auto c = std::make_shared<column>(t);
      c->reserve(n);
      columns.push_back(c.get());
      results.push_back(std::move(c));
    }
    if constexpr (is_change<Element>)
      record_mapping<record>::append(columns, n,
                                     [&](std::size_t i) -> const record& { return in[i].row; });
    else
      record_mapping<record>::append(columns, n,
                                     [&](std::size_t i) -> const record& { return in[i]; });
    if (time_precision_) append_times(in, *columns.back());
    out_.assign(std::move(results), n);
    if constexpr (is_change<Element>) put_kinds(in);
    if (in.has_timestamps()) out_.take_timestamps(in);
    ports_[0].push(out_);
  }

private:
  void append_times(const batch& in, column& to) const {
    const std::int64_t unit = *time_precision_ == 0 ? 1'000'000 : *time_precision_ == 3 ? 1000 : 1;
    for (std::size_t i = 0; i < in.size(); ++i) {
      const auto t = in.time_of(i);
      if (t == min_timestamp) {
        to.append_null();
        continue;
      }
      to.append<std::int64_t>(t - ((t % unit) + unit) % unit);
    }
  }

  void put_kinds(const typed_batch<Element>& in) {
    bool inserts = true;
    for (std::size_t i = 0; i < in.size(); ++i) inserts &= in[i].kind == row_kind::insert;
    if (inserts) return;
    auto* kinds = out_.make_kinds();
    for (std::size_t i = 0; i < in.size(); ++i) kinds[i] = in[i].kind;
  }

  std::vector<data_type> types_;
  std::optional<int> time_precision_;
  columnar_batch out_;
};

/// Rows become records.
template <class Element>
class rows_to_records final : public stream_operator {
public:
  using record = typename detail::row_of<Element>::type;

  /// `time_column`: the one that is the event time of the rows.
  explicit rows_to_records(std::optional<std::size_t> time_column) : time_column_(time_column) {}

  void process(batch& b, std::uint32_t) override {
    auto& in = as_columnar(b);
    const auto n = in.size();
    std::vector<column_ptr> columns;
    for (std::size_t i = 0; i < in.num_columns(); ++i) columns.push_back(flattened(in.share(i)));
    out_.clear();
    out_.resize(n);
    auto* to = out_.data();
    if constexpr (is_change<Element>) {
      record_mapping<record>::read(columns, n, [&](std::size_t i) -> record& { return to[i].row; });
      for (std::size_t i = 0; i < n; ++i) to[i].kind = in.kind(i);
    } else {
      record_mapping<record>::read(columns, n, [&](std::size_t i) -> record& { return to[i]; });
    }
    out_.recount_bytes();
    put_times(in, columns);
    ports_[0].push(out_);
  }

private:
  void put_times(columnar_batch& in, columns_view columns) {
    if (!time_column_) {
      if (in.has_timestamps()) out_.take_timestamps(in);
      return;
    }
    const auto& c = *columns[*time_column_];
    auto* times = out_.make_timestamps();
    for (std::size_t i = 0; i < out_.size(); ++i)
      times[i] = c.is_null(i) ? min_timestamp : c.value<std::int64_t>(i);
  }

  std::optional<std::size_t> time_column_;
  typed_batch<Element> out_;
};

} // namespace sluice::table
