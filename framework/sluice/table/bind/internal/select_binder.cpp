#include "sluice/table/bind/internal/joins.hpp"
#include "sluice/table/bind/internal/query_binder.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace sluice::table::internal {

clause select_binder::clause_called(std::string name) {
  clause result;
  result.name = std::move(name);
  result.into = &collected_;
  result.windows = &select_.windows;
  result.select = &select_;
  result.group_windows = &group_windows_;
  return result;
}

void select_binder::check_hints() const {
  for (const auto& h : select_.hints)
    not_supported(h.where, fmt::format("the hint {}", h.name.text));
}

// -- FROM and WHERE
// ------------------------------------------------------------------------------

void select_binder::bind_input() {
  check_hints();
  if (select_.from) {
    auto from = bind_from(*select_.from, env_);
    input_ = std::move(from.relation);
    names_ = std::move(from.names);
  } else {
    input_ = single_row();
  }
  names_.outer = env_.outer;
  if (select_.where) bind_where(*select_.where);
}

void select_binder::bind_conditions(const sql::expr& condition, expression_binder& binder,
                                    std::vector<expression_ptr>& plain,
                                    std::vector<subquery_condition>& subqueries) {
  const auto* chain = condition.as<sql::logical>();
  if (chain && chain->op == sql::logical_op::logical_and) {
    for (const auto& operand : chain->operands) bind_conditions(operand, binder, plain, subqueries);
  } else if (is_subquery_condition(condition)) {
    subqueries.push_back(bind_subquery_condition(condition, env_, names_, binder));
  } else {
    plain.push_back(binder.bind_condition(condition));
  }
}

void select_binder::bind_where(const sql::expr& condition) {
  auto what = clause_called("WHERE");
  what.outer = true;
  expression_binder binder(env_, names_, what);
  std::vector<expression_ptr> plain;
  std::vector<subquery_condition> subqueries;
  bind_conditions(condition, binder, plain, subqueries);
  auto same = [](const expression_ptr& e) { return e; };
  auto width = input_->columns.size();
  auto where = at(condition.where);
  // Conditions that need no subquery first: there is less to join then.
  std::vector<expression_ptr> first;
  std::vector<expression_ptr> later;
  for (auto& c : plain) {
    auto inputs = inputs_of(*c);
    bool needs_subquery = !inputs.empty() && inputs.back() >= placeholder::subquery;
    if (reads_outer(*c)) {
      if (needs_subquery)
        not_supported(select_.where->where, "a subquery in a correlated condition");
      correlated_.push_back(c);
    } else {
      (needs_subquery ? later : first).push_back(c);
    }
  }
  if (!first.empty()) input_ = filtered(std::move(input_), std::move(first), where);
  if (!later.empty()) {
    join_subqueries(same);
    for (auto& c : later) c = resolve(c);
    input_ = filtered(std::move(input_), std::move(later), where);
    input_ = first_columns(std::move(input_), width, where);
  }
  for (const auto& s : subqueries) input_ = apply(std::move(input_), s, same, env_.functions());
  collected_ = {};
  subquery_values_.clear();
}

// -- placeholders
// ---------------------------------------------------------------------------------

void select_binder::join_subqueries(const rewriter& rewrite) {
  for (const auto& use : collected_.subqueries) {
    auto [joined, value] = join_value(std::move(input_), use, rewrite, env_.functions());
    input_ = std::move(joined);
    subquery_values_.push_back(std::move(value));
  }
}

expression_ptr select_binder::resolve(const expression_ptr& tree) const {
  return transform(tree, [&](const expression_ptr& e) -> expression_ptr {
    if (e->kind() != expression_kind::input) return e;
    if (e->index() >= placeholder::subquery)
      return subquery_values_.at(e->index() - placeholder::subquery);
    if (e->index() >= placeholder::over)
      return column_of(*input_, over_columns_.at(e->index() - placeholder::over), e->position());
    return e;
  });
}

void select_binder::add_overs(const rewriter& rewrite) {
  for (const auto& use : collected_.overs) {
    auto width = input_->columns.size();
    std::vector<expression_ptr> added;
    std::vector<std::string> names;
    auto column = [&](const expression_ptr& raw) {
      auto value = resolve(rewrite(raw));
      if (value->kind() == expression_kind::input) return value->index();
      names.push_back(fmt::format("$over{}", width + added.size()));
      added.push_back(value);
      return width + added.size() - 1;
    };
    over_rank_node node;
    node.function = use.function;
    for (const auto& p : use.partition) node.partition.push_back(column(p));
    for (const auto& o : use.order)
      node.order.push_back({column(o.value), o.descending, o.nulls_first});
    auto below = with_columns(std::move(input_), added, names, use.position);
    over_columns_.push_back(below->columns.size());
    input_ = relation::over_rank(std::move(below), std::move(node),
                                 fmt::format("$rank{}", over_columns_.size() - 1), use.position);
  }
}

// -- SELECT
// ---------------------------------------------------------------------------------------

void select_binder::bind_star(const sql::star& star, const sql::select_item& item,
                              std::vector<output_item>& out) {
  if (!select_.from) throw binding_error(at(item.where), "SELECT * requires a FROM clause");
  auto columns = star.table ? names_.all_of(*star.table, env_.functions()) : names_.all();
  for (auto& c : columns) {
    // The place of the star is where errors about the column are.
    auto value
      = c.value->kind() == expression_kind::input
          ? expression::input(c.value->index(), c.value->type(), c.value->name(), at(item.where))
          : c.value;
    out.push_back({std::move(value), c.name});
  }
}

namespace {

/// The name of a column that has no alias.
std::string derived_name(const sql::expr& e, std::size_t number) {
  if (const auto* column = e.as<sql::column_ref>()) return column->name.parts.back().text;
  if (const auto* field = e.as<sql::field_access>()) return field->field.text;
  return fmt::format("EXPR${}", number);
}

} // namespace

std::vector<select_binder::output_item> select_binder::bind_items() {
  auto what = clause_called("SELECT");
  what.aggregates = true;
  what.overs = true;
  expression_binder binder(env_, names_, what);
  std::vector<output_item> result;
  for (const auto& item : select_.items) {
    if (const auto* star = std::get_if<sql::star>(&item.value)) {
      bind_star(*star, item, result);
      continue;
    }
    const auto& e = std::get<sql::expr>(item.value);
    auto name = item.alias ? item.alias->text : derived_name(e, result.size());
    result.push_back({binder.bind(e), std::move(name), item.alias.has_value()});
  }
  return result;
}

std::vector<order_use> select_binder::bind_order(const ordering& order,
                                                 const std::vector<output_item>& items) {
  std::vector<order_use> result;
  if (!order.sorted()) return result;
  std::map<std::string, expression_ptr> aliases;
  std::vector<expression_ptr> values;
  for (const auto& i : items) {
    values.push_back(i.value);
    if (i.aliased) aliases.emplace(i.name, i.value);
  }
  auto what = clause_called("ORDER BY");
  what.aggregates = true;
  what.overs = true;
  what.aliases = &aliases;
  expression_binder binder(env_, names_, what);
  for (const auto& item : *order.items) result.push_back(order_value(item, binder, values));
  return result;
}

relation_ptr select_binder::finish(const ordering& order) {
  find_group_windows();
  auto items = bind_items();
  std::vector<expression_ptr> having;
  std::vector<subquery_condition> having_subqueries;
  if (select_.having) {
    auto what = clause_called("HAVING");
    what.aggregates = true;
    expression_binder binder(env_, names_, what);
    bind_conditions(*select_.having, binder, having, having_subqueries);
  }
  auto order_by = bind_order(order, items);

  auto where = at(where_);
  rewriter rewrite = [](const expression_ptr& e) { return e; };
  std::optional<grouped_relation> grouped;
  if (!select_.group_by.empty() || select_.having || !collected_.aggregates.empty()) {
    auto groups = bind_groups();
    single_ = select_.group_by.empty() && !select_.having && order.empty();
    grouped.emplace(input_, std::move(groups), collected_.aggregates, env_.functions(), where);
    input_ = grouped->relation();
    rewrite = [&](const expression_ptr& e) { return grouped->rewrite(e); };
  }
  // Errors about columns come in the order of the text.
  for (auto& i : items) i.value = rewrite(i.value);
  for (auto& h : having) h = rewrite(h);
  for (auto& o : order_by) o.value = rewrite(o.value);

  join_subqueries(rewrite);
  for (auto& h : having) h = resolve(h);
  if (!having.empty()) input_ = filtered(std::move(input_), std::move(having), where);
  for (const auto& s : having_subqueries)
    input_ = apply(std::move(input_), s, rewrite, env_.functions());
  add_overs(rewrite);
  for (auto& i : items) i.value = resolve(i.value);
  for (auto& o : order_by) o.value = resolve(o.value);
  return output(std::move(items), std::move(order_by), order);
}

relation_ptr select_binder::output(std::vector<output_item> items, std::vector<order_use> order,
                                   const ordering& ordering) {
  auto where = at(where_);
  std::vector<expression_ptr> values;
  std::vector<std::string> names;
  for (auto& i : items) {
    values.push_back(std::move(i.value));
    names.push_back(std::move(i.name));
  }
  make_unique(names);
  auto width = values.size();
  bool is_distinct = select_.quantifier == sql::set_quantifier::distinct;

  sort_node sort;
  sort.offset = ordering.offset;
  sort.limit = ordering.limit;
  for (const auto& o : order) {
    auto found = std::find_if(values.begin(), values.end(), [&](const expression_ptr& v) {
      return v == o.value || *v == *o.value;
    });
    if (found == values.end() && is_distinct)
      throw binding_error(
        o.value->position(),
        fmt::format("Expression '{}' is not in the select clause", o.value->to_string()));
    sort.keys.push_back(
      {static_cast<std::size_t>(found - values.begin()), o.descending, o.nulls_first});
    if (found != values.end()) continue;
    names.push_back(fmt::format("$order{}", values.size() - width));
    values.push_back(o.value);
  }
  auto result = project(std::move(input_), std::move(values), std::move(names), where);
  if (is_distinct) result = distinct(std::move(result), where);
  if (!ordering.empty()) result = relation::sort(std::move(result), std::move(sort), where);
  return first_columns(std::move(result), width, where);
}

// -- a select for each value of some keys
// ---------------------------------------------------------------

select_binder::keyed select_binder::finish_keyed(const std::vector<expression_ptr>& keys) {
  auto what = clause_called("SELECT");
  what.aggregates = true;
  expression_binder binder(env_, names_, what);
  const auto* e
    = select_.items.size() == 1 ? std::get_if<sql::expr>(&select_.items[0].value) : nullptr;
  if (!e || !select_.group_by.empty() || select_.having
      || select_.quantifier == sql::set_quantifier::distinct)
    not_supported(where_,
                  "a correlated subquery that is more than one expression FROM .. WHERE ..");
  auto value = binder.bind(*e);
  if (!collected_.subqueries.empty())
    not_supported(e->where, "a subquery in a correlated subquery");
  const auto& functions = env_.functions();
  if (collected_.aggregates.empty()) {
    std::vector<call_argument> types{argument_of(*value)};
    aggregate_use use{"SINGLE_VALUE",
                      {value},
                      nullptr,
                      false,
                      functions.aggregate("SINGLE_VALUE", types, false, at(where_)),
                      at(where_)};
    value = expression::input(placeholder::aggregate, use.function->result(), {}, at(e->where));
    collected_.aggregates.push_back(std::move(use));
  }
  grouping groups;
  std::vector<std::size_t> columns;
  for (const auto& k : keys) columns.push_back(groups.add(k));
  // A group that does not exist has a COUNT of 0, and NULL for all else.
  auto counted = transform(value, [&](const expression_ptr& n) -> expression_ptr {
    if (n->kind() != expression_kind::input || n->index() < placeholder::aggregate) return n;
    if (collected_.aggregates.at(n->index() - placeholder::aggregate).name != "COUNT") return n;
    auto zero = expression::literal(scalar::of(std::int64_t{0}));
    auto count = expression::input(n->index(), n->type().as_nullable(), {}, n->position());
    return expression::coalesce({count, zero}, n->position());
  });
  grouped_relation grouped(input_, groups, collected_.aggregates, functions, at(where_));
  return {grouped.relation(), grouped.rewrite(counted)};
}

} // namespace sluice::table::internal
