#include "sluice/table/sql/internal/sql_writer.hpp"
#include "sluice/table/sql/internal/words.hpp"

#include <array>

namespace sluice::sql::internal {

void sql_writer::whole(const statement& node) {
  std::visit([&](const auto& n) { write(n); }, node.node);
}

// -- INSERT, EXPLAIN ------------------------------------------------------------------

void sql_writer::write(const insert& n) {
  raw(n.overwrite ? "INSERT OVERWRITE " : "INSERT INTO ");
  name(n.target);
  hints(n.hints);
  if (!n.partition.empty()) {
    raw(" PARTITION (");
    separated(n.partition, ", ", [&](const partition_value& p) {
      name(p.column);
      if (!p.value) return;
      raw(" = ");
      value(*p.value, binding::unary);
    });
    raw(")");
  }
  if (!n.columns.empty()) {
    raw(" (");
    names(n.columns);
    raw(")");
  }
  raw(" ");
  whole(n.source);
}

void sql_writer::write(const statement_set& n) {
  raw("EXECUTE STATEMENT SET\nBEGIN\n");
  for (const auto& part : n.inserts) {
    write(part);
    raw(";\n");
  }
  raw("END");
}

void sql_writer::write(const explain& n) {
  raw("EXPLAIN ");
  if (n.details.empty()) {
    raw("PLAN FOR ");
  } else {
    separated(n.details, ", ", [&](explain_detail detail) {
      raw(explain_detail_names()[static_cast<std::size_t>(detail)]);
    });
    raw(" ");
  }
  whole(*n.subject);
}

// -- CREATE ------------------------------------------------------------------------------

void sql_writer::comment(const std::optional<text_literal>& n) {
  if (!n) return;
  raw(" COMMENT ");
  text(*n);
}

void sql_writer::options(const std::vector<table_option>& list) {
  if (list.empty()) return;
  raw(" WITH (\n  ");
  separated(list, ",\n  ", [&](const table_option& o) { option(o); });
  raw("\n)");
}

void sql_writer::column(const column_definition& n) {
  name(n.name);
  raw(" ");
  if (n.type) type(*n.type);
  if (n.computed) {
    raw("AS ");
    value(*n.computed);
  }
  if (n.metadata) {
    raw(" METADATA");
    if (n.metadata->key) {
      raw(" FROM ");
      text(*n.metadata->key);
    }
    if (n.metadata->is_virtual) raw(" VIRTUAL");
  }
  comment(n.comment);
  if (!n.position) return;
  if (!n.position->after) return raw(" FIRST");
  raw(" AFTER ");
  name(*n.position->after);
}

void sql_writer::schema(const table_schema& n, std::string_view separator) {
  std::string_view before;
  auto begin = [&] {
    raw(before);
    before = separator;
  };
  for (const auto& c : n.columns) {
    begin();
    column(c);
  }
  for (const auto& w : n.watermarks) {
    begin();
    raw("WATERMARK FOR ");
    name(w.column);
    raw(" AS ");
    value(w.value);
  }
  for (const auto& key : n.primary_keys) {
    begin();
    if (key.name) {
      raw("CONSTRAINT ");
      name(*key.name);
      raw(" ");
    }
    raw("PRIMARY KEY (");
    names(key.columns);
    raw(")");
    if (key.enforcement == key_enforcement::enforced) raw(" ENFORCED");
    if (key.enforcement == key_enforcement::not_enforced) raw(" NOT ENFORCED");
  }
}

void sql_writer::write(const create_table& n) {
  raw(n.temporary ? "CREATE TEMPORARY TABLE " : "CREATE TABLE ");
  if (n.if_not_exists) raw("IF NOT EXISTS ");
  name(n.name);
  if (n.schema != table_schema{}) {
    raw(" (\n  ");
    schema(n.schema, ",\n  ");
    raw("\n)");
  }
  if (!n.as_column_order.empty()) {
    raw(" (");
    names(n.as_column_order);
    raw(")");
  }
  comment(n.comment);
  if (!n.partitioned_by.empty()) {
    raw(" PARTITIONED BY (");
    names(n.partitioned_by);
    raw(")");
  }
  options(n.options);
  if (n.like) {
    constexpr std::array<std::string_view, 3> modes{"INCLUDING ", "EXCLUDING ", "OVERWRITING "};
    constexpr std::array<std::string_view, 8> features{"ALL",        "CONSTRAINTS", "DISTRIBUTION",
                                                       "GENERATED",  "METADATA",    "OPTIONS",
                                                       "PARTITIONS", "WATERMARKS"};
    raw(" LIKE ");
    name(n.like->table);
    if (!n.like->choices.empty()) {
      raw(" (");
      separated(n.like->choices, " ", [&](const like_clause::choice& c) {
        raw(modes[static_cast<std::size_t>(c.mode)]);
        raw(features[static_cast<std::size_t>(c.feature)]);
      });
      raw(")");
    }
  }
  if (!n.as) return;
  raw(" AS ");
  whole(*n.as);
}

void sql_writer::write(const create_view& n) {
  raw(n.temporary ? "CREATE TEMPORARY VIEW " : "CREATE VIEW ");
  if (n.if_not_exists) raw("IF NOT EXISTS ");
  name(n.name);
  if (!n.columns.empty()) {
    raw(" (");
    names(n.columns);
    raw(")");
  }
  comment(n.comment);
  raw(" AS ");
  whole(*n.as);
}

void sql_writer::write(const create_database& n) {
  raw("CREATE DATABASE ");
  if (n.if_not_exists) raw("IF NOT EXISTS ");
  name(n.name);
  comment(n.comment);
  options(n.options);
}

void sql_writer::write(const create_catalog& n) {
  raw("CREATE CATALOG ");
  if (n.if_not_exists) raw("IF NOT EXISTS ");
  name(n.name);
  comment(n.comment);
  options(n.options);
}

// -- ALTER, DROP, USE ----------------------------------------------------------------------

namespace {

struct alter_action_writer {
  sql_writer& out;

  void operator()(const rename_table& a) const {
    out.raw("RENAME TO ");
    out.name(a.to);
  }
  void operator()(const rename_column& a) const {
    out.raw("RENAME ");
    out.name(a.from);
    out.raw(" TO ");
    out.name(a.to);
  }
  void operator()(const set_options& a) const {
    out.raw("SET (");
    out.separated(a.options, ", ", [&](const table_option& o) { out.option(o); });
    out.raw(")");
  }
  void operator()(const reset_options& a) const {
    out.raw("RESET (");
    out.separated(a.keys, ", ", [&](const text_literal& key) { out.text(key); });
    out.raw(")");
  }
  void operator()(const add_to_schema& a) const {
    out.raw("ADD (");
    out.schema(a.schema, ", ");
    out.raw(")");
  }
  void operator()(const modify_schema& a) const {
    out.raw("MODIFY (");
    out.schema(a.schema, ", ");
    out.raw(")");
  }
  void operator()(const drop_columns& a) const {
    out.raw("DROP (");
    out.names(a.columns);
    out.raw(")");
  }
  void operator()(const drop_primary_key&) const { out.raw("DROP PRIMARY KEY"); }
  void operator()(const drop_constraint& a) const {
    out.raw("DROP CONSTRAINT ");
    out.name(a.name);
  }
  void operator()(const drop_watermark&) const { out.raw("DROP WATERMARK"); }
};

std::string_view to_sql(object_kind kind) {
  constexpr std::array<std::string_view, 4> names{"TABLE", "VIEW", "DATABASE", "CATALOG"};
  return names[static_cast<std::size_t>(kind)];
}

} // namespace

void sql_writer::write(const alter_table& n) {
  raw("ALTER TABLE ");
  if (n.if_exists) raw("IF EXISTS ");
  name(n.name);
  raw(" ");
  std::visit(alter_action_writer{*this}, n.action);
}

void sql_writer::write(const drop_object& n) {
  raw(n.temporary ? "DROP TEMPORARY " : "DROP ");
  raw(to_sql(n.kind));
  if (n.if_exists) raw(" IF EXISTS");
  raw(" ");
  name(n.name);
  if (n.cascade) raw(" CASCADE");
}

void sql_writer::write(const use_catalog& n) {
  raw("USE CATALOG ");
  name(n.name);
}

void sql_writer::write(const use_database& n) {
  raw("USE ");
  name(n.name);
}

// -- SHOW, DESCRIBE, SET ---------------------------------------------------------------------

void sql_writer::write(const show& n) {
  constexpr std::array<std::string_view, 12> kinds{
    "TABLES",      "VIEWS",          "DATABASES",       "CATALOGS",
    "FUNCTIONS",   "USER FUNCTIONS", "COLUMNS",         "CREATE TABLE",
    "CREATE VIEW", "CREATE CATALOG", "CURRENT CATALOG", "CURRENT DATABASE"};
  raw("SHOW ");
  raw(kinds[static_cast<std::size_t>(n.kind)]);
  bool is_create = n.kind == show_kind::create_table || n.kind == show_kind::create_view
                   || n.kind == show_kind::create_catalog;
  if (n.from) {
    raw(is_create ? " " : " FROM ");
    name(*n.from);
  }
  if (!n.filter) return;
  if (n.filter->negated) raw(" NOT");
  raw(n.filter->ignore_case ? " ILIKE " : " LIKE ");
  text(n.filter->pattern);
}

void sql_writer::write(const describe& n) {
  raw("DESCRIBE ");
  if (n.kind != object_kind::table) {
    raw(to_sql(n.kind));
    raw(" ");
  }
  if (n.extended) raw("EXTENDED ");
  name(n.name);
}

void sql_writer::write(const set_statement& n) {
  raw("SET");
  if (!n.option) return;
  raw(" ");
  option(*n.option);
}

void sql_writer::write(const reset_statement& n) {
  raw("RESET");
  if (!n.key) return;
  raw(" ");
  text(*n.key);
}

} // namespace sluice::sql::internal
