#include "sluice/table/sql/internal/sql_writer.hpp"

#include <array>

namespace sluice::sql::internal {

void sql_writer::in_parens(const query& node) {
  raw("(");
  whole(node);
  raw(")");
}

void sql_writer::whole(const query& node) {
  if (!node.with.empty()) {
    raw("WITH ");
    separated(node.with, ", ", [&](const common_table& table) {
      name(table.name);
      if (!table.columns.empty()) {
        raw(" (");
        names(table.columns);
        raw(")");
      }
      raw(" AS ");
      in_parens(*table.subquery);
    });
    raw(" ");
  }
  body(node.body);
  if (!node.order_by.empty()) {
    raw(" ORDER BY ");
    order(node.order_by);
  }
  if (node.limit) {
    raw(" LIMIT ");
    value(*node.limit);
  }
  if (node.offset) {
    raw(" OFFSET ");
    value(*node.offset);
  }
}

void sql_writer::body(const query_body& node) {
  std::visit([&](const auto& n) { write(n); }, node.node);
}

void sql_writer::operand(const query_body& node, bool parens) {
  if (parens) raw("(");
  body(node);
  if (parens) raw(")");
}

// -- SELECT ------------------------------------------------------------------------

void sql_writer::write(const select& n) {
  raw("SELECT");
  hints(n.hints);
  if (n.quantifier == set_quantifier::all) raw(" ALL");
  if (n.quantifier == set_quantifier::distinct) raw(" DISTINCT");
  raw(" ");
  separated(n.items, ", ", [&](const select_item& item) {
    if (auto* all = std::get_if<star>(&item.value)) {
      if (all->table) {
        name(*all->table);
        raw(".");
      }
      raw("*");
    } else {
      value(std::get<expr>(item.value));
    }
    if (item.alias) {
      raw(" AS ");
      name(*item.alias);
    }
  });
  if (n.from) {
    raw(" FROM ");
    table(*n.from);
  }
  if (n.where) {
    raw(" WHERE ");
    value(*n.where);
  }
  if (!n.group_by.empty()) {
    raw(" GROUP BY ");
    separated(n.group_by, ", ", [&](const grouping_item& item) { grouping(item); });
  }
  if (n.having) {
    raw(" HAVING ");
    value(*n.having);
  }
  if (n.windows.empty()) return;
  raw(" WINDOW ");
  separated(n.windows, ", ", [&](const named_window& w) {
    name(w.name);
    raw(" AS (");
    window(w.spec);
    raw(")");
  });
}

void sql_writer::grouping(const grouping_item& item) {
  constexpr std::array<std::string_view, 4> kinds{"", "ROLLUP (", "CUBE (", "GROUPING SETS ("};
  if (item.kind != grouping_kind::expressions) {
    raw(kinds[static_cast<std::size_t>(item.kind)]);
    separated(item.items, ", ", [&](const grouping_item& inner) { grouping(inner); });
    return raw(")");
  }
  if (item.values.size() == 1) {
    // `(a, b)` of GROUP BY is a list; a row is written out.
    auto* row = item.values[0].as<row_constructor>();
    if (row && row->items.size() > 1) raw("ROW");
    return value(item.values[0]);
  }
  raw("(");
  values_of(item.values);
  raw(")");
}

void sql_writer::write(const values& n) {
  raw("VALUES ");
  separated(n.rows, ", ", [&](const expr& row) {
    bool is_row = row.as<row_constructor>() != nullptr;
    if (!is_row) raw("(");
    value(row);
    if (!is_row) raw(")");
  });
}

void sql_writer::write(const explicit_table& n) {
  raw("TABLE ");
  name(n.name);
}

void sql_writer::write(const nested_query& n) { in_parens(*n.subquery); }

void sql_writer::write(const set_operation& n) {
  constexpr std::array<std::string_view, 3> operators{" UNION ", " INTERSECT ", " EXCEPT "};
  bool first = true;
  for (const auto& part : n.operands) {
    auto* inner = std::get_if<set_operation>(&part.node);
    // From the left, UNION and EXCEPT follow each other; INTERSECT holds tighter than both.
    bool looser = inner && n.op == set_operator::intersect && inner->op != set_operator::intersect;
    bool as_tight
      = inner && (n.op == set_operator::intersect) == (inner->op == set_operator::intersect);
    bool parens = looser || (as_tight && (!first || (inner->op == n.op && inner->all == n.all)));
    if (!first) {
      raw(operators[static_cast<std::size_t>(n.op)]);
      if (n.all) raw("ALL ");
    }
    operand(part, parens);
    first = false;
  }
}

// -- FROM --------------------------------------------------------------------------

void sql_writer::table(const table_ref& node) {
  std::visit([&](const auto& n) { write(n); }, node.node);
  if (!node.alias) return;
  raw(" AS ");
  name(node.alias->name);
  if (node.alias->columns.empty()) return;
  raw(" (");
  names(node.alias->columns);
  raw(")");
}

void sql_writer::write(const named_table& n) {
  name(n.name);
  hints(n.hints);
  if (!n.as_of) return;
  raw(" FOR SYSTEM_TIME AS OF ");
  value(*n.as_of, binding::sum);
}

void sql_writer::write(const derived_table& n) {
  if (n.lateral) raw("LATERAL ");
  in_parens(*n.subquery);
}

void sql_writer::write(const table_function& n) {
  raw(n.lateral ? "LATERAL TABLE(" : "TABLE(");
  function_name(n.function.name);
  arguments(n.function);
  raw(")");
}

void sql_writer::write(const unnest& n) {
  raw("UNNEST(");
  values_of(n.arrays);
  raw(")");
  if (n.with_ordinality) raw(" WITH ORDINALITY");
}

void sql_writer::write(const join& n) {
  constexpr std::array<std::string_view, 6> kinds{", ",          " CROSS JOIN ", " JOIN ",
                                                  " LEFT JOIN ", " RIGHT JOIN ", " FULL JOIN "};
  // The right side of a join is one table or a join in parentheses; of a comma it is any join.
  bool right_parens = std::get_if<join>(&n.right->node) && n.kind != join_kind::comma;
  table(*n.left);
  if (n.natural) raw(" NATURAL");
  raw(kinds[static_cast<std::size_t>(n.kind)]);
  if (right_parens) raw("(");
  table(*n.right);
  if (right_parens) raw(")");
  if (n.on) {
    raw(" ON ");
    value(*n.on);
  }
  if (n.using_columns.empty()) return;
  raw(" USING (");
  names(n.using_columns);
  raw(")");
}

} // namespace sluice::sql::internal
