// INSERT: what a query gives against what a table takes.
#include "sluice/table/bind/binder.hpp"
#include "sluice/table/bind/internal/query_binder.hpp"
#include "sluice/table/bind/internal/tables.hpp"
#include "sluice/table/expr/cast.hpp"
#include "sluice/table/expr/similar_names.hpp"
#include "sluice/table/types/type_rules.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

namespace sluice::table {

namespace {

using internal::at;

/// A column that INSERT writes.
struct target_column {
  std::string name;
  data_type type;
  bool metadata = false;
};

/// The table that is written.
struct target {
  object_path path;
  const catalog_table* table = nullptr;
  /// Physical columns and metadata columns that are not virtual, in the order of the table.
  std::vector<target_column> columns;
  std::map<std::string, std::string> options;
  source_position position;

  std::vector<std::string> names() const {
    std::vector<std::string> result;
    for (const auto& c : columns) result.push_back(c.name);
    return result;
  }
  std::size_t number_of(const sql::identifier& name) const {
    for (std::size_t i = 0; i < columns.size(); ++i)
      if (columns[i].name == name.text) return i;
    throw binding_error(at(name.where), fmt::format("Unknown target column '{}'{}", name.text,
                                                    did_you_mean(name.text, names())));
  }
};

target target_of(const sql::object_name& name, const std::vector<sql::hint>& hints,
                 const bind_context& context) {
  target result;
  result.position = at(name.where);
  result.path = context.catalogs.resolve(name);
  const auto& object = context.catalogs.get(name);
  result.table = std::get_if<catalog_table>(&object);
  if (!result.table)
    throw binding_error(result.position, fmt::format("{} is a view: nothing can be inserted",
                                                     result.path.to_string()));
  for (const auto& c : result.table->columns) {
    if (c.kind == column_kind::computed) continue;
    if (c.kind == column_kind::metadata && c.metadata_virtual) continue;
    result.columns.push_back({c.name, c.type, c.kind == column_kind::metadata});
  }
  result.options = internal::with_hints(result.table->options, hints);
  return result;
}

std::string schema_text(const std::vector<relation_column>& columns) {
  std::string text;
  for (const auto& c : columns)
    text += fmt::format("{}{}: {}", text.empty() ? "" : ", ", c.name, c.type.to_string());
  return "[" + text + "]";
}

[[noreturn]] void throw_mismatch(const target& to, const relation& from,
                                 const std::vector<std::size_t>& columns, const std::string& cause,
                                 source_position where) {
  std::vector<relation_column> sink;
  for (auto i : columns) sink.push_back({to.columns[i].name, to.columns[i].type});
  throw binding_error(where, fmt::format("Column types of query result and sink for '{}' do not "
                                         "match.\nCause: {}\n\nQuery schema: {}\nSink schema:  {}",
                                         internal::full_name(to.path), cause,
                                         schema_text(from.columns), schema_text(sink)));
}

/// Which columns of the table the query gives, by place; those of PARTITION are fixed.
std::vector<std::size_t> given_columns(const sql::insert& insert, const target& to,
                                       const std::map<std::size_t, expression_ptr>& fixed) {
  std::vector<std::size_t> result;
  if (insert.columns.empty()) {
    for (std::size_t i = 0; i < to.columns.size(); ++i)
      if (!fixed.contains(i)) result.push_back(i);
    return result;
  }
  std::set<std::size_t> seen;
  for (const auto& name : insert.columns) {
    auto i = to.number_of(name);
    if (fixed.contains(i))
      throw binding_error(at(name.where),
                          fmt::format("Target column '{}' has its value in PARTITION "
                                      "already",
                                      name.text));
    if (!seen.insert(i).second)
      throw binding_error(at(name.where),
                          fmt::format("Target column '{}' is assigned more than once", name.text));
    result.push_back(i);
  }
  return result;
}

/// A literal as a value of the column. Errors: `binding_error` if it is none.
expression_ptr static_value(const expression_ptr& value, const data_type& type,
                            const internal::environment& env) {
  if (value->kind() != expression_kind::literal)
    throw binding_error(value->position(), "the value of a partition must be a literal");
  auto cast = expression::cast(value, type, value->position());
  if (cast->kind() == expression_kind::literal) return cast;
  expression_context context;
  context.zone = env.context.session.zone;
  try {
    return expression::literal(cast_scalar(value->value(), cast->type(), context),
                               value->position());
  } catch (const error& e) {
    throw binding_error(value->position(), e.what());
  }
}

std::map<std::size_t, expression_ptr> partition_values(const sql::insert& insert, const target& to,
                                                       const internal::environment& env) {
  std::map<std::size_t, expression_ptr> result;
  const auto& keys = to.table->partition_keys;
  for (const auto& p : insert.partition) {
    if (std::find(keys.begin(), keys.end(), p.column.text) == keys.end())
      throw binding_error(at(p.column.where),
                          fmt::format("'{}' is no partition column of {}{}", p.column.text,
                                      to.path.to_string(), did_you_mean(p.column.text, keys)));
    if (!p.value) continue; // the query gives it
    auto i = to.number_of(p.column);
    internal::scope nothing;
    internal::clause what;
    what.name = "PARTITION";
    auto value = internal::expression_binder(env, nothing, what).bind(*p.value);
    // As in Flink, the text '2020-01-01' may be the value of a DATE.
    value = static_value(value, to.columns[i].type, env);
    if (!result.emplace(i, std::move(value)).second)
      throw binding_error(at(p.column.where), fmt::format("'{}' is given twice", p.column.text));
  }
  return result;
}

bool fits(const scalar& value, const data_type& to) {
  if (value.is_null()) return true;
  if (!value.type().is_integer() || !to.is_integer()) return false;
  auto bits = to.is(type_root::tinyint)    ? 7
              : to.is(type_root::smallint) ? 15
              : to.is(type_root::integer)  ? 31
                                           : 63;
  auto n = value.integer();
  return bits == 63 || (n >= -(std::int64_t{1} << bits) && n < (std::int64_t{1} << bits));
}

/// Whether a column of a query is only literals, and all fit into a smaller type than they have.
bool literals_fit(const relation& query, std::size_t column, const data_type& to) {
  if (const auto* values = query.as<values_node>())
    return std::all_of(values->rows.begin(), values->rows.end(),
                       [&](const std::vector<scalar>& row) { return fits(row[column], to); });
  const auto* project = query.as<project_node>();
  if (!project) return false;
  const auto& e = *project->expressions[column];
  return e.kind() == expression_kind::literal && fits(e.value(), to);
}

/// What a value is cast to for a column of this type. Texts keep their length here at any depth:
/// whether a sink cuts them is for `table.exec.sink.type-length-enforcer` to say.
data_type any_length(const data_type& type) {
  if (type.is_character()) return data_type::string().with_nullable(type.nullable());
  if (type.is_binary()) return data_type::bytes().with_nullable(type.nullable());
  if (!type.is_nested()) return type;
  std::vector<data_type> children;
  for (const auto& child : type.children()) children.push_back(any_length(child));
  auto result = [&] {
    if (type.is(type_root::array)) return data_type::array(children[0]);
    if (type.is(type_root::map)) return data_type::map(children[0], children[1]);
    std::vector<data_type::field> fields;
    for (std::size_t i = 0; i < children.size(); ++i)
      fields.push_back({type.field_names()[i], children[i]});
    return data_type::row(std::move(fields));
  }();
  return result.with_nullable(type.nullable());
}

/// `input` as the columns of the sink: physical ones, then metadata.
relation_ptr as_sink_input(relation_ptr input, const target& to,
                           const std::vector<std::size_t>& given,
                           const std::map<std::size_t, expression_ptr>& fixed,
                           source_position where) {
  if (input->columns.size() != given.size())
    throw_mismatch(to, *input, given, "Different number of columns.", where);
  std::map<std::size_t, expression_ptr> values = fixed;
  for (std::size_t k = 0; k < given.size(); ++k) {
    const auto& column = to.columns[given[k]];
    auto value = column_of(*input, k);
    if (!can_cast_implicitly(value->type(), column.type) && !literals_fit(*input, k, column.type))
      throw_mismatch(
        to, *input, given,
        fmt::format("Incompatible types for sink column '{}' at position {}.", column.name, k),
        where);
    values.emplace(given[k], internal::as_type(value, any_length(column.type)));
  }
  std::vector<expression_ptr> expressions;
  std::vector<std::string> names;
  bool same = true;
  for (bool metadata : {false, true}) {
    for (std::size_t i = 0; i < to.columns.size(); ++i) {
      const auto& column = to.columns[i];
      if (column.metadata != metadata) continue;
      auto it = values.find(i);
      if (it == values.end() && !column.type.nullable())
        throw binding_error(
          to.position,
          fmt::format("Column '{}' has no default value and does not allow NULLs", column.name));
      expressions.push_back(it == values.end() ? expression::literal(scalar(column.type))
                                               : it->second);
      names.push_back(column.name);
      auto number = expressions.size() - 1;
      same = same && expressions.back()->kind() == expression_kind::input
             && expressions.back()->index() == number && input->columns[number].name == column.name;
    }
  }
  if (same && expressions.size() == input->columns.size()) return input;
  return internal::project(std::move(input), std::move(expressions), std::move(names), where);
}

relation_ptr make_sink(relation_ptr input, const target& to, bool overwrite,
                       const bind_context& context) {
  auto table = *to.table;
  table.options = to.options;
  auto name = internal::full_name(to.path);
  auto description = table.describe(name);
  sink_node node;
  node.table = name;
  node.connector = description.connector;
  for (bool metadata : {false, true})
    for (const auto& c : to.columns)
      if (c.metadata == metadata) node.declared.push_back({c.name, c.type});
  internal::located(to.position, [&] {
    node.sink = context.connectors.sink(description, context.session);
    if (overwrite) node.sink = node.sink->overwriting();
    return 0;
  });
  for (const auto& key : table.primary_key)
    for (std::size_t i = 0; i < input->columns.size(); ++i)
      if (input->columns[i].name == key) node.primary_key.push_back(i);
  return relation::sink(std::move(input), std::move(node), to.position);
}

std::vector<std::size_t> all_columns(const target& to) {
  std::vector<std::size_t> result;
  for (std::size_t i = 0; i < to.columns.size(); ++i) result.push_back(i);
  return result;
}

} // namespace

relation_ptr bind_insert(const sql::insert& insert, const bind_context& context) {
  internal::environment env{context};
  auto to = target_of(insert.target, insert.hints, context);
  auto fixed = partition_values(insert, to, env);
  auto given = given_columns(insert, to, fixed);
  auto source = internal::bind_whole_query(insert.source, env);
  auto input = as_sink_input(std::move(source), to, given, fixed, at(insert.source.where));
  return make_sink(std::move(input), to, insert.overwrite, context);
}

relation_ptr bind_sink(relation_ptr input, const sql::object_name& name,
                       const bind_context& context) {
  auto to = target_of(name, {}, context);
  auto checked = as_sink_input(std::move(input), to, all_columns(to), {}, to.position);
  return make_sink(std::move(checked), to, false, context);
}

} // namespace sluice::table
