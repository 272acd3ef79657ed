#include "sluice/table/sql/unparse.hpp"

#include "sluice/table/sql/internal/keywords.hpp"
#include "sluice/table/sql/internal/sql_writer.hpp"
#include "sluice/table/sql/internal/words.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace sluice::sql {

namespace internal {

namespace {

std::string_view to_sql(binary_op op) {
  constexpr std::array<std::string_view, 15> texts{"+",
                                                   "-",
                                                   "*",
                                                   "/",
                                                   "%",
                                                   "||",
                                                   "=",
                                                   "<>",
                                                   "<",
                                                   "<=",
                                                   ">",
                                                   ">=",
                                                   "IS DISTINCT FROM",
                                                   "IS NOT DISTINCT FROM",
                                                   "OVERLAPS"};
  return texts[static_cast<std::size_t>(op)];
}

binding binding_of(binary_op op) {
  switch (op) {
  case binary_op::add:
  case binary_op::subtract:
    return binding::sum;
  case binary_op::multiply:
  case binary_op::divide:
  case binary_op::modulo:
  case binary_op::concat:
    return binding::product;
  case binary_op::overlaps:
    return binding::predicate;
  default:
    return binding::comparison;
  }
}

binding tighter(binding b) { return static_cast<binding>(static_cast<int>(b) + 1); }

struct binding_of_node {
  binding operator()(const logical& n) const {
    return n.op == logical_op::logical_or ? binding::logical_or : binding::logical_and;
  }
  binding operator()(const unary& n) const {
    return n.op == unary_op::logical_not ? binding::logical_not : binding::unary;
  }
  binding operator()(const binary& n) const { return binding_of(n.op); }
  binding operator()(const is_test&) const { return binding::comparison; }
  binding operator()(const quantified&) const { return binding::comparison; }
  binding operator()(const between&) const { return binding::predicate; }
  binding operator()(const in_list&) const { return binding::predicate; }
  binding operator()(const in_query&) const { return binding::predicate; }
  binding operator()(const like&) const { return binding::predicate; }
  template <class Primary>
  binding operator()(const Primary&) const {
    return binding::primary;
  }
};

/// Functions that are called without parentheses.
bool is_bare_function(std::string_view name) {
  constexpr std::string_view names[]
    = {"CURRENT_CATALOG", "CURRENT_DATE", "CURRENT_TIME",   "CURRENT_TIMESTAMP",
       "CURRENT_USER",    "LOCALTIME",    "LOCALTIMESTAMP", "USER"};
  return std::find(std::begin(names), std::end(names), name) != std::end(names);
}

} // namespace

// -- names, texts, types -------------------------------------------------------------

void sql_writer::name(std::string_view text) {
  out_ += '`';
  for (char c : text) {
    out_ += c;
    if (c == '`') out_ += c;
  }
  out_ += '`';
}

void sql_writer::name(const object_name& parts) {
  separated(parts.parts, ".", [&](const identifier& part) { name(part); });
}

void sql_writer::names(const std::vector<identifier>& parts) {
  separated(parts, ", ", [&](const identifier& part) { name(part); });
}

void sql_writer::text(std::string_view value) {
  out_ += '\'';
  for (char c : value) {
    out_ += c;
    if (c == '\'') out_ += c;
  }
  out_ += '\'';
}

void sql_writer::option(const table_option& value) {
  text(value.key);
  raw(" = ");
  text(value.value);
}

void sql_writer::hints(const std::vector<hint>& list) {
  if (list.empty()) return;
  raw(" /*+ ");
  separated(list, ", ", [&](const hint& h) {
    name(h.name);
    if (h.arguments.empty() && h.options.empty()) return;
    raw("(");
    separated(h.options, ", ", [&](const table_option& o) { option(o); });
    separated(h.arguments, ", ", [&](const text_literal& a) { text(a); });
    raw(")");
  });
  raw(" */");
}

void sql_writer::unit(const interval_qualifier& node) {
  raw(to_sql(node.from));
  if (node.precision && !node.to && node.fraction)
    raw(fmt::format("({}, {})", *node.precision, *node.fraction));
  else if (node.precision)
    raw(fmt::format("({})", *node.precision));
  if (!node.to) return;
  raw(" TO ");
  raw(to_sql(*node.to));
  if (node.fraction) raw(fmt::format("({})", *node.fraction));
}

void sql_writer::type(const type_syntax& node) {
  if (node.name == "TIMESTAMP_TZ") {
    raw("TIMESTAMP");
  } else if (needs_quotes(node.name) && node.fields.empty() && node.elements.empty()
             && !node.interval && node.raw.empty() && node.name != "ROW") {
    name(node.name);
  } else {
    raw(node.name);
  }
  if (node.precision && node.scale)
    raw(fmt::format("({}, {})", *node.precision, *node.scale));
  else if (node.precision)
    raw(fmt::format("({})", *node.precision));
  if (node.name == "TIMESTAMP_TZ") raw(" WITH TIME ZONE");
  if (node.interval) {
    raw(" ");
    unit(*node.interval);
  }
  if (!node.raw.empty()) {
    raw("(");
    separated(node.raw, ", ", [&](const text_literal& t) { text(t); });
    raw(")");
  }
  if (!node.elements.empty()) {
    raw("<");
    separated(node.elements, ", ", [&](const type_syntax& t) { type(t); });
    raw(">");
  }
  if (node.name == "ROW") {
    raw("<");
    separated(node.fields, ", ", [&](const row_field& field) {
      name(field.name);
      raw(" ");
      type(field.type);
      if (field.comment) {
        raw(" ");
        text(*field.comment);
      }
    });
    raw(">");
  }
  if (node.null == nullability::not_null) raw(" NOT NULL");
  if (node.null == nullability::nullable) raw(" NULL");
}

// -- expressions ---------------------------------------------------------------------

void sql_writer::value(const expr& node, binding needed) {
  bool parens = std::visit(binding_of_node{}, node.node) < needed;
  if (parens) raw("(");
  std::visit([&](const auto& n) { write(n); }, node.node);
  if (parens) raw(")");
}

void sql_writer::values_of(const std::vector<expr>& list) {
  separated(list, ", ", [&](const expr& item) { value(item); });
}

void sql_writer::write(const literal& n) {
  switch (n.kind) {
  case literal_kind::null:
    return raw("NULL");
  case literal_kind::boolean:
  case literal_kind::exact_number:
  case literal_kind::approximate_number:
    return raw(n.text);
  case literal_kind::binary:
    raw("X");
    break;
  case literal_kind::date:
    raw("DATE ");
    break;
  case literal_kind::time:
    raw("TIME ");
    break;
  case literal_kind::timestamp:
    raw("TIMESTAMP ");
    break;
  case literal_kind::string:
    break;
  }
  text(n.text);
}

void sql_writer::write(const interval_literal& n) {
  raw(n.negative ? "INTERVAL -" : "INTERVAL ");
  text(n.text);
  raw(" ");
  unit(n.unit);
}

void sql_writer::write(const unary& n) {
  if (n.op == unary_op::logical_not) {
    raw("NOT ");
    return value(*n.operand, binding::logical_not);
  }
  raw(n.op == unary_op::minus ? "-" : "+");
  // Two minus signs side by side would begin a comment.
  auto* inner = n.operand->as<unary>();
  if (inner && inner->op != unary_op::logical_not) raw(" ");
  value(*n.operand, binding::unary);
}

void sql_writer::write(const binary& n) {
  auto own = binding_of(n.op);
  value(*n.left, own == binding::predicate ? binding::sum : own);
  raw(" ");
  raw(to_sql(n.op));
  raw(" ");
  value(*n.right, tighter(own));
}

void sql_writer::write(const logical& n) {
  bool is_or = n.op == logical_op::logical_or;
  separated(n.operands, is_or ? " OR " : " AND ", [&](const expr& operand) {
    value(operand, is_or ? binding::logical_and : binding::logical_not);
  });
}

void sql_writer::write(const is_test& n) {
  constexpr std::array<std::string_view, 8> tests{
    "NULL", "TRUE", "FALSE", "UNKNOWN", "JSON VALUE", "JSON SCALAR", "JSON ARRAY", "JSON OBJECT"};
  value(*n.operand, binding::comparison);
  raw(n.negated ? " IS NOT " : " IS ");
  raw(tests[static_cast<std::size_t>(n.kind)]);
}

void sql_writer::write(const between& n) {
  value(*n.operand, binding::sum);
  raw(n.negated ? " NOT BETWEEN " : " BETWEEN ");
  if (n.symmetric) raw("SYMMETRIC ");
  value(*n.low, binding::sum);
  raw(" AND ");
  value(*n.high, binding::sum);
}

void sql_writer::write(const in_list& n) {
  value(*n.operand, binding::sum);
  raw(n.negated ? " NOT IN (" : " IN (");
  values_of(n.items);
  raw(")");
}

void sql_writer::write(const in_query& n) {
  value(*n.operand, binding::sum);
  raw(n.negated ? " NOT IN " : " IN ");
  in_parens(*n.subquery);
}

void sql_writer::write(const like& n) {
  value(*n.operand, binding::sum);
  if (n.negated) raw(" NOT");
  raw(n.kind == like_kind::like ? " LIKE " : " SIMILAR TO ");
  value(*n.pattern, binding::sum);
  if (!n.escape) return;
  raw(" ESCAPE ");
  value(*n.escape, binding::sum);
}

void sql_writer::write(const quantified& n) {
  value(*n.operand, binding::comparison);
  raw(" ");
  raw(to_sql(n.op));
  raw(n.all ? " ALL " : " ANY ");
  in_parens(*n.subquery);
}

void sql_writer::write(const exists& n) {
  raw("EXISTS ");
  in_parens(*n.subquery);
}

void sql_writer::write(const scalar_subquery& n) { in_parens(*n.subquery); }

void sql_writer::write(const case_expr& n) {
  raw("CASE");
  if (n.operand) {
    raw(" ");
    value(*n.operand);
  }
  for (const auto& when : n.whens) {
    raw(" WHEN ");
    value(when.condition);
    raw(" THEN ");
    value(when.result);
  }
  if (n.otherwise) {
    raw(" ELSE ");
    value(*n.otherwise);
  }
  raw(" END");
}

void sql_writer::write(const cast& n) {
  raw(n.safe ? "TRY_CAST(" : "CAST(");
  value(*n.operand);
  raw(" AS ");
  type(n.type);
  raw(")");
}

void sql_writer::write(const row_constructor& n) {
  raw(n.items.size() < 2 ? "ROW(" : "(");
  values_of(n.items);
  raw(")");
}

void sql_writer::write(const array_constructor& n) {
  raw("ARRAY[");
  values_of(n.items);
  raw("]");
}

void sql_writer::write(const map_constructor& n) {
  raw("MAP[");
  values_of(n.items);
  raw("]");
}

void sql_writer::write(const element_access& n) {
  value(*n.base, binding::primary);
  raw("[");
  value(*n.index);
  raw("]");
}

void sql_writer::write(const field_access& n) {
  // A name or number before the point would be read together with it.
  bool parens = n.base->as<column_ref>() || n.base->as<literal>();
  if (parens) raw("(");
  value(*n.base, parens ? binding::logical_or : binding::primary);
  if (parens) raw(")");
  raw(".");
  name(n.field);
}

// -- functions -------------------------------------------------------------------------

void sql_writer::function_name(const object_name& parts) {
  if (parts.parts.size() == 1 && !needs_quotes(parts.parts[0].text))
    return raw(parts.parts[0].text);
  name(parts);
}

/// Writes the syntax of its own that some functions have; false if this is none of them.
bool sql_writer::special_call(const call& n) {
  if (n.name.parts.size() != 1) return false;
  const auto& name = n.name.parts[0].text;
  const auto& args = n.arguments;
  bool has_symbol = std::any_of(args.begin(), args.end(),
                                [](const argument& a) { return a.value.as<symbol>() != nullptr; });
  auto arg
    = [&](std::size_t i, binding needed = binding::logical_or) { value(args[i].value, needed); };
  if (args.empty() && is_bare_function(name)) {
    raw(name);
    return true;
  }
  if (name == "POSITION" && args.size() >= 2) {
    raw("POSITION(");
    arg(0, binding::sum);
    raw(" IN ");
    arg(1, binding::sum);
    if (args.size() > 2) {
      raw(" FROM ");
      arg(2, binding::sum);
    }
  } else if (name == "OVERLAY" && args.size() >= 3) {
    raw("OVERLAY(");
    arg(0);
    raw(" PLACING ");
    arg(1);
    raw(" FROM ");
    arg(2);
    if (args.size() > 3) {
      raw(" FOR ");
      arg(3);
    }
  } else if (name == "EXTRACT" && has_symbol) {
    raw("EXTRACT(");
    arg(0);
    raw(" FROM ");
    arg(1);
  } else if ((name == "FLOOR" || name == "CEIL") && has_symbol) {
    raw(name + "(");
    arg(0);
    raw(" TO ");
    arg(1);
  } else if (name == "TRIM" && has_symbol) {
    raw("TRIM(");
    arg(0);
    raw(" ");
    arg(1);
    raw(" FROM ");
    arg(2);
  } else if (name == "SUBSTRING"
             || ((name == "FLOOR" || name == "CEIL" || name == "TRIM") && args.size() == 1)) {
    raw(name + "(");
    separated(args, ", ", [&](const argument& a) { value(a.value); });
  } else {
    return false;
  }
  raw(")");
  return true;
}

void sql_writer::arguments(const call& n) {
  raw("(");
  if (n.star) raw("*");
  if (n.quantifier == set_quantifier::all) raw("ALL ");
  if (n.quantifier == set_quantifier::distinct) raw("DISTINCT ");
  separated(n.arguments, ", ", [&](const argument& a) {
    if (a.name) {
      name(*a.name);
      raw(" => ");
    }
    value(a.value);
  });
  if (!n.order_by.empty()) {
    raw(" ORDER BY ");
    order(n.order_by);
  }
  raw(")");
}

void sql_writer::write(const call& n) {
  if (special_call(n)) return;
  function_name(n.name);
  arguments(n);
  if (n.nulls == null_treatment::ignore) raw(" IGNORE NULLS");
  if (n.nulls == null_treatment::respect) raw(" RESPECT NULLS");
  if (!n.within_group.empty()) {
    raw(" WITHIN GROUP (ORDER BY ");
    order(n.within_group);
    raw(")");
  }
  if (n.filter) {
    raw(" FILTER (WHERE ");
    value(*n.filter);
    raw(")");
  }
  if (!n.over) return;
  raw(" OVER ");
  if (!n.over->parenthesised) return name(*n.over->base);
  raw("(");
  window(*n.over);
  raw(")");
}

void sql_writer::order(const std::vector<order_item>& list) {
  separated(list, ", ", [&](const order_item& item) {
    value(item.value);
    if (item.direction == sort_direction::ascending) raw(" ASC");
    if (item.direction == sort_direction::descending) raw(" DESC");
    if (item.nulls == null_order::first) raw(" NULLS FIRST");
    if (item.nulls == null_order::last) raw(" NULLS LAST");
  });
}

void sql_writer::bound(const frame_bound& n) {
  if (n.distance) {
    value(*n.distance, binding::sum);
    raw(" ");
  }
  constexpr std::array<std::string_view, 5> texts{"UNBOUNDED PRECEDING", "PRECEDING", "CURRENT ROW",
                                                  "FOLLOWING", "UNBOUNDED FOLLOWING"};
  raw(texts[static_cast<std::size_t>(n.kind)]);
}

void sql_writer::window(const window_spec& spec) {
  std::string_view separator;
  auto begin = [&] {
    raw(separator);
    separator = " ";
  };
  if (spec.base) {
    begin();
    name(*spec.base);
  }
  if (!spec.partition_by.empty()) {
    begin();
    raw("PARTITION BY ");
    values_of(spec.partition_by);
  }
  if (!spec.order_by.empty()) {
    begin();
    raw("ORDER BY ");
    order(spec.order_by);
  }
  if (!spec.frame) return;
  begin();
  raw(spec.frame->unit == frame_unit::rows ? "ROWS " : "RANGE ");
  if (spec.frame->high) raw("BETWEEN ");
  bound(spec.frame->low);
  if (!spec.frame->high) return;
  raw(" AND ");
  bound(*spec.frame->high);
}

void sql_writer::behavior(const json_behavior& n, std::string_view when) {
  if (n.kind == json_behavior_kind::none) return;
  constexpr std::array<std::string_view, 9> texts{
    "", "NULL", "ERROR", "TRUE", "FALSE", "UNKNOWN", "EMPTY ARRAY", "EMPTY OBJECT", "DEFAULT "};
  raw(" ");
  raw(texts[static_cast<std::size_t>(n.kind)]);
  if (n.value) value(*n.value, binding::sum);
  raw(when);
}

void sql_writer::write(const json_call& n) {
  constexpr std::array<std::string_view, 7> functions{
    "JSON_EXISTS", "JSON_VALUE",     "JSON_QUERY",   "JSON_OBJECT",
    "JSON_ARRAY",  "JSON_OBJECTAGG", "JSON_ARRAYAGG"};
  raw(functions[static_cast<std::size_t>(n.function)]);
  raw("(");
  if (n.function == json_function::object || n.function == json_function::objectagg) {
    for (std::size_t i = 0; i + 1 < n.items.size(); i += 2) {
      if (i > 0) raw(", ");
      value(n.items[i], binding::sum);
      raw(" VALUE ");
      value(n.items[i + 1]);
    }
  } else {
    values_of(n.items);
  }
  if (n.returning) {
    raw(" RETURNING ");
    type(*n.returning);
  }
  constexpr std::array<std::string_view, 4> wrappers{
    "", " WITHOUT WRAPPER", " WITH CONDITIONAL WRAPPER", " WITH UNCONDITIONAL WRAPPER"};
  raw(wrappers[static_cast<std::size_t>(n.wrapper)]);
  behavior(n.on_empty, " ON EMPTY");
  behavior(n.on_error, " ON ERROR");
  if (n.absent_on_null) raw(*n.absent_on_null ? " ABSENT ON NULL" : " NULL ON NULL");
  raw(")");
  if (!n.filter) return;
  raw(" FILTER (WHERE ");
  value(*n.filter);
  raw(")");
}

void sql_writer::write(const table_argument& n) {
  raw("TABLE ");
  name(n.table);
  if (!n.partition_by.empty()) {
    raw(" PARTITION BY ");
    if (n.partition_by.size() > 1) raw("(");
    values_of(n.partition_by);
    if (n.partition_by.size() > 1) raw(")");
  }
  if (n.order_by.empty()) return;
  raw(" ORDER BY ");
  order(n.order_by);
}

void sql_writer::write(const descriptor& n) {
  raw("DESCRIPTOR(");
  names(n.columns);
  raw(")");
}

} // namespace internal

// -- what users call --------------------------------------------------------------------

std::string to_sql(const statement& node) {
  internal::sql_writer writer;
  writer.whole(node);
  return std::move(writer).take();
}

std::string to_sql(const query& node) {
  internal::sql_writer writer;
  writer.whole(node);
  return std::move(writer).take();
}

std::string to_sql(const expr& node) {
  internal::sql_writer writer;
  writer.value(node);
  return std::move(writer).take();
}

std::string to_sql(const type_syntax& node) {
  internal::sql_writer writer;
  writer.type(node);
  return std::move(writer).take();
}

std::string to_sql(const object_name& name) {
  internal::sql_writer writer;
  writer.name(name);
  return std::move(writer).take();
}

std::string quote_name(std::string_view name) {
  internal::sql_writer writer;
  writer.name(name);
  return std::move(writer).take();
}

std::string quote_text(std::string_view text) {
  internal::sql_writer writer;
  writer.text(text);
  return std::move(writer).take();
}

} // namespace sluice::sql
