/// From syntax trees to bound plans: names become columns, calls become functions with types.
#pragma once

#include "sluice/table/catalog/catalog.hpp"
#include "sluice/table/function/registry.hpp"
#include "sluice/table/plan/relation.hpp"
#include "sluice/table/sql/statement.hpp"

#include <map>
#include <string>
#include <vector>

namespace sluice::table {

/// What names mean. Refers to what the session owns.
struct bind_context {
  const catalog_manager& catalogs;
  const function_registry& functions;
  const connector_registry& connectors;
  connector_context session;
  /// Tables of the program that have no name in the catalog, such as those of the fluent API that
  /// are named in SQL text.
  const std::map<std::string, relation_ptr>* inline_tables = nullptr;
};

// Errors of all: `binding_error` with the place in the text.

/// The plan of a query.
relation_ptr bind_query(const sql::query& query, const bind_context& context);

/// The plan of an INSERT: its root is a `sink_node`. Checks the number and the types of columns,
/// and casts where Flink does without being asked.
relation_ptr bind_insert(const sql::insert& insert, const bind_context& context);

/// The plan that reads a table or view of the catalog: computed columns and watermarks included.
relation_ptr bind_table(const sql::object_name& name, const bind_context& context);

/// A sink for `input` in a table of the catalog, columns by position.
relation_ptr bind_sink(relation_ptr input, const sql::object_name& target,
                       const bind_context& context);

/// An expression over the columns of `input`, for the fluent API. No aggregates.
expression_ptr bind_expression(const sql::expr& expression, const relation& input,
                               const bind_context& context);

/// The table that a CREATE TABLE describes (LIKE resolved; AS SELECT gives its columns).
catalog_table define_table(const sql::create_table& statement, const bind_context& context);

/// The table after an ALTER TABLE that changes it. Not for RENAME.
catalog_table altered_table(const catalog_table& table, const sql::alter_table& statement,
                            const bind_context& context);

catalog_view define_view(const sql::create_view& statement, const bind_context& context);

/// The type that a parsed type means. Errors: `binding_error`.
data_type type_of(const sql::type_syntax& syntax);

/// A row of DESCRIBE: name, type, nullability, key, extras and watermark, as Flink shows them.
struct column_description {
  std::string name;
  std::string type;
  bool nullable = true;
  std::string key;
  std::string extras;
  std::string watermark;
};
std::vector<column_description> describe(const catalog_object& object, const bind_context& context);

/// The CREATE statement that makes the object again.
std::string create_statement(const object_path& path, const catalog_object& object);

} // namespace sluice::table
