#include "sluice/table/sql/internal/parse_context.hpp"

#include "sluice/table/sql/internal/tree_height.hpp"
#include "sluice/table/sql/internal/words.hpp"
#include "sluice/table/sql/parser.hpp"

#include <charconv>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace sluice::sql::internal {

token parse_context::next() {
  if (!started_) {
    started_ = true;
    auto begin = tokens_.front().range.begin;
    return {start_, {begin, begin}};
  }
  if (next_ < tokens_.size()) ++next_;
  return tokens_[next_ - 1];
}

// -- names, texts, numbers -------------------------------------------------------

namespace {

/// What is between the quotes, a doubled quote being one.
std::string unquote(std::string_view text, char quote) {
  text = text.substr(1, text.size() - 2);
  std::string result;
  result.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    result += text[i];
    if (text[i] == quote) ++i;
  }
  return result;
}

void append_utf8(std::string& out, std::uint32_t code) {
  auto byte = [&](std::uint32_t value) { out += static_cast<char>(value); };
  if (code < 0x80) {
    byte(code);
  } else if (code < 0x800) {
    byte(0xc0 | code >> 6);
    byte(0x80 | (code & 0x3f));
  } else if (code < 0x10000) {
    byte(0xe0 | code >> 12);
    byte(0x80 | (code >> 6 & 0x3f));
    byte(0x80 | (code & 0x3f));
  } else {
    byte(0xf0 | code >> 18);
    byte(0x80 | (code >> 12 & 0x3f));
    byte(0x80 | (code >> 6 & 0x3f));
    byte(0x80 | (code & 0x3f));
  }
}

/// `escape`XXXX or `escape`+XXXXXX at the begin of `text`; returns its length, or 0.
std::size_t read_escape(std::string_view text, std::uint32_t& code) {
  bool is_long = text.size() > 1 && text[1] == '+';
  std::size_t begin = is_long ? 2 : 1;
  std::size_t size = is_long ? 6 : 4;
  if (text.size() < begin + size) return 0;
  auto end = text.data() + begin + size;
  auto read = std::from_chars(text.data() + begin, end, code, 16);
  if (read.ec != std::errc() || read.ptr != end) return 0;
  return begin + size;
}

constexpr bool is_surrogate(std::uint32_t code, std::uint32_t first) {
  return code >= first && code < first + 0x400;
}

} // namespace

identifier parse_context::plain_name(const source_range& range) const {
  return {range, std::string(text(range))};
}

identifier parse_context::quoted_name(const source_range& range) const {
  return {range, unquote(text(range), '`')};
}

text_literal parse_context::quoted_text(const source_range& range) const {
  return {range, unquote(text(range), '\'')};
}

text_literal parse_context::joined_text(text_literal text, const text_literal& part) {
  if (part.where.begin.line == text.where.end.line)
    throw sql_error("String literal continued on same line", part.where,
                    "|| between them, or a comma");
  text.where.end = part.where.end;
  text.text += part.text;
  return text;
}

text_literal parse_context::unicode_text(const source_range& range, char escape) const {
  // The range may be followed by UESCAPE; the text itself ends at its quote.
  auto escaped = unquote(text(range).substr(2), '\'');
  std::string_view rest = escaped;
  text_literal result{range, {}};
  while (!rest.empty()) {
    if (rest[0] != escape) {
      result.text += rest[0];
      rest.remove_prefix(1);
    } else if (rest.size() > 1 && rest[1] == escape) {
      result.text += escape;
      rest.remove_prefix(2);
    } else {
      std::uint32_t code = 0;
      auto size = read_escape(rest, code);
      if (size != 0 && is_surrogate(code, 0xd800)) {
        std::uint32_t low = 0;
        auto second
          = rest.size() > size && rest[size] == escape ? read_escape(rest.substr(size), low) : 0;
        size = second != 0 && is_surrogate(low, 0xdc00) ? size + second : 0;
        code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
      }
      if (size == 0 || code > 0x10ffff || is_surrogate(code, 0xdc00))
        throw sql_error("not a Unicode escape", range,
                        fmt::format("write {0}XXXX or {0}+XXXXXX", escape));
      append_utf8(result.text, code);
      rest.remove_prefix(size);
    }
  }
  return result;
}

literal parse_context::binary_text(const source_range& range) const {
  auto digits = to_upper(unquote(text(range).substr(1), '\''));
  if (digits.find_first_not_of("0123456789ABCDEF") != std::string::npos || digits.size() % 2 != 0)
    throw sql_error("X'...' takes pairs of hexadecimal digits", range);
  return {literal_kind::binary, std::move(digits)};
}

std::uint32_t parse_context::integer(const source_range& range) const {
  auto digits = text(range);
  std::uint32_t value = 0;
  auto read = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (read.ec != std::errc()) throw sql_error("this number is too large here", range);
  return value;
}

object_name parse_context::name(identifier part) {
  object_name result;
  result.where = part.where;
  result.parts.push_back(std::move(part));
  return result;
}

object_name parse_context::name(object_name name, identifier part) {
  name.where.end = part.where.end;
  name.parts.push_back(std::move(part));
  return name;
}

bool parse_context::is_word(const identifier& name, std::string_view word) const {
  return to_upper(text(name.where)) == word;
}

// -- expressions -------------------------------------------------------------------

void parse_context::check_height(std::uint32_t height, const source_range& range) const {
  if (height > max_depth)
    throw sql_error(fmt::format("nested more than {} levels deep", max_depth),
                    {range.begin, range.begin});
}

box<expr> parse_context::make(expr::variant node, const source_range& range) const {
  auto height = height_of(node);
  check_height(height, range);
  return box<expr>(expr{range, std::move(node), height});
}

box<expr> parse_context::make_unary(unary_op op, expr_box operand,
                                    const source_range& range) const {
  return make(unary{op, std::move(operand)}, range);
}

box<expr> parse_context::make_binary(binary_op op, expr_box left, expr_box right,
                                     const source_range& range) const {
  return make(binary{op, std::move(left), std::move(right)}, range);
}

box<expr> parse_context::make_logical(logical_op op, expr_box left, expr_box right,
                                      const source_range& range) const {
  auto* chain = left->as<logical>();
  if (chain && chain->op == op) { // one more of a chain: the height is known without looking at all
    left->height = std::max(left->height, right->height + 1);
    check_height(left->height, range);
    chain->operands.push_back(std::move(*right));
    left->where = range;
    return left;
  }
  logical result{op, {}};
  result.operands.push_back(std::move(*left));
  result.operands.push_back(std::move(*right));
  return make(std::move(result), range);
}

box<expr> parse_context::make_call(call function, const source_range& range) const {
  // TIMESTAMPADD(DAY, 1, t): a unit, not a column.
  if (function.name.parts.size() == 1 && !function.arguments.empty()) {
    auto name = to_upper(function.name.parts[0].text);
    auto& first = function.arguments[0].value;
    auto* column = first.as<column_ref>();
    if ((name == "TIMESTAMPADD" || name == "TIMESTAMPDIFF") && column
        && column->name.parts.size() == 1)
      first.node = symbol{std::string(to_sql(unit(column->name.parts[0])))};
  }
  return make(std::move(function), range);
}

object_name parse_context::function_name(std::string_view name, const source_range& range) {
  return parse_context::name(identifier{range, std::string(name)});
}

box<expr> parse_context::make_special(std::string_view name, std::vector<expr_box> arguments,
                                      const source_range& range) const {
  call result;
  result.name = function_name(name, range);
  for (auto& argument : arguments)
    result.arguments.push_back(positional(std::move(argument), range));
  return make(std::move(result), range);
}

box<expr> parse_context::make_symbol(std::string_view text, const source_range& range) const {
  return make(symbol{to_upper(text)}, range);
}

box<expr> parse_context::make_column(object_name name, const source_range& range) const {
  return make(column_ref{std::move(name)}, range);
}

box<expr> parse_context::make_interval(bool negative, text_literal text, interval_qualifier unit,
                                       const source_range& range) const {
  return make(interval_literal{negative, std::move(text.text), unit}, range);
}

time_unit parse_context::unit(const identifier& name) const {
  if (auto found = find_time_unit(name.text)) return *found;
  throw sql_error(fmt::format("{} is no unit of time", name.text), name.where,
                  did_you_mean(name.text, time_unit_names()));
}

argument parse_context::positional(expr_box value, const source_range&) const {
  argument result;
  result.where = value->where;
  result.value = std::move(*value);
  return result;
}

table_argument parse_context::partitioned(object_name table, expr_box by) const {
  table_argument result{std::move(table), {}, {}};
  auto* list = by->as<row_constructor>();
  if (list)
    result.partition_by = std::move(list->items);
  else
    result.partition_by.push_back(std::move(*by));
  return result;
}

std::vector<expr> unbox(std::vector<box<expr>> boxes) {
  std::vector<expr> result;
  result.reserve(boxes.size());
  for (auto& item : boxes) result.push_back(std::move(*item));
  return result;
}

// -- types ---------------------------------------------------------------------------

type_syntax parse_context::make_type(type_syntax type, const source_range& range) const {
  type.where = range;
  type.height = height_of(type);
  check_height(type.height, range);
  return type;
}

type_syntax parse_context::simple_type(identifier name, const source_range& range) const {
  struct spelling {
    std::string_view from, to;
  };
  static constexpr spelling short_names[]
    = {{"INTEGER", "INT"}, {"CHARACTER", "CHAR"}, {"DEC", "DECIMAL"}, {"NUMERIC", "DECIMAL"}};
  type_syntax result;
  result.where = range;
  result.name = to_upper(name.text);
  for (const auto& s : short_names)
    if (result.name == s.from) result.name = s.to;
  return result;
}

type_syntax parse_context::long_type(identifier first, identifier second,
                                     const source_range& range) const {
  struct spelling {
    std::string_view first, second, to;
  };
  static constexpr spelling names[] = {{"DOUBLE", "PRECISION", "DOUBLE"},
                                       {"CHAR", "VARYING", "VARCHAR"},
                                       {"CHARACTER", "VARYING", "VARCHAR"},
                                       {"BINARY", "VARYING", "VARBINARY"}};
  auto a = to_upper(first.text);
  auto b = to_upper(second.text);
  for (const auto& s : names) {
    if (a != s.first || b != s.second) continue;
    type_syntax result;
    result.where = range;
    result.name = s.to;
    return result;
  }
  static constexpr std::string_view words[]
    = {"PRECISION", "VARYING", "COMMENT", "METADATA", "PRIMARY", "ARRAY",
       "MULTISET",  "FIRST",   "AFTER",   "NOT",      "NULL"};
  throw sql_error(fmt::format("unexpected {} behind the type {}", second.text, a), second.where,
                  did_you_mean(second.text, words));
}

type_syntax parse_context::zoned_type(type_syntax type, std::string zone,
                                      const source_range& range) const {
  type.where = range;
  if (type.name == "TIMESTAMP" && zone == "LOCAL")
    type.name = "TIMESTAMP_LTZ";
  else if (type.name == "TIMESTAMP" && zone == "WITH")
    type.name = "TIMESTAMP_TZ";
  else if ((type.name != "TIMESTAMP" && type.name != "TIME") || zone != "WITHOUT")
    throw sql_error(fmt::format("the type {} has no time zone", type.name), range);
  return type;
}

// -- queries -------------------------------------------------------------------------

table_ref parse_context::make_table(table_ref::variant node, std::optional<table_alias> alias,
                                    const source_range& range) const {
  auto height = height_of(node);
  check_height(height, range);
  return {range, std::move(node), std::move(alias), height};
}

table_ref parse_context::make_join(join_kind kind, bool natural, table_ref left, table_ref right,
                                   join condition, const source_range& range) const {
  condition.kind = kind;
  condition.natural = natural;
  bool has_condition = condition.on || !condition.using_columns.empty();
  bool needs_condition = kind != join_kind::comma && kind != join_kind::cross && !natural;
  if (needs_condition && !has_condition)
    throw sql_error("this JOIN has no condition", right.where,
                    "write ON or USING; for all pairs CROSS JOIN");
  if (natural && has_condition)
    throw sql_error("a NATURAL JOIN has no condition of its own", right.where);
  condition.left = box<table_ref>(std::move(left));
  condition.right = box<table_ref>(std::move(right));
  return make_table(std::move(condition), std::nullopt, range);
}

grouping_item parse_context::grouping(expr_box value, const source_range& range) const {
  grouping_item result;
  result.where = range;
  auto* list = value->as<row_constructor>();
  if (list && text(value->where).starts_with('('))
    result.values = std::move(list->items);
  else
    result.values.push_back(std::move(*value));
  return result;
}

query_body parse_context::make_body(query_body::variant node, const source_range& range) const {
  auto height = height_of(node);
  check_height(height, range);
  return {range, std::move(node), height};
}

query_body parse_context::make_set_operation(set_operator op, bool all, query_body left,
                                             query_body right, const source_range& range) const {
  auto* chain = std::get_if<set_operation>(&left.node);
  if (chain && chain->op == op && chain->all == all) {
    left.height = std::max(left.height, right.height + 1);
    check_height(left.height, range);
    chain->operands.push_back(std::move(right));
    left.where = range;
    return left;
  }
  set_operation result{op, all, {}};
  result.operands.push_back(std::move(left));
  result.operands.push_back(std::move(right));
  return make_body(std::move(result), range);
}

query_body parse_context::nest(query subquery, const source_range& range) const {
  bool plain
    = subquery.with.empty() && subquery.order_by.empty() && !subquery.offset && !subquery.limit;
  if (plain) return std::move(subquery.body);
  return make_body(nested_query{box<query>(std::move(subquery))}, range);
}

query parse_context::make_query(query value, const source_range& range) const {
  value.where = range;
  value.height = height_of(value);
  check_height(value.height, range);
  return value;
}

// -- statements ------------------------------------------------------------------------

void parse_context::add(table_schema& schema, schema_part part) {
  if (auto* column = std::get_if<keyed_column>(&part)) {
    if (column->key) {
      column->key->columns.push_back(column->column.name);
      schema.primary_keys.push_back(std::move(*column->key));
    }
    schema.columns.push_back(std::move(column->column));
  } else if (auto* watermark = std::get_if<watermark_definition>(&part)) {
    schema.watermarks.push_back(std::move(*watermark));
  } else {
    schema.primary_keys.push_back(std::move(std::get<primary_key>(part)));
  }
}

void parse_context::look_in(show& statement, object_name from) {
  if (!from.parts.empty()) statement.from = std::move(from);
}

explain_detail parse_context::detail(const identifier& name) const {
  auto names = explain_detail_names();
  auto word = to_upper(name.text);
  for (std::size_t i = 0; i < names.size(); ++i)
    if (word == names[i]) return static_cast<explain_detail>(i);
  auto hint = did_you_mean(word, names);
  if (hint.empty()) hint = fmt::format("there are {}", fmt::join(names, ", "));
  throw sql_error(fmt::format("EXPLAIN has no detail {}", name.text), name.where, hint);
}

} // namespace sluice::sql::internal
