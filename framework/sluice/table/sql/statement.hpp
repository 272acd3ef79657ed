/// Statements as a syntax tree of plain values.
#pragma once

#include "sluice/table/sql/query.hpp"

namespace sluice::sql {

// -- tables --------------------------------------------------------------------

enum class key_enforcement : std::uint8_t { unspecified, enforced, not_enforced };

struct primary_key {
  place where;
  std::optional<identifier> name;
  std::vector<identifier> columns;
  key_enforcement enforcement = key_enforcement::unspecified;

  friend bool operator==(const primary_key&, const primary_key&) = default;
};

/// `METADATA [FROM 'key'] [VIRTUAL]`.
struct metadata_clause {
  place where;
  std::optional<text_literal> key;
  bool is_virtual = false;

  friend bool operator==(const metadata_clause&, const metadata_clause&) = default;
};

/// Where ALTER TABLE puts a column.
struct column_position {
  std::optional<identifier> after; ///< none: first

  friend bool operator==(const column_position&, const column_position&) = default;
};

/// A column: of `type`, and then perhaps metadata, or computed by `computed`.
struct column_definition {
  place where;
  identifier name;
  std::optional<type_syntax> type;
  std::optional<metadata_clause> metadata;
  box<expr> computed;
  std::optional<text_literal> comment;
  std::optional<column_position> position; ///< only in ALTER TABLE

  friend bool operator==(const column_definition&, const column_definition&) = default;
};

/// `WATERMARK FOR column AS expression`.
struct watermark_definition {
  place where;
  object_name column;
  expr value;

  friend bool operator==(const watermark_definition&, const watermark_definition&) = default;
};

/// What stands between the parentheses of CREATE TABLE and of ALTER TABLE ADD.
struct table_schema {
  std::vector<column_definition> columns;
  std::vector<watermark_definition> watermarks;
  std::vector<primary_key> primary_keys; ///< one of a column is here as well

  friend bool operator==(const table_schema&, const table_schema&) = default;
};

enum class like_mode : std::uint8_t { including, excluding, overwriting };
enum class like_feature : std::uint8_t {
  all,
  constraints,
  distribution,
  generated,
  metadata,
  options,
  partitions,
  watermarks
};

/// `LIKE table (INCLUDING OPTIONS ...)`.
struct like_clause {
  struct choice {
    place where;
    like_mode mode = like_mode::including;
    like_feature feature = like_feature::all;

    friend bool operator==(const choice&, const choice&) = default;
  };

  place where;
  object_name table;
  std::vector<choice> choices;

  friend bool operator==(const like_clause&, const like_clause&) = default;
};

struct create_table {
  bool temporary = false;
  bool if_not_exists = false;
  object_name name;
  table_schema schema;
  std::optional<text_literal> comment;
  std::vector<identifier> partitioned_by;
  std::vector<table_option> options;
  std::optional<like_clause> like;
  box<query> as;                           ///< `AS SELECT`, or none
  std::vector<identifier> as_column_order; ///< `(a, b) AS SELECT`: names without types

  friend bool operator==(const create_table&, const create_table&) = default;
};

struct rename_table {
  object_name to;
  friend bool operator==(const rename_table&, const rename_table&) = default;
};
struct rename_column {
  identifier from;
  identifier to;
  friend bool operator==(const rename_column&, const rename_column&) = default;
};
struct set_options {
  std::vector<table_option> options;
  friend bool operator==(const set_options&, const set_options&) = default;
};
struct reset_options {
  std::vector<text_literal> keys;
  friend bool operator==(const reset_options&, const reset_options&) = default;
};
struct add_to_schema {
  table_schema schema;
  friend bool operator==(const add_to_schema&, const add_to_schema&) = default;
};
struct modify_schema {
  table_schema schema;
  friend bool operator==(const modify_schema&, const modify_schema&) = default;
};
struct drop_columns {
  std::vector<identifier> columns;
  friend bool operator==(const drop_columns&, const drop_columns&) = default;
};
struct drop_primary_key {
  friend bool operator==(const drop_primary_key&, const drop_primary_key&) = default;
};
struct drop_constraint {
  identifier name;
  friend bool operator==(const drop_constraint&, const drop_constraint&) = default;
};
struct drop_watermark {
  friend bool operator==(const drop_watermark&, const drop_watermark&) = default;
};

struct alter_table {
  bool if_exists = false;
  object_name name;
  std::variant<rename_table, rename_column, set_options, reset_options, add_to_schema,
               modify_schema, drop_columns, drop_primary_key, drop_constraint, drop_watermark>
    action;

  friend bool operator==(const alter_table&, const alter_table&) = default;
};

// -- other objects ---------------------------------------------------------------

struct create_view {
  bool temporary = false;
  bool if_not_exists = false;
  object_name name;
  std::vector<identifier> columns;
  std::optional<text_literal> comment;
  box<query> as;

  friend bool operator==(const create_view&, const create_view&) = default;
};

struct create_database {
  bool if_not_exists = false;
  object_name name;
  std::optional<text_literal> comment;
  std::vector<table_option> options;

  friend bool operator==(const create_database&, const create_database&) = default;
};

struct create_catalog {
  bool if_not_exists = false;
  identifier name;
  std::optional<text_literal> comment;
  std::vector<table_option> options;

  friend bool operator==(const create_catalog&, const create_catalog&) = default;
};

enum class object_kind : std::uint8_t { table, view, database, catalog };

/// DROP TABLE, VIEW, DATABASE, CATALOG.
struct drop_object {
  object_kind kind = object_kind::table;
  bool temporary = false;
  bool if_exists = false;
  object_name name;
  bool cascade = false; ///< of a database; RESTRICT is the default

  friend bool operator==(const drop_object&, const drop_object&) = default;
};

struct use_catalog {
  identifier name;
  friend bool operator==(const use_catalog&, const use_catalog&) = default;
};
struct use_database {
  object_name name;
  friend bool operator==(const use_database&, const use_database&) = default;
};

// -- SHOW, DESCRIBE, SET, EXPLAIN ------------------------------------------------

enum class show_kind : std::uint8_t {
  tables,
  views,
  databases,
  catalogs,
  functions,
  user_functions,
  columns,
  create_table,
  create_view,
  create_catalog,
  current_catalog,
  current_database
};

/// `[NOT] LIKE 'pattern'` of SHOW.
struct name_filter {
  bool negated = false;
  bool ignore_case = false; ///< ILIKE
  text_literal pattern;

  friend bool operator==(const name_filter&, const name_filter&) = default;
};

struct show {
  show_kind kind = show_kind::tables;
  std::optional<object_name> from; ///< where to look, or the object to show
  std::optional<name_filter> filter;

  friend bool operator==(const show&, const show&) = default;
};

struct describe {
  object_kind kind = object_kind::table; ///< table: also a view
  bool extended = false;
  object_name name;

  friend bool operator==(const describe&, const describe&) = default;
};

/// `SET 'key' = 'value'`, or SET alone: show all.
struct set_statement {
  std::optional<table_option> option;
  friend bool operator==(const set_statement&, const set_statement&) = default;
};

/// `RESET 'key'`, or RESET alone: all.
struct reset_statement {
  std::optional<text_literal> key;
  friend bool operator==(const reset_statement&, const reset_statement&) = default;
};

// -- queries and INSERT -----------------------------------------------------------

struct partition_value {
  place where;
  identifier column;
  std::optional<expr> value; ///< a literal; none: a dynamic partition

  friend bool operator==(const partition_value&, const partition_value&) = default;
};

struct insert {
  place where;
  bool overwrite = false;
  object_name target;
  std::vector<hint> hints;
  std::vector<partition_value> partition;
  std::vector<identifier> columns;
  query source;

  friend bool operator==(const insert&, const insert&) = default;
};

/// INSERTs that run as one job.
struct statement_set {
  std::vector<insert> inserts; ///< at least one

  friend bool operator==(const statement_set&, const statement_set&) = default;
};

enum class explain_detail : std::uint8_t {
  estimated_cost,
  changelog_mode,
  json_execution_plan,
  plan_advice
};

struct statement;

struct explain {
  std::vector<explain_detail> details;
  box<statement> subject; ///< a query, an insert or a statement set

  friend bool operator==(const explain&, const explain&) = default;
};

/// Any statement.
struct statement {
  using variant
    = std::variant<query, insert, statement_set, create_table, alter_table, create_view,
                   create_database, create_catalog, drop_object, use_catalog, use_database, show,
                   describe, set_statement, reset_statement, explain>;

  place where;
  variant node;

  template <class T>
  const T* as() const noexcept {
    return std::get_if<T>(&node);
  }
  template <class T>
  T* as() noexcept {
    return std::get_if<T>(&node);
  }

  friend bool operator==(const statement&, const statement&) = default;
};

} // namespace sluice::sql
