// CREATE TABLE and ALTER TABLE.
#include "sluice/table/bind/binder.hpp"
#include "sluice/table/bind/internal/query_binder.hpp"
#include "sluice/table/bind/internal/table_builder.hpp"

#include <fmt/format.h>

#include <set>

namespace sluice::table {

namespace {

using internal::at;

void add_columns_of_query(internal::table_builder& builder, const sql::create_table& statement,
                          const internal::environment& env) {
  for (const auto& c : statement.schema.columns)
    if (!c.computed && !c.metadata)
      internal::not_supported(c.where, "columns with types in CREATE TABLE .. AS; they are those of "
                                       "the query");
  auto query = internal::bind_whole_query(*statement.as, env);
  const auto& order = statement.as_column_order;
  if (!order.empty() && order.size() != query->columns.size())
    throw binding_error(at(order[0].where),
                        fmt::format("the query has {} columns, but {} are named",
                                    query->columns.size(), order.size()));
  for (std::size_t i = 0; i < query->columns.size(); ++i) {
    const auto& column = query->columns[i];
    if (!order.empty() && order[i].text != column.name)
      internal::not_supported(order[i].where, "columns in another order than that of the query");
    if (column.type.is(type_root::null))
      throw binding_error(at(statement.as->where), fmt::format("the column '{}' has no type: use "
                                                               "CAST(NULL AS ..)",
                                                               column.name));
    catalog_column stored;
    stored.name = column.name;
    stored.type = column.type;
    builder.table().columns.push_back(std::move(stored));
  }
}

} // namespace

catalog_table define_table(const sql::create_table& statement, const bind_context& context) {
  internal::environment env{context};
  internal::table_builder builder(env);
  if (statement.like) internal::include_table(builder, *statement.like, env, statement);
  if (statement.as) add_columns_of_query(builder, statement, env);
  builder.add_schema(statement.schema);
  if (statement.comment) builder.table().comment = statement.comment->text;
  if (!statement.partitioned_by.empty()) builder.set_partition_keys(statement.partitioned_by);
  std::set<std::string> given;
  for (const auto& option : statement.options) {
    if (!given.insert(option.key.text).second)
      throw binding_error(at(option.where),
                          fmt::format("the option '{}' is given twice", option.key.text));
    builder.add_option(option);
  }
  return builder.finish(at(statement.name.where));
}

namespace {

/// What each action of ALTER TABLE does.
struct alteration {
  internal::table_builder& builder;
  const sql::alter_table& statement;

  void operator()(const sql::rename_table&) const {
    throw binding_error(at(statement.name.where), "RENAME changes no table, but its name");
  }
  void operator()(const sql::rename_column& a) const { builder.rename_column(a.from, a.to); }
  void operator()(const sql::set_options& a) const {
    for (const auto& o : a.options) builder.add_option(o);
  }
  void operator()(const sql::reset_options& a) const {
    for (const auto& key : a.keys) {
      if (key.text == "connector")
        throw binding_error(at(key.where), "ALTER TABLE RESET does not support changing 'connector'");
      builder.table().options.erase(key.text);
    }
  }
  void operator()(const sql::add_to_schema& a) const { builder.add_schema(a.schema); }
  void operator()(const sql::modify_schema& a) const { builder.modify_schema(a.schema); }
  void operator()(const sql::drop_columns& a) const {
    for (const auto& c : a.columns) builder.drop_column(c);
  }
  void operator()(const sql::drop_primary_key&) const {
    if (builder.table().primary_key.empty())
      throw binding_error(at(statement.name.where), "the table has no primary key");
    drop_key();
  }
  void operator()(const sql::drop_constraint& a) const {
    const auto& table = builder.table();
    if (table.primary_key.empty() || table.primary_key_name != a.name.text)
      throw binding_error(at(a.name.where),
                          fmt::format("the table has no constraint '{}'{}", a.name.text,
                                      table.primary_key.empty()
                                        ? std::string()
                                        : "; its primary key is '" + table.primary_key_name + "'"));
    drop_key();
  }
  void operator()(const sql::drop_watermark&) const {
    if (!builder.table().watermark)
      throw binding_error(at(statement.name.where), "the table has no watermark");
    builder.table().watermark.reset();
  }

  void drop_key() const {
    builder.table().primary_key.clear();
    builder.table().primary_key_name.clear();
  }
};

} // namespace

catalog_table altered_table(const catalog_table& table, const sql::alter_table& statement,
                            const bind_context& context) {
  internal::environment env{context};
  internal::table_builder builder(env, table);
  std::visit(alteration{builder, statement}, statement.action);
  return builder.finish(at(statement.name.where));
}

} // namespace sluice::table
