/// Hosts one operator of tables: feeds it rows that are written as text, and prints what comes out.
#pragma once

#include "sluice/table/column/columnar_batch.hpp"
#include "sluice/table/column/key.hpp"
#include "sluice/table/expr/cast.hpp"
#include "sluice/table/expr/evaluator.hpp"
#include "sluice/table/function/registry.hpp"
#include "sluice/table/ops/operators.hpp"
#include "support/operator_harness.hpp"

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::testing {

using table::data_type;

inline std::vector<data_type> types_of(const std::vector<const char*>& texts) {
  std::vector<data_type> types;
  for (const auto* t : texts) types.push_back(data_type::parse(t));
  return types;
}

/// Rows such as "+I a|1|2020-01-01 00:00:00"; without a kind they are inserts, `null` is NULL.
inline std::unique_ptr<table::columnar_batch> batch_of(const std::vector<data_type>& types,
                                                       const std::vector<std::string>& rows) {
  using table::row_kind;
  static const table::expression_context context;
  auto result = std::make_unique<table::columnar_batch>(types);
  std::vector<row_kind> kinds;
  for (std::string_view row : rows) {
    auto kind = row_kind::insert;
    for (auto k :
         {row_kind::insert, row_kind::update_before, row_kind::update_after, row_kind::delete_})
      if (row.starts_with(std::string(to_string(k)) + ' ')) {
        kind = k;
        row.remove_prefix(3);
        break;
      }
    kinds.push_back(kind);
    for (std::size_t c = 0; c < types.size(); ++c) {
      auto end = std::min(row.find('|'), row.size());
      auto text = row.substr(0, end);
      row.remove_prefix(std::min(end + 1, row.size()));
      auto value
        = text == "null"
            ? table::scalar(types[c])
            : cast_scalar(table::scalar::of(data_type::string().not_null(), std::string(text)),
                          types[c], context);
      value.append_to(result->writable(c));
    }
  }
  result->set_rows(rows.size());
  if (std::any_of(kinds.begin(), kinds.end(), [](row_kind k) { return k != row_kind::insert; }))
    std::copy(kinds.begin(), kinds.end(), result->make_kinds());
  return result;
}

/// Keeps the rows that come out of one port as text.
class collected_rows final : public batch_receiver {
public:
  void receive(batch& b) override {
    auto& in = table::as_columnar(b);
    for (std::size_t i = 0; i < in.size(); ++i) rows.push_back(in.row_text(i));
    if (forward) forward->process(in, forward_input);
  }
  void receive_watermark(timestamp w, bool) override { watermarks.push_back(w); }
  void receive_status(bool) override {}

  /// All rows since the last call.
  std::vector<std::string> take_rows() { return std::exchange(rows, {}); }
  /// The same, one after the other.
  std::string take() {
    std::string text;
    for (auto& r : take_rows()) text += (text.empty() ? "" : " ") + r;
    return text;
  }
  /// The same in order of the texts.
  std::string take_sorted() {
    std::sort(rows.begin(), rows.end());
    return take();
  }

  std::vector<std::string> rows;
  std::vector<timestamp> watermarks;
  stream_operator* forward = nullptr; ///< gets all rows as well
  std::uint32_t forward_input = 0;
};

/// One operator, opened.
class table_harness {
public:
  table_harness(const operator_factory& make, std::vector<data_type> types,
                harness_options options = {})
    : context_(options), types_(std::move(types)), operator_(make()) {
    operator_->ports()[0].add(&out);
    if (operator_->ports().size() > 1) operator_->ports()[1].add(&side);
    operator_->open(context_);
  }

  /// With what `written` holds for the subtask.
  table_harness(const operator_factory& make, std::vector<data_type> types,
                const memory_snapshot& written, harness_options options = {})
    : table_harness(make, std::move(types), options) {
    restore(written, options);
  }

  /// Fills the states with what `written` holds for the subtask, or of some key groups.
  void restore(const memory_snapshot& written, harness_options options = {}) {
    restore(written, context_.key_groups(), options);
  }
  void restore(const memory_snapshot& written, key_group_range groups,
               harness_options options = {}) {
    operator_->states().restore(
      "test operator", written.part_of(groups, options.subtask, options.parallelism), false);
    operator_->restored();
  }

  /// One batch.
  void feed(const std::vector<std::string>& rows, std::uint32_t input = 0) {
    operator_->process(*batch_of(types_, rows), input);
  }
  /// One batch, of which only the rows come that are of the subtask's key groups.
  void feed_own(const std::vector<std::string>& rows, const std::vector<std::size_t>& keys) {
    auto b = batch_of(types_, rows);
    std::vector<const table::column*> columns;
    for (auto k : keys) columns.push_back(&b->at(k));
    std::vector<std::uint64_t> hashes(b->size());
    table::hash_rows(columns, b->size(), hashes.data());
    std::vector<std::uint32_t> own;
    for (std::uint32_t i = 0; i < b->size(); ++i)
      if (context_.key_groups().contains(key_group_of(hashes[i], context_.max_parallelism())))
        own.push_back(i);
    b->keep_rows(table::selection(own));
    operator_->process(*b, 0);
  }

  void watermark(timestamp w) { operator_->on_watermark(w, true); }

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

  void end_of_input() {
    watermark(max_timestamp);
    operator_->finish();
  }

  /// Written at once.
  memory_snapshot snapshot() {
    memory_snapshot result;
    result.write(operator_->snapshot());
    return result;
  }

  harness_context& context() noexcept { return context_; }
  stream_operator& op() noexcept { return *operator_; }

  collected_rows out;
  collected_rows side; ///< port 1

private:
  harness_context context_;
  std::vector<data_type> types_;
  std::unique_ptr<stream_operator> operator_;
};

/// A call of a built-in aggregate over columns of `input`.
inline table::aggregate_spec call_of(const char* name, const std::vector<data_type>& input,
                                     std::vector<std::size_t> arguments, bool retracts = false) {
  std::vector<table::call_argument> types;
  for (auto a : arguments) types.push_back({input.at(a), std::nullopt});
  table::aggregate_spec call;
  call.function = table::function_registry::built_in().aggregate(name, types, retracts);
  call.arguments = std::move(arguments);
  return call;
}

} // namespace sluice::testing
