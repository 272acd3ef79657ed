#include "sluice/table/session/table.hpp"

#include "sluice/table/sql/parser.hpp"

#include <fmt/format.h>

namespace sluice::table {

namespace {

constexpr auto left_name = "l";
constexpr auto right_name = "r";

/// `10 s` as an interval literal of SQL.
std::string interval(std::string_view text) {
  auto time = parse_duration(text);
  if (!time || time->count() <= 0)
    throw plan_error(fmt::format("'{}' is no length of a window; write it as '10 s'", text));
  auto micros = time->count();
  return fmt::format("INTERVAL '{}.{:06}' SECOND(10, 6)", micros / 1'000'000, micros % 1'000'000);
}

} // namespace

table table::query(const std::string& text, const table* other) const {
  auto parsed = sql::parse_query(text);
  auto tables = session_->views;
  tables[left_name] = plan_;
  if (other != nullptr) tables[right_name] = other->plan_;
  auto plan = session_->bound([&](bind_context context) {
    context.inline_tables = &tables;
    return bind_query(parsed, context);
  });
  return {session_, std::move(plan)};
}

table table::select(std::string_view expressions) const {
  return query(fmt::format("SELECT {} FROM {}", expressions, left_name));
}

table table::where(std::string_view condition) const {
  return query(fmt::format("SELECT * FROM {} WHERE {}", left_name, condition));
}

grouped_table table::group_by(std::string_view keys) const { return {*this, std::string(keys)}; }

table grouped_table::select(std::string_view expressions) const {
  return table_.query(fmt::format("SELECT {} FROM {} GROUP BY {}", expressions, left_name, keys_));
}

table table::distinct() const { return query(fmt::format("SELECT DISTINCT * FROM {}", left_name)); }

table table::as(const std::vector<std::string>& names) const {
  if (names.size() != plan_->columns.size())
    throw plan_error(
      fmt::format("as: {} names for {} columns", names.size(), plan_->columns.size()));
  std::vector<expression_ptr> columns;
  for (std::size_t i = 0; i < names.size(); ++i) columns.push_back(column_of(*plan_, i));
  return {session_, relation::project(plan_, std::move(columns), names)};
}

table table::join(const table& other, std::string_view condition) const {
  return query(fmt::format("SELECT * FROM {} JOIN {} ON {}", left_name, right_name, condition),
               &other);
}
table table::left_outer_join(const table& other, std::string_view condition) const {
  return query(fmt::format("SELECT * FROM {} LEFT JOIN {} ON {}", left_name, right_name, condition),
               &other);
}
table table::right_outer_join(const table& other, std::string_view condition) const {
  return query(
    fmt::format("SELECT * FROM {} RIGHT JOIN {} ON {}", left_name, right_name, condition), &other);
}
table table::full_outer_join(const table& other, std::string_view condition) const {
  return query(fmt::format("SELECT * FROM {} FULL JOIN {} ON {}", left_name, right_name, condition),
               &other);
}

table table::union_all(const table& other) const {
  return query(fmt::format("SELECT * FROM {} UNION ALL SELECT * FROM {}", left_name, right_name),
               &other);
}
table table::union_(const table& other) const {
  return query(fmt::format("SELECT * FROM {} UNION SELECT * FROM {}", left_name, right_name),
               &other);
}

table table::order_by(std::string_view keys) const {
  return query(fmt::format("SELECT * FROM {} ORDER BY {}", left_name, keys));
}

table table::limit(std::uint64_t count, std::uint64_t offset) const {
  // An order right below is what the limit is of.
  if (const auto* sort = plan_->as<sort_node>(); sort != nullptr && !sort->limit) {
    auto limited = *sort;
    limited.offset += offset;
    limited.limit = count;
    return {session_, relation::sort(plan_->inputs[0], std::move(limited))};
  }
  return {session_, relation::sort(plan_, {{}, offset, count})};
}

table table::tumble(const std::string& time_column, std::string_view size) const {
  return query(fmt::format("SELECT * FROM TABLE(TUMBLE(TABLE {}, DESCRIPTOR(`{}`), {}))", left_name,
                           time_column, interval(size)));
}
table table::hop(const std::string& time_column, std::string_view slide,
                 std::string_view size) const {
  return query(fmt::format("SELECT * FROM TABLE(HOP(TABLE {}, DESCRIPTOR(`{}`), {}, {}))",
                           left_name, time_column, interval(slide), interval(size)));
}

table_result table::execute() const { return session_->run_query(plan_); }

table_result table::execute_insert(const std::string& target) const {
  return statement_set(session_).add_insert(target, *this).execute();
}

std::string table::explain(const std::vector<sql::explain_detail>& details) const {
  return session_->explain({plan_}, details);
}

} // namespace sluice::table
