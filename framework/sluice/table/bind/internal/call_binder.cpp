// The part of expression_binder that binds calls: of functions, aggregates and window functions.
#include "sluice/table/bind/internal/expression_binder.hpp"

#include <fmt/format.h>

namespace sluice::table::internal {

namespace {

const std::map<std::string, rank_function, std::less<>> rank_functions{
  {"ROW_NUMBER", rank_function::row_number},
  {"RANK", rank_function::rank},
  {"DENSE_RANK", rank_function::dense_rank},
};

/// Functions that only have a meaning with OVER.
bool is_window_function(const std::string& name) {
  return rank_functions.contains(name) || name == "LAG" || name == "LEAD" || name == "NTILE"
         || name == "PERCENT_RANK" || name == "CUME_DIST" || name == "NTH_VALUE";
}

} // namespace

expression_ptr expression_binder::bind_node(const sql::call& n, const sql::expr& e) {
  if (n.name.parts.size() > 1)
    not_supported(n.name.where, fmt::format("functions of a catalog ({})", dotted(n.name)));
  auto name = upper_case(n.name.parts[0].text);
  if (n.over) return bind_over(name, n, e);
  if (env_.functions().is_aggregate(name)) return bind_aggregate(name, n, e);
  if (name == "GROUPING" || name == "GROUPING_ID" || name == "GROUP_ID")
    return bind_grouping(name, n, e);
  if (is_window_function(name))
    throw binding_error(at(e.where), fmt::format("{} needs an OVER clause", name));
  if (auto property = bind_window_property(name, n, e)) return property;
  return bind_scalar_call(name, n, e);
}

expression_ptr expression_binder::bind_scalar_call(const std::string& name, const sql::call& n,
                                                   const sql::expr& e) {
  if (n.star) throw binding_error(at(e.where), fmt::format("{}(*) has no meaning", name));
  if (n.quantifier != sql::set_quantifier::none || n.filter || !n.within_group.empty()
      || !n.order_by.empty() || n.nulls != sql::null_treatment::none)
    throw binding_error(at(e.where),
                        fmt::format("{} is no aggregate function: DISTINCT, FILTER, ORDER BY and "
                                    "the like are only for those",
                                    name));
  if (n.arguments.empty()) {
    if (name == "CURRENT_CATALOG")
      return expression::literal(scalar::of(env_.context.catalogs.current_catalog()), at(e.where));
    if (name == "CURRENT_DATABASE")
      return expression::literal(scalar::of(env_.context.catalogs.current_database()), at(e.where));
    if (name == "PROCTIME") {
      auto resolved = env_.functions().find_scalar(name)->resolve({});
      resolved.result = data_type::timestamp_ltz(3).not_null();
      return expression::call(name, std::move(resolved), {}, at(e.where));
    }
  }
  std::vector<expression_ptr> arguments;
  for (const auto& a : n.arguments) {
    if (a.name) not_supported(a.where, fmt::format("named arguments of {}", name));
    arguments.push_back(bind(a.value));
  }
  return call(name, std::move(arguments), e.where);
}

expression_ptr expression_binder::bind_aggregate(const std::string& name, const sql::call& n,
                                                 const sql::expr& e) {
  if (in_aggregate_) throw binding_error(at(e.where), "Aggregate expressions cannot be nested");
  if (!clause_.aggregates)
    throw binding_error(at(e.where),
                        fmt::format("Aggregate expression is illegal in {}", clause_.name));
  if (!n.within_group.empty()) not_supported(n.within_group[0].where, "WITHIN GROUP");
  if (!n.order_by.empty()) not_supported(n.order_by[0].where, "ORDER BY within an aggregate");
  bool ignores_nulls = n.nulls == sql::null_treatment::ignore;
  if (n.nulls != sql::null_treatment::none && name != "ARRAY_AGG")
    not_supported(e.where,
                  fmt::format("{} NULLS of {}", ignores_nulls ? "IGNORE" : "RESPECT", name));
  if (n.star && name != "COUNT")
    throw binding_error(at(e.where), fmt::format("{}(*) has no meaning", name));
  if (!n.star && n.arguments.empty())
    throw binding_error(at(e.where), fmt::format("{} needs an argument", name));

  aggregate_use use;
  use.name = name;
  use.position = at(e.where);
  use.distinct = n.quantifier == sql::set_quantifier::distinct;
  in_aggregate_ = true;
  for (const auto& a : n.arguments) {
    if (a.name) not_supported(a.where, fmt::format("named arguments of {}", name));
    use.arguments.push_back(bind(a.value));
  }
  if (ignores_nulls)
    use.arguments.push_back(expression::literal(scalar::of("IGNORE NULLS"), at(e.where)));
  if (n.filter) use.filter = bind_filter(*n.filter);
  in_aggregate_ = false;
  return add_aggregate(std::move(use));
}

expression_ptr expression_binder::bind_filter(const sql::expr& e) {
  auto outer_name = std::exchange(clause_.name, "FILTER");
  auto filter = bind_condition(e);
  clause_.name = std::move(outer_name);
  return filter;
}

expression_ptr expression_binder::add_aggregate(aggregate_use use) {
  std::vector<call_argument> types;
  for (const auto& a : use.arguments) types.push_back(argument_of(*a));
  use.function = env_.functions().aggregate(use.name, types, false, use.position);
  auto type = use.function->result();
  auto where = use.position;
  auto& all = clause_.into->aggregates;
  all.push_back(std::move(use));
  return expression::input(placeholder::aggregate + all.size() - 1, type, {}, where);
}

expression_ptr expression_binder::bind_grouping(const std::string& name, const sql::call& n,
                                                const sql::expr& e) {
  if (!clause_.aggregates || in_aggregate_)
    throw binding_error(at(e.where), fmt::format("{} is illegal in {}", name,
                                                 in_aggregate_ ? "an aggregate" : clause_.name));
  const bool group_id = name == "GROUP_ID";
  if (group_id && (n.star || !n.arguments.empty()))
    throw binding_error(at(e.where), "GROUP_ID takes no arguments");
  if (!group_id && (n.star || n.arguments.empty()))
    throw binding_error(at(e.where), fmt::format("{} needs an argument", name));
  constexpr std::size_t most_bits = 63;
  if (n.arguments.size() > most_bits)
    throw binding_error(at(e.where), fmt::format("{} of more than {} keys", name, most_bits));
  aggregate_use use;
  use.name = group_id ? "GROUP_ID" : "GROUPING";
  use.position = at(e.where);
  for (const auto& a : n.arguments) {
    if (a.name) not_supported(a.where, fmt::format("named arguments of {}", name));
    use.arguments.push_back(bind(a.value));
  }
  auto& all = clause_.into->aggregates;
  all.push_back(std::move(use));
  return expression::input(placeholder::aggregate + all.size() - 1, data_type::bigint().not_null(),
                           {}, at(e.where));
}

order_use expression_binder::bind_order(const sql::order_item& item) {
  order_use result;
  result.value = bind(item.value);
  result.descending = item.direction == sql::sort_direction::descending;
  result.nulls_first = item.nulls == sql::null_order::unspecified
                         ? !result.descending
                         : item.nulls == sql::null_order::first;
  return result;
}

const sql::window_spec& expression_binder::window_called(const sql::identifier& name) const {
  if (clause_.windows)
    for (const auto& w : *clause_.windows)
      if (w.name.text == name.text) return w.spec;
  throw binding_error(at(name.where), fmt::format("there is no window '{}'", name.text));
}

expression_ptr expression_binder::bind_over(const std::string& name, const sql::call& n,
                                            const sql::expr& e) {
  auto function = rank_functions.find(name);
  if (function == rank_functions.end())
    not_supported(e.where,
                  fmt::format("{} with OVER; there are ROW_NUMBER, RANK and DENSE_RANK", name));
  if (!clause_.overs || in_aggregate_)
    throw binding_error(at(e.where), fmt::format("Windowed aggregate expression is illegal in {}",
                                                 in_aggregate_ ? "an aggregate" : clause_.name));
  if (!n.arguments.empty() || n.star)
    throw binding_error(at(e.where), fmt::format("{} takes no arguments", name));
  if (n.filter) not_supported(e.where, "FILTER with OVER");

  over_use use;
  use.function = function->second;
  use.position = at(e.where);
  std::vector<const sql::window_spec*> specs{&*n.over};
  while (specs.back()->base && specs.size() < 100)
    specs.push_back(&window_called(*specs.back()->base));
  for (auto it = specs.rbegin(); it != specs.rend(); ++it) {
    if ((*it)->frame) throw binding_error(at((*it)->where), fmt::format("{} takes no frame", name));
    for (const auto& p : (*it)->partition_by) use.partition.push_back(bind(p));
    for (const auto& item : (*it)->order_by) use.order.push_back(bind_order(item));
  }
  if (use.order.empty())
    throw binding_error(at(e.where), fmt::format("{} needs an ORDER BY in its window", name));
  auto& all = clause_.into->overs;
  all.push_back(std::move(use));
  return expression::input(placeholder::over + all.size() - 1, data_type::bigint().not_null(), {},
                           at(e.where));
}

expression_ptr expression_binder::bind_window_property(const std::string& name, const sql::call& n,
                                                       const sql::expr& e) {
  auto underscore = name.find('_');
  auto kind = name.substr(0, underscore);
  if (kind != "TUMBLE" && kind != "HOP" && kind != "SESSION" && kind != "CUMULATE") return nullptr;
  auto property = underscore == std::string::npos ? std::string() : name.substr(underscore + 1);
  std::size_t column = property == "START" ? 0 : property == "END" ? 1 : 2;
  if (property != "START" && property != "END" && property != "ROWTIME" && property != "PROCTIME"
      && !property.empty())
    return nullptr;
  if (clause_.group_windows) {
    for (const auto& w : *clause_.group_windows) {
      if (upper_case(w.call->name.parts[0].text) != kind || w.call->arguments != n.arguments)
        continue;
      return column_of(*w.relation, w.first_column + column, at(e.where));
    }
  }
  throw binding_error(
    at(e.where), fmt::format("there is no group window {} with these arguments in GROUP BY", kind));
}

// -- JSON functions with clauses
// -----------------------------------------------------------------------

namespace {

std::string behavior_name(const sql::json_behavior& b, const char* unwritten) {
  switch (b.kind) {
  case sql::json_behavior_kind::none:
    return unwritten;
  case sql::json_behavior_kind::null:
    return "NULL";
  case sql::json_behavior_kind::error:
    return "ERROR";
  case sql::json_behavior_kind::true_value:
    return "TRUE";
  case sql::json_behavior_kind::false_value:
    return "FALSE";
  case sql::json_behavior_kind::unknown:
    return "UNKNOWN";
  case sql::json_behavior_kind::empty_array:
    return "EMPTY ARRAY";
  case sql::json_behavior_kind::empty_object:
    return "EMPTY OBJECT";
  case sql::json_behavior_kind::default_value:
    return "DEFAULT";
  }
  return unwritten;
}

bool written(const sql::json_behavior& b) { return b.kind != sql::json_behavior_kind::none; }

const char* wrapper_name(sql::json_wrapper w) {
  if (w == sql::json_wrapper::conditional) return "CONDITIONAL";
  return w == sql::json_wrapper::unconditional ? "UNCONDITIONAL" : "WITHOUT";
}

const char* name_of(sql::json_function f) {
  switch (f) {
  case sql::json_function::exists:
    return "JSON_EXISTS";
  case sql::json_function::value:
    return "JSON_VALUE";
  case sql::json_function::query:
    return "JSON_QUERY";
  case sql::json_function::object:
    return "JSON_OBJECT";
  case sql::json_function::array:
    return "JSON_ARRAY";
  case sql::json_function::objectagg:
    return "JSON_OBJECTAGG";
  case sql::json_function::arrayagg:
    return "JSON_ARRAYAGG";
  }
  return "";
}

bool makes_json(sql::json_function f) { return f > sql::json_function::query; }

} // namespace

/// Values of the query go in as what they are, JSON that is put together in it as JSON.
expression_ptr expression_binder::bind_json_constructor(const sql::json_call& n,
                                                        const sql::expr& e) {
  bool object = n.function == sql::json_function::object;
  std::string how(1, n.absent_on_null.value_or(!object) ? 'A' : 'N');
  for (const auto& item : n.items) {
    const auto* inner = item.as<sql::json_call>();
    how += inner && makes_json(inner->function) ? 'j' : 'v';
  }
  std::vector<expression_ptr> arguments{expression::literal(scalar::of(how), at(e.where))};
  for (auto& item : bind_all(n.items)) arguments.push_back(std::move(item));
  return call(name_of(n.function), std::move(arguments), e.where);
}

expression_ptr expression_binder::bind_json_aggregate(const sql::json_call& n, const sql::expr& e) {
  if (in_aggregate_) throw binding_error(at(e.where), "Aggregate expressions cannot be nested");
  if (!clause_.aggregates)
    throw binding_error(at(e.where),
                        fmt::format("Aggregate expression is illegal in {}", clause_.name));
  bool object = n.function == sql::json_function::objectagg;
  aggregate_use use;
  use.name = name_of(n.function);
  use.position = at(e.where);
  in_aggregate_ = true;
  const auto& last = n.items.back();
  const auto* inner = last.as<sql::json_call>();
  auto value = bind(last);
  if (!inner || !makes_json(inner->function)) value = call("JSON_STRING", {value}, last.where);
  if (!n.absent_on_null.value_or(!object))
    value = call("COALESCE", {value, expression::literal(scalar::of("null"))}, last.where);
  if (object) {
    auto key = bind(n.items[0]);
    if (!key->type().is_character())
      throw binding_error(at(n.items[0].where), "a key of JSON_OBJECTAGG must be a text");
    value = call(
      "||",
      {call("||",
            {call("JSON_STRING", {key}, n.items[0].where), expression::literal(scalar::of(":"))},
            e.where),
       value},
      e.where);
  }
  use.arguments = {value};
  if (n.filter) use.filter = bind_filter(*n.filter);
  in_aggregate_ = false;
  return add_aggregate(std::move(use));
}

expression_ptr expression_binder::bind_node(const sql::json_call& n, const sql::expr& e) {
  if (n.function >= sql::json_function::objectagg) return bind_json_aggregate(n, e);
  if (n.function > sql::json_function::query) return bind_json_constructor(n, e);
  auto arguments = bind_all(n.items);
  auto text
    = [&](const std::string& value) { return expression::literal(scalar::of(value), at(e.where)); };
  auto fallback = [&](const sql::json_behavior& b) {
    if (b.value) return as_type(bind(*b.value), data_type::string());
    return expression::literal(scalar(data_type::string()), at(e.where));
  };
  switch (n.function) {
  case sql::json_function::exists:
    if (written(n.on_error)) arguments.push_back(text(behavior_name(n.on_error, "FALSE")));
    break;
  case sql::json_function::value:
    if (!written(n.on_empty) && !written(n.on_error)) break;
    arguments.push_back(text(behavior_name(n.on_empty, "NULL")));
    arguments.push_back(fallback(n.on_empty));
    arguments.push_back(text(behavior_name(n.on_error, "NULL")));
    arguments.push_back(fallback(n.on_error));
    break;
  default:
    if (!written(n.on_empty) && !written(n.on_error) && n.wrapper == sql::json_wrapper::none) break;
    arguments.push_back(text(wrapper_name(n.wrapper)));
    arguments.push_back(text(behavior_name(n.on_empty, "NULL")));
    arguments.push_back(text(behavior_name(n.on_error, "NULL")));
  }
  auto value = call(name_of(n.function), std::move(arguments), e.where);
  if (!n.returning) return value;
  if (n.function == sql::json_function::query && n.returning->name != "VARCHAR"
      && n.returning->name != "STRING")
    not_supported(n.returning->where, "JSON_QUERY that returns something else than STRING");
  return expression::cast(value, type_of(*n.returning), at(e.where));
}

expression_ptr expression_binder::bind_node(const sql::table_argument&, const sql::expr& e) {
  throw binding_error(at(e.where), "a table can only be the argument of a table function");
}

expression_ptr expression_binder::bind_node(const sql::descriptor&, const sql::expr& e) {
  throw binding_error(at(e.where), "DESCRIPTOR can only be the argument of a table function");
}

} // namespace sluice::table::internal
