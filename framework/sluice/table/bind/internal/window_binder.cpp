// TUMBLE, HOP, CUMULATE and SESSION: table functions in FROM, and group windows of GROUP BY.
#include "sluice/table/bind/internal/query_binder.hpp"
#include "sluice/table/expr/similar_names.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace sluice::table::internal {

namespace {

struct window_function {
  window_kind kind;
  /// Names of the arguments behind the table and the time column, in the order of their places.
  std::vector<std::string> intervals;
};

const std::map<std::string, window_function, std::less<>> window_functions{
  {"TUMBLE", {window_kind::tumble, {"SIZE", "OFFSET"}}},
  {"HOP", {window_kind::hop, {"SLIDE", "SIZE", "OFFSET"}}},
  {"CUMULATE", {window_kind::cumulate, {"STEP", "SIZE", "OFFSET"}}},
  {"SESSION", {window_kind::session, {"GAP"}}},
};

/// Microseconds of an argument that must be a literal of days and smaller.
std::int64_t micros_of(const expression_ptr& value, const std::string& name) {
  if (value->kind() != expression_kind::literal || value->value().is_null()
      || !value->type().is(type_root::interval_day_time))
    throw binding_error(
      value->position(),
      fmt::format("{} must be an INTERVAL of days, hours, minutes or seconds", name));
  return value->value().integer() * 1000;
}

/// Checks what Flink checks of the lengths.
void check_lengths(const window_spec& w, const std::string& name, source_position where) {
  if (w.size <= 0 || w.slide <= 0)
    throw binding_error(where, fmt::format("the intervals of {} must be positive", name));
  if (w.kind == window_kind::cumulate && w.size % w.slide != 0)
    throw binding_error(where,
                        fmt::format("{} table function based aggregate requires maxSize must be an "
                                    "integral multiple of step, but got maxSize {} ms and step {} "
                                    "ms",
                                    name, w.size / 1000, w.slide / 1000));
  if (w.kind == window_kind::hop && w.size % w.slide != 0)
    throw binding_error(where,
                        fmt::format("{} table function based aggregate requires size must be an "
                                    "integral multiple of slide, but got size {} ms and slide {} "
                                    "ms",
                                    name, w.size / 1000, w.slide / 1000));
}

/// Sets what the time column decides. Errors: `binding_error` if windows cannot be made of it.
void set_time_column(window_spec& w, const relation& input, std::size_t column,
                     const environment& env, const std::string& name, source_position where) {
  const auto& c = input.columns.at(column);
  w.time_column = column;
  w.processing_time = c.time == time_attribute::processing_time;
  w.local_time = c.type.is(type_root::timestamp_ltz);
  bool batch = env.context.session.mode == execution_mode::batch;
  if (c.time == time_attribute::none && !(batch && c.type.is_timestamp()))
    throw binding_error(where, fmt::format("The window function {} requires the timecol is a time "
                                           "attribute type, but '{}' is {}",
                                           name, c.name, c.type.to_string()));
}

/// Arguments of a window function by name.
class window_arguments {
public:
  window_arguments(const sql::call& call, std::string name, const window_function& function)
    : call_(call), name_(std::move(name)) {
    names_ = {"DATA", "TIMECOL"};
    names_.insert(names_.end(), function.intervals.begin(), function.intervals.end());
    for (std::size_t i = 0; i < call.arguments.size(); ++i) add(call.arguments[i], i);
  }

  const sql::expr* find(const std::string& name) const {
    auto it = values_.find(name);
    return it == values_.end() ? nullptr : it->second;
  }
  const sql::expr& get(const std::string& name) const {
    if (const auto* e = find(name)) return *e;
    throw binding_error(at(call_.name.where), fmt::format("{} needs the argument {}; its arguments "
                                                          "are {}",
                                                          name_, name, listed()));
  }

private:
  void add(const sql::argument& argument, std::size_t place) {
    if (place >= names_.size())
      throw binding_error(at(argument.where),
                          fmt::format("{} has too many arguments; they are {}", name_, listed()));
    auto name = argument.name ? upper_case(argument.name->text) : names_[place];
    if (std::find(names_.begin(), names_.end(), name) == names_.end())
      throw binding_error(at(argument.where),
                          fmt::format("{} has no argument {}; they are {}{}", name_, name, listed(),
                                      did_you_mean(name, names_)));
    if (!values_.emplace(name, &argument.value).second)
      throw binding_error(at(argument.where), fmt::format("{} is given twice", name));
  }

  std::string listed() const {
    std::string text;
    for (const auto& n : names_) text += (text.empty() ? "" : ", ") + n;
    return text;
  }

  const sql::call& call_;
  std::string name_;
  std::vector<std::string> names_;
  std::map<std::string, const sql::expr*> values_;
};

relation_ptr bind_data(const sql::expr& e, bool session, const environment& env) {
  if (const auto* table = e.as<sql::table_argument>()) {
    if (!table->order_by.empty()) not_supported(e.where, "ORDER BY of a table that is an argument");
    if (!table->partition_by.empty() && !session)
      throw binding_error(at(table->partition_by[0].where),
                          "only SESSION takes PARTITION BY: other windows are the same for all "
                          "rows");
    sql::table_ref from;
    from.where = table->table.where;
    from.node = sql::named_table{table->table, {}, {}};
    return bind_from(from, env).relation;
  }
  if (const auto* query = e.as<sql::scalar_subquery>())
    return bind_whole_query(*query->subquery, env);
  throw binding_error(at(e.where), "the argument DATA must be TABLE and a name");
}

std::size_t bind_time_column(const sql::expr& e, const relation& input, const environment& env) {
  const auto* d = e.as<sql::descriptor>();
  if (!d || d->columns.size() != 1)
    throw binding_error(at(e.where), "the argument TIMECOL must be DESCRIPTOR with one column");
  sql::object_name name;
  name.where = d->columns[0].where;
  name.parts = d->columns;
  return scope::of(input).find(name, env.functions())->index();
}

/// The columns of PARTITION BY behind the table of SESSION.
std::vector<std::size_t> bind_partition(const sql::expr& data, const relation& input,
                                        const environment& env) {
  std::vector<std::size_t> columns;
  const auto* table = data.as<sql::table_argument>();
  if (!table) return columns;
  auto names = scope::of(input);
  clause what;
  what.name = "PARTITION BY";
  expression_binder binder(env, names, what);
  for (const auto& e : table->partition_by) {
    auto value = binder.bind(e);
    if (value->kind() != expression_kind::input)
      not_supported(e.where, "PARTITION BY of what is no column");
    columns.push_back(value->index());
  }
  return columns;
}

} // namespace

relation_ptr bind_window_function(const sql::call& call, const environment& env,
                                  const sql::source_range& where) {
  auto name = upper_case(call.name.parts.back().text);
  auto it = window_functions.find(name);
  if (it == window_functions.end())
    not_supported(where, fmt::format("the table function {}; there are TUMBLE, HOP, CUMULATE and "
                                     "SESSION",
                                     name));
  window_arguments arguments(call, name, it->second);
  const auto& data = arguments.get("DATA");
  const bool session = it->second.kind == window_kind::session;
  auto input = bind_data(data, session, env);
  window_spec w;
  w.kind = it->second.kind;
  const auto& time = arguments.get("TIMECOL");
  set_time_column(w, *input, bind_time_column(time, *input, env), env, name, at(time.where));

  scope nothing;
  clause what;
  what.name = name;
  expression_binder binder(env, nothing, what);
  auto length = [&](const char* argument) {
    return micros_of(binder.bind(arguments.get(argument)), argument);
  };
  if (session && w.processing_time) not_supported(where, "SESSION windows over processing time");
  w.size = length(session ? "GAP" : "SIZE");
  w.slide = w.kind == window_kind::hop        ? length("SLIDE")
            : w.kind == window_kind::cumulate ? length("STEP")
                                              : w.size;
  if (const auto* offset = arguments.find("OFFSET"))
    w.offset = micros_of(binder.bind(*offset), "OFFSET");
  check_lengths(w, name, at(where));
  auto partition = bind_partition(data, *input, env);
  return relation::window_table(std::move(input), {w, std::move(partition)}, at(where));
}

// -- group windows
// ----------------------------------------------------------------------------------

bool is_group_window(const sql::expr& e) {
  const auto* call = e.as<sql::call>();
  if (!call || call->name.parts.size() != 1) return false;
  auto name = upper_case(call->name.parts[0].text);
  return name == "TUMBLE" || name == "HOP" || name == "SESSION" || name == "CUMULATE";
}

relation_ptr bind_group_window(const sql::call& call, relation_ptr input, expression_binder& binder,
                               const environment& env, const sql::source_range& where) {
  auto name = upper_case(call.name.parts[0].text);
  if (name == "SESSION")
    not_supported(where, "SESSION in GROUP BY; use the table function SESSION(TABLE .. PARTITION "
                         "BY .., DESCRIPTOR(..), gap)");
  if (name == "CUMULATE") not_supported(where, "CUMULATE in GROUP BY; use the table function");
  std::size_t wanted = name == "HOP" ? 3 : 2;
  if (call.arguments.size() != wanted)
    throw binding_error(at(where), fmt::format("{} in GROUP BY takes a time column and {}", name,
                                               wanted == 3 ? "two intervals" : "an interval"));
  auto time = binder.bind(call.arguments[0].value);
  if (time->kind() != expression_kind::input)
    throw binding_error(time->position(),
                        fmt::format("Group window {} requires a time attribute column", name));
  window_spec w;
  w.kind = name == "HOP" ? window_kind::hop : window_kind::tumble;
  set_time_column(w, *input, time->index(), env, name, time->position());
  // HOP(ts, slide, size)
  w.size = micros_of(binder.bind(call.arguments.back().value), "the size");
  w.slide = wanted == 3 ? micros_of(binder.bind(call.arguments[1].value), "the slide") : w.size;
  check_lengths(w, name, at(where));
  return relation::window_table(std::move(input), {w, {}}, at(where));
}

} // namespace sluice::table::internal
