/// Tables as values: the fluent Table API.
#pragma once

#include "sluice/table/session/table_environment.hpp"

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::table {

class grouped_table;

/// A query that has not run. A value: copies mean the same query.
///
/// Expressions are SQL texts over the columns of the table: `t.where("amount > 10")`,
/// `t.select("a, b * 2 AS twice")`. Errors: `sql_error` and `binding_error` with the place in the
/// text.
class table {
public:
  table(std::shared_ptr<table_environment::session> session, relation_ptr plan)
    : session_(std::move(session)), plan_(std::move(plan)) {}

  const relation_ptr& plan() const noexcept { return plan_; }
  const std::vector<relation_column>& columns() const noexcept { return plan_->columns; }

  /// `expressions` as after SELECT; aggregates make one row of all.
  table select(std::string_view expressions) const;
  table where(std::string_view condition) const;
  table filter(std::string_view condition) const { return where(condition); }
  /// Keys, to be followed by `select` with aggregates.
  grouped_table group_by(std::string_view keys) const;
  table distinct() const;
  table as(const std::vector<std::string>& names) const;

  /// Inner join with the rows of `other` for which the condition holds. Columns of this table can
  /// be named `l.x`, of the other `r.x`.
  table join(const table& other, std::string_view condition) const;
  table left_outer_join(const table& other, std::string_view condition) const;
  table right_outer_join(const table& other, std::string_view condition) const;
  table full_outer_join(const table& other, std::string_view condition) const;

  table union_all(const table& other) const;
  /// Without repetitions.
  table union_(const table& other) const;
  table order_by(std::string_view keys) const;
  table limit(std::uint64_t count, std::uint64_t offset = 0) const;

  /// Adds window_start, window_end and window_time: `t.tumble("ts", "10 s")`.
  table tumble(const std::string& time_column, std::string_view size) const;
  table hop(const std::string& time_column, std::string_view slide, std::string_view size) const;

  /// Starts an INSERT into a table of the catalog.
  table_result execute_insert(const std::string& target) const;
  table_result insert_into(const std::string& target) const { return execute_insert(target); }
  /// Starts the query.
  table_result execute() const;
  std::string explain(const std::vector<sql::explain_detail>& details = {}) const;

private:
  friend class grouped_table;

  /// Binds `text`, in which this table is named `l` and `other` is `r`, as a query.
  table query(const std::string& text, const table* other = nullptr) const;

  std::shared_ptr<table_environment::session> session_;
  relation_ptr plan_;
};

/// A table with keys, half way to an aggregate.
class grouped_table {
public:
  grouped_table(table of, std::string keys) : table_(std::move(of)), keys_(std::move(keys)) {}

  /// Keys and aggregates, as after SELECT.
  table select(std::string_view expressions) const;

private:
  table table_;
  std::string keys_;
};

} // namespace sluice::table

#include "sluice/table/session/streams.hpp"
