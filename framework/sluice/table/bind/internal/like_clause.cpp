// CREATE TABLE .. LIKE: what is taken over from another table.
#include "sluice/table/bind/internal/table_builder.hpp"

#include <fmt/format.h>

#include <map>

namespace sluice::table::internal {

namespace {

using modes = std::map<sql::like_feature, sql::like_mode>;

const char* name_of(sql::like_feature f) {
  switch (f) {
  case sql::like_feature::all:
    return "ALL";
  case sql::like_feature::constraints:
    return "CONSTRAINTS";
  case sql::like_feature::distribution:
    return "DISTRIBUTION";
  case sql::like_feature::generated:
    return "GENERATED";
  case sql::like_feature::metadata:
    return "METADATA";
  case sql::like_feature::options:
    return "OPTIONS";
  case sql::like_feature::partitions:
    return "PARTITIONS";
  case sql::like_feature::watermarks:
    return "WATERMARKS";
  }
  return "";
}

bool can_overwrite(sql::like_feature f) {
  return f == sql::like_feature::generated || f == sql::like_feature::metadata
         || f == sql::like_feature::options || f == sql::like_feature::watermarks;
}

/// What is done with each feature; without choices all are included, and options overwritten.
modes modes_of(const sql::like_clause& like) {
  using enum sql::like_feature;
  modes result;
  for (auto f : {constraints, distribution, generated, metadata, options, partitions, watermarks})
    result[f] = sql::like_mode::including;
  result[options] = sql::like_mode::overwriting;
  modes chosen;
  for (const auto& c : like.choices) {
    if (c.feature == all) {
      if (c.mode == sql::like_mode::overwriting)
        throw binding_error(at(c.where), "ALL can be INCLUDING or EXCLUDING, not OVERWRITING");
      for (auto& [feature, mode] : result) mode = c.mode;
      continue;
    }
    if (c.mode == sql::like_mode::overwriting && !can_overwrite(c.feature))
      throw binding_error(at(c.where), fmt::format("{} can be INCLUDING or EXCLUDING, not "
                                                   "OVERWRITING",
                                                   name_of(c.feature)));
    if (!chosen.emplace(c.feature, c.mode).second)
      throw binding_error(at(c.where), fmt::format("{} is chosen twice", name_of(c.feature)));
  }
  for (const auto& [feature, mode] : chosen) result[feature] = mode;
  return result;
}

[[noreturn]] void refuse(const sql::source_range& where, const std::string& what,
                         const std::string& advice) {
  throw binding_error(at(where), fmt::format("the table that is LIKE has {} already; use {}", what,
                                             advice));
}

const sql::column_definition* defined(const sql::create_table& statement, const std::string& name) {
  for (const auto& c : statement.schema.columns)
    if (c.name.text == name) return &c;
  return nullptr;
}

void include_columns(catalog_table& to, const catalog_table& from, modes& how,
                     const sql::create_table& statement) {
  for (const auto& c : from.columns) {
    const auto* again = defined(statement, c.name);
    if (c.kind != column_kind::physical) {
      auto feature = c.kind == column_kind::computed ? sql::like_feature::generated
                                                     : sql::like_feature::metadata;
      if (how[feature] == sql::like_mode::excluding) continue;
      bool same_kind = again
                       && (c.kind == column_kind::computed ? static_cast<bool>(again->computed)
                                                           : again->metadata.has_value());
      if (same_kind) {
        if (how[feature] == sql::like_mode::overwriting) continue; // the new one comes later
        refuse(again->where, fmt::format("a column '{}'", c.name),
               fmt::format("EXCLUDING {0} or OVERWRITING {0}", name_of(feature)));
      }
    }
    to.columns.push_back(c);
  }
}

} // namespace

void include_table(table_builder& builder, const sql::like_clause& like, const environment& env,
                   const sql::create_table& statement) {
  const auto& object = env.context.catalogs.get(like.table);
  const auto* from = std::get_if<catalog_table>(&object);
  if (!from)
    throw binding_error(at(like.table.where),
                        fmt::format("LIKE needs a table, but {} is a view", dotted(like.table)));
  auto how = modes_of(like);
  auto& to = builder.table();
  include_columns(to, *from, how, statement);

  auto included = [&](sql::like_feature f) { return how[f] != sql::like_mode::excluding; };
  if (included(sql::like_feature::constraints) && !from->primary_key.empty()) {
    if (!statement.schema.primary_keys.empty())
      refuse(statement.schema.primary_keys[0].where, "a primary key", "EXCLUDING CONSTRAINTS");
    to.primary_key = from->primary_key;
    to.primary_key_name = from->primary_key_name;
  }
  if (included(sql::like_feature::partitions) && !from->partition_keys.empty()) {
    if (!statement.partitioned_by.empty())
      refuse(statement.partitioned_by[0].where, "partitions", "EXCLUDING PARTITIONS");
    to.partition_keys = from->partition_keys;
  }
  if (included(sql::like_feature::watermarks) && from->watermark) {
    bool again = !statement.schema.watermarks.empty();
    if (again && how[sql::like_feature::watermarks] != sql::like_mode::overwriting)
      refuse(statement.schema.watermarks[0].where, "a watermark",
             "EXCLUDING WATERMARKS or OVERWRITING WATERMARKS");
    if (!again) to.watermark = from->watermark;
  }
  if (included(sql::like_feature::options)) {
    if (how[sql::like_feature::options] == sql::like_mode::including)
      for (const auto& o : statement.options)
        if (from->options.contains(o.key.text))
          refuse(o.where, fmt::format("the option '{}'", o.key.text),
                 "EXCLUDING OPTIONS or OVERWRITING OPTIONS");
    to.options = from->options;
  }
}

} // namespace sluice::table::internal
