/// Columnar batches from texts, operators that take them, and the tables that changelogs describe.
#pragma once

#include "sluice/table/column/columnar_batch.hpp"
#include "sluice/table/column/scalar.hpp"
#include "sluice/table/expr/cast.hpp"
#include "support/memory_snapshot.hpp"
#include "support/operator_harness.hpp"

#include <boost/test/unit_test.hpp>

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::testing {

/// Types from their texts.
inline std::vector<table::data_type> types_of(const std::vector<std::string_view>& texts) {
  std::vector<table::data_type> types;
  for (auto text : texts) types.push_back(table::data_type::parse(text));
  return types;
}

/// Rows as the print connector shows them: `+I[1, a, null]`; without a kind they are inserts.
inline std::unique_ptr<table::columnar_batch> rows_of(const std::vector<table::data_type>& types,
                                                      const std::vector<std::string>& texts) {
  std::vector<std::shared_ptr<table::column>> columns;
  for (const auto& type : types) columns.push_back(std::make_shared<table::column>(type));
  std::vector<table::row_kind> kinds;
  table::expression_context context;
  bool inserts = true;
  for (std::string_view text : texts) {
    auto kind = table::row_kind::insert;
    for (auto k : {table::row_kind::insert, table::row_kind::update_before,
                   table::row_kind::update_after, table::row_kind::delete_})
      if (text.starts_with(table::to_string(k))) kind = k;
    if (!text.starts_with('[')) text.remove_prefix(2);
    text = text.substr(1, text.size() - 2);
    for (auto& c : columns) {
      auto field = text.substr(0, text.find(", "));
      text.remove_prefix(std::min(text.size(), field.size() + 2));
      if (field == "null")
        c->append_null();
      else
        table::cast_scalar(
          table::scalar::of(table::data_type::string().not_null(), std::string(field)), c->type(),
          context)
          .append_to(*c);
    }
    kinds.push_back(kind);
    inserts = inserts && kind == table::row_kind::insert;
  }
  auto result = std::make_unique<table::columnar_batch>(
    std::vector<table::column_ptr>(columns.begin(), columns.end()), texts.size());
  if (!inserts) std::copy(kinds.begin(), kinds.end(), result->make_kinds());
  return result;
}

/// Keeps the texts of the rows that come out.
class collected_rows final : public batch_receiver {
public:
  void receive(batch& b) override {
    auto& in = table::as_columnar(b);
    for (std::size_t i = 0; i < in.size(); ++i) texts.push_back(in.row_text(i));
  }
  void receive_watermark(timestamp, bool) override {}
  void receive_status(bool) override {}

  /// All rows since the last call.
  std::vector<std::string> take() { return std::exchange(texts, {}); }
  /// The same as one text.
  std::string take_text() {
    std::string all;
    for (auto& t : take()) all += (all.empty() ? "" : " ") + t;
    return all;
  }

  std::vector<std::string> texts;
};

/// The table that a changelog describes: rows, without their kinds, and how often they are there.
class materialized_rows {
public:
  /// Takes rows back one by one: each must be there.
  void apply(const std::vector<std::string>& changes) {
    for (const auto& change : changes) {
      auto row = change.substr(2);
      if (change[0] == '+') {
        ++rows[row];
        continue;
      }
      BOOST_TEST_REQUIRE(rows.count(row) == 1u, change << " takes back what is not there");
      if (--rows[row] == 0) rows.erase(row);
    }
  }
  std::map<std::string, int> rows;
};

/// A table by key, as an upsert sink keeps it.
class upserted_rows {
public:
  /// `keys` are the numbers of fields.
  explicit upserted_rows(std::vector<std::size_t> keys) : keys_(std::move(keys)) {}

  void apply(const std::vector<std::string>& changes) {
    for (const auto& change : changes) {
      BOOST_TEST_REQUIRE(change.substr(0, 2) != "-U");
      auto row = change.substr(2);
      if (change[0] == '+')
        by_key_[key_of(row)] = row;
      else
        BOOST_TEST_REQUIRE(by_key_.erase(key_of(row)) == 1u, change << " deletes nothing");
    }
  }
  std::map<std::string, int> rows() const {
    std::map<std::string, int> result;
    for (const auto& [key, row] : by_key_) ++result[row];
    return result;
  }

private:
  std::string key_of(const std::string& row) const {
    std::vector<std::string> fields{""};
    for (std::size_t i = 1; i + 1 < row.size(); ++i) {
      if (row[i] == ',')
        fields.emplace_back();
      else if (row[i] != ' ')
        fields.back() += row[i];
    }
    std::string key;
    for (auto k : keys_) key += fields.at(k) + "|";
    return key;
  }

  std::vector<std::size_t> keys_;
  std::map<std::string, std::string> by_key_;
};

/// An operator on columnar batches, opened.
class columnar_harness {
public:
  explicit columnar_harness(const operator_factory& make, harness_options options = {})
    : context_(options), options_(options), operator_(make()) {
    operator_->ports()[0].add(&out);
    operator_->open(context_);
  }

  columnar_harness(const operator_factory& make, const memory_snapshot& written,
                   harness_options options = {})
    : columnar_harness(make, options) {
    restore(written, context_.key_groups());
  }

  /// Fills the states with what `written` holds of some key groups.
  void restore(const memory_snapshot& written, key_group_range groups) {
    operator_->states().restore(
      "test operator", written.part_of(groups, options_.subtask, options_.parallelism), false);
    operator_->restored();
  }

  void feed(const std::vector<table::data_type>& types, const std::vector<std::string>& rows,
            std::uint32_t input = 0) {
    auto b = rows_of(types, rows);
    operator_->process(*b, input);
  }

  memory_snapshot snapshot() {
    memory_snapshot result;
    result.write(operator_->snapshot());
    return result;
  }

  void processing_time(timestamp t) {
    while (!context_.requested.empty() && *context_.requested.begin() <= t) {
      auto at = *context_.requested.begin();
      context_.requested.erase(context_.requested.begin());
      context_.time.set(at);
      operator_->on_processing_time(at);
    }
    context_.time.set(t);
  }

  stream_operator& op() noexcept { return *operator_; }

  collected_rows out;

private:
  harness_context context_;
  harness_options options_;
  std::unique_ptr<stream_operator> operator_;
};

} // namespace sluice::testing
