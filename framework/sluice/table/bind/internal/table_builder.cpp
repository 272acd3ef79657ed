#include "sluice/table/bind/internal/table_builder.hpp"

#include "sluice/table/bind/internal/query_binder.hpp"
#include "sluice/table/bind/internal/tables.hpp"
#include "sluice/table/expr/similar_names.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace sluice::table::internal {

std::set<std::string> names_in(const sql::expr& e) {
  std::set<std::string> result;
  std::function<void(const sql::expr&)> visit = [&](const sql::expr& part) {
    if (const auto* column = part.as<sql::column_ref>()) result.insert(column->name.parts[0].text);
    for_each_part(part, visit);
  };
  visit(e);
  return result;
}

const catalog_column* table_builder::find(const std::string& name) const {
  for (const auto& c : table_.columns)
    if (c.name == name) return &c;
  return nullptr;
}

std::vector<std::string> table_builder::names() const {
  std::vector<std::string> result;
  for (const auto& c : table_.columns) result.push_back(c.name);
  return result;
}

catalog_column& table_builder::get(const sql::identifier& name) {
  for (auto& c : table_.columns)
    if (c.name == name.text) return c;
  throw binding_error(at(name.where), fmt::format("the table has no column '{}'{}", name.text,
                                                  did_you_mean(name.text, names())));
}

// -- columns
// --------------------------------------------------------------------------------------

catalog_column table_builder::column_of(const sql::column_definition& definition) const {
  catalog_column result;
  result.name = definition.name.text;
  if (definition.comment) result.comment = definition.comment->text;
  if (definition.type) result.type = type_of(*definition.type);
  if (definition.computed) {
    result.kind = column_kind::computed;
    result.computed = definition.computed;
  } else if (definition.metadata) {
    result.kind = column_kind::metadata;
    result.metadata_virtual = definition.metadata->is_virtual;
    if (definition.metadata->key) result.metadata_key = definition.metadata->key->text;
  } else if (result.type.is(type_root::null)) {
    throw binding_error(at(definition.where),
                        fmt::format("the column '{}' cannot be of type NULL", result.name));
  }
  return result;
}

void table_builder::place(catalog_column column,
                          const std::optional<sql::column_position>& position) {
  auto target = table_.columns.end();
  if (position && !position->after) target = table_.columns.begin();
  if (position && position->after) {
    const auto* after = &get(*position->after);
    target = table_.columns.begin() + (after - table_.columns.data()) + 1;
  }
  table_.columns.insert(target, std::move(column));
}

void table_builder::add_column(const sql::column_definition& definition) {
  if (find(definition.name.text))
    throw binding_error(at(definition.name.where),
                        fmt::format("A column named '{}' already exists in the table",
                                    definition.name.text));
  place(column_of(definition), definition.position);
}

void table_builder::modify_column(const sql::column_definition& definition) {
  auto& column = get(definition.name);
  auto replacement = column_of(definition);
  if (!definition.comment) replacement.comment = column.comment;
  if (!definition.position) {
    column = std::move(replacement);
    return;
  }
  table_.columns.erase(table_.columns.begin() + (&column - table_.columns.data()));
  place(std::move(replacement), definition.position);
}

void table_builder::check_not_used(const sql::identifier& name, const char* action) const {
  auto refuse = [&](const std::string& by) {
    throw binding_error(at(name.where), fmt::format("cannot {} the column '{}': {} refers to it",
                                                    action, name.text, by));
  };
  for (const auto& c : table_.columns)
    if (c.computed && names_in(*c.computed).contains(name.text))
      refuse(fmt::format("the computed column '{}'", c.name));
  if (table_.watermark
      && (table_.watermark->column == name.text
          || names_in(table_.watermark->value).contains(name.text)))
    refuse("the watermark");
  const auto& partitions = table_.partition_keys;
  if (std::find(partitions.begin(), partitions.end(), name.text) != partitions.end())
    refuse("PARTITIONED BY");
}

void table_builder::rename_column(const sql::identifier& from, const sql::identifier& to) {
  auto& column = get(from);
  check_not_used(from, "rename");
  if (find(to.text))
    throw binding_error(at(to.where),
                        fmt::format("A column named '{}' already exists in the table", to.text));
  // The connector goes on calling it what it did.
  if (column.kind == column_kind::metadata && column.metadata_key.empty())
    column.metadata_key = column.name;
  column.name = to.text;
  std::replace(table_.primary_key.begin(), table_.primary_key.end(), from.text, to.text);
}

void table_builder::drop_column(const sql::identifier& name) {
  auto& column = get(name);
  check_not_used(name, "drop");
  const auto& key = table_.primary_key;
  if (std::find(key.begin(), key.end(), name.text) != key.end())
    throw binding_error(at(name.where), fmt::format("cannot drop the column '{}': the primary key "
                                                    "refers to it",
                                                    name.text));
  table_.columns.erase(table_.columns.begin() + (&column - table_.columns.data()));
}

// -- watermark, keys, options
// -----------------------------------------------------------------------

void table_builder::set_watermark(const sql::watermark_definition& definition) {
  if (definition.column.parts.size() > 1)
    not_supported(definition.column.where,
                  fmt::format("a nested field ({}) as event time", dotted(definition.column)));
  table_.watermark = catalog_watermark{definition.column.parts[0].text, definition.value};
  watermark_position_ = at(definition.where);
}

namespace {

/// The hash of a list of texts in Java, which Flink names keys by: for names of ASCII letters.
std::int32_t java_hash(const std::vector<std::string>& texts) {
  std::uint32_t list = 1;
  for (const auto& text : texts) {
    std::uint32_t hash = 0;
    for (char c : text) hash = 31 * hash + static_cast<unsigned char>(c);
    list = 31 * list + hash;
  }
  return static_cast<std::int32_t>(list);
}

} // namespace

void table_builder::set_primary_key(const sql::primary_key& key) {
  if (key.enforcement != sql::key_enforcement::not_enforced)
    throw binding_error(at(key.where),
                        "PRIMARY KEY must be NOT ENFORCED: the table does not own its data, so "
                        "nothing checks the key");
  table_.primary_key.clear();
  for (const auto& c : key.columns) {
    if (get(c).kind != column_kind::physical)
      throw binding_error(at(c.where), fmt::format("a column of the primary key must be physical, "
                                                   "but '{}' is not",
                                                   c.text));
    const auto& before = table_.primary_key;
    if (std::find(before.begin(), before.end(), c.text) != before.end())
      throw binding_error(at(c.where), fmt::format("the primary key has '{}' twice", c.text));
    table_.primary_key.push_back(c.text);
  }
  table_.primary_key_name
    = key.name ? key.name->text : fmt::format("PK_{}", java_hash(table_.primary_key));
  key_position_ = at(key.where);
}

void table_builder::set_partition_keys(const std::vector<sql::identifier>& keys) {
  table_.partition_keys.clear();
  for (const auto& key : keys) {
    const auto* column = find(key.text);
    if (!column)
      throw binding_error(at(key.where),
                          fmt::format("Partition column '{}' not defined in the table schema{}",
                                      key.text, did_you_mean(key.text, names())));
    if (column->kind != column_kind::physical)
      throw binding_error(at(key.where), fmt::format("the partition column '{}' must be physical",
                                                     key.text));
    const auto& before = table_.partition_keys;
    if (std::find(before.begin(), before.end(), key.text) != before.end())
      throw binding_error(at(key.where), fmt::format("PARTITIONED BY has '{}' twice", key.text));
    table_.partition_keys.push_back(key.text);
  }
}

void table_builder::add_option(const sql::table_option& option) {
  if (option.key.text.empty()) throw binding_error(at(option.where), "an option needs a name");
  table_.options[option.key.text] = option.value.text;
}

void table_builder::add_schema(const sql::table_schema& schema) {
  for (const auto& c : schema.columns) add_column(c);
  for (const auto& w : schema.watermarks) {
    if (table_.watermark)
      throw binding_error(at(w.where), "the table has a watermark already, and there can be one");
    set_watermark(w);
  }
  for (const auto& key : schema.primary_keys) {
    if (!table_.primary_key.empty())
      throw binding_error(at(key.where), "the table has a primary key already");
    set_primary_key(key);
  }
}

void table_builder::modify_schema(const sql::table_schema& schema) {
  for (const auto& c : schema.columns) modify_column(c);
  for (const auto& w : schema.watermarks) {
    if (!table_.watermark) throw binding_error(at(w.where), "the table has no watermark to modify");
    set_watermark(w);
  }
  for (const auto& key : schema.primary_keys) {
    if (table_.primary_key.empty())
      throw binding_error(at(key.where), "the table has no primary key to modify");
    set_primary_key(key);
  }
}

// -- the whole
// ------------------------------------------------------------------------------------

void table_builder::apply_primary_key() {
  for (const auto& name : table_.primary_key)
    for (auto& c : table_.columns)
      if (c.name == name) c.type = c.type.not_null();
}

void table_builder::bind_computed_columns(source_position where) {
  std::vector<relation_column> stored;
  for (const auto& c : table_.columns)
    if (c.kind != column_kind::computed) stored.push_back({c.name, c.type});
  auto rows = relation::values({}, std::move(stored));
  auto bound = with_computed_columns(rows, table_, env_);
  for (std::size_t i = 0; i < table_.columns.size(); ++i) {
    auto& column = table_.columns[i];
    if (column.kind != column_kind::computed) continue;
    column.type = bound->columns[i].type;
    if (column.type.is(type_root::null))
      throw binding_error(where, fmt::format("the computed column '{}' has no type: use CAST(NULL AS "
                                             "..)",
                                             column.name));
  }
}

void table_builder::check_watermark(source_position where) const {
  if (!table_.watermark) return;
  if (watermark_position_.line > 0) where = watermark_position_;
  const auto& name = table_.watermark->column;
  const auto* column = find(name);
  if (!column)
    throw binding_error(where, fmt::format("The rowtime attribute field '{}' is not defined in the "
                                           "table schema{}",
                                           name, did_you_mean(name, names())));
  if (!column->type.is_timestamp() || column->type.precision() > 3)
    throw binding_error(
      where, fmt::format("Invalid data type of time field for watermark definition. The field must "
                         "be of type TIMESTAMP(p) or TIMESTAMP_LTZ(p), the supported precision 'p' "
                         "is from 0 to 3, but the time field type is {}",
                         column->type.to_string()));
  std::vector<relation_column> all;
  for (const auto& c : table_.columns) all.push_back({c.name, c.type});
  auto names = scope::of(*relation::values({}, std::move(all)));
  clause what;
  what.name = "WATERMARK";
  auto value = expression_binder(env_, names, what).bind(table_.watermark->value);
  if (value->type().root() != column->type.root() || value->type().precision() > 3)
    throw binding_error(where,
                        fmt::format("the watermark of '{}' must be of its type {}, but is {}", name,
                                    column->type.to_string(), value->type().to_string()));
}

catalog_table table_builder::finish(source_position where) {
  if (table_.columns.empty()) throw binding_error(where, "the table has no columns");
  apply_primary_key();
  bind_computed_columns(where);
  check_watermark(where);
  return std::move(table_);
}

} // namespace sluice::table::internal
