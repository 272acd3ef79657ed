/// Puts a table of the catalog together from the clauses of CREATE TABLE and ALTER TABLE.
#pragma once

#include "sluice/table/bind/internal/expression_binder.hpp"

#include <set>
#include <string>
#include <vector>

namespace sluice::table::internal {

class table_builder {
public:
  table_builder(const environment& env, catalog_table table = {})
    : env_(env), table_(std::move(table)) {}

  catalog_table& table() noexcept { return table_; }
  const catalog_column* find(const std::string& name) const;

  // Errors of all: `binding_error`.
  void add_column(const sql::column_definition& definition);
  /// The column of that name gets another definition, and perhaps another place.
  void modify_column(const sql::column_definition& definition);
  void rename_column(const sql::identifier& from, const sql::identifier& to);
  void drop_column(const sql::identifier& name);
  void set_watermark(const sql::watermark_definition& definition);
  void set_primary_key(const sql::primary_key& key);
  void set_partition_keys(const std::vector<sql::identifier>& keys);
  void add_option(const sql::table_option& option);
  /// Columns, watermark and primary key; there must be no watermark and key yet.
  void add_schema(const sql::table_schema& schema);
  void modify_schema(const sql::table_schema& schema);

  /// Finds the types of computed columns and checks the whole. Errors about clauses that were not
  /// given to this builder are at `where`.
  catalog_table finish(source_position where);

private:
  catalog_column column_of(const sql::column_definition& definition) const;
  void place(catalog_column column, const std::optional<sql::column_position>& position);
  catalog_column& get(const sql::identifier& name);
  std::vector<std::string> names() const;
  void check_not_used(const sql::identifier& name, const char* action) const;
  void bind_computed_columns(source_position where);
  void check_watermark(source_position where) const;
  void apply_primary_key();

  const environment& env_;
  catalog_table table_;
  source_position watermark_position_;
  source_position key_position_;
};

/// The columns that an expression names, by their first part.
std::set<std::string> names_in(const sql::expr& e);

/// Takes over what a LIKE clause asks for.
void include_table(table_builder& builder, const sql::like_clause& like, const environment& env,
                   const sql::create_table& statement);

} // namespace sluice::table::internal
