#include "sluice/table/catalog/catalog.hpp"

#include "sluice/table/expr/expression.hpp"
#include "sluice/table/expr/similar_names.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace sluice::table {

namespace {

constexpr const char* default_catalog = "default_catalog";
constexpr const char* default_database = "default_database";

source_position at(const sql::object_name& name) {
  return {static_cast<int>(name.where.begin.line), static_cast<int>(name.where.begin.column)};
}

template <class Map>
std::vector<std::string> keys_of(const Map& map) {
  std::vector<std::string> result;
  for (const auto& [key, value] : map) result.push_back(key);
  return result;
}

bool is_view(const catalog_object& object) { return std::holds_alternative<catalog_view>(object); }

} // namespace

std::string object_path::to_string() const {
  return fmt::format("`{}`.`{}`.`{}`", catalog, database, object);
}

table_description catalog_table::describe(std::string name) const {
  table_description result;
  result.name = std::move(name);
  for (const auto& c : columns) {
    if (c.kind == column_kind::physical) result.columns.push_back({c.name, c.type});
    if (c.kind == column_kind::metadata)
      result.metadata.push_back(
        {c.name, c.metadata_key.empty() ? c.name : c.metadata_key, c.type, c.metadata_virtual});
  }
  result.primary_key = primary_key;
  result.partition_keys = partition_keys;
  result.options = options;
  if (auto it = result.options.find("connector"); it != result.options.end()) {
    result.connector = it->second;
    result.options.erase(it);
  }
  return result;
}

catalog_manager::catalog_manager()
  : current_catalog_(default_catalog), current_database_(default_database) {
  catalogs_[default_catalog].databases[default_database];
}

// -- finding
// --------------------------------------------------------------------------------------

object_path catalog_manager::resolve(const sql::object_name& name) const {
  const auto& parts = name.parts;
  switch (parts.size()) {
  case 1:
    return {current_catalog_, current_database_, parts[0].text};
  case 2:
    return {current_catalog_, parts[0].text, parts[1].text};
  case 3:
    return {parts[0].text, parts[1].text, parts[2].text};
  default:
    throw binding_error(at(name), fmt::format("a name has at most three parts (catalog.database."
                                              "table), but this has {}",
                                              parts.size()));
  }
}

const catalog_manager::database* catalog_manager::find_database(const std::string& catalog,
                                                                const std::string& name) const {
  auto c = catalogs_.find(catalog);
  if (c == catalogs_.end()) return nullptr;
  auto d = c->second.databases.find(name);
  return d == c->second.databases.end() ? nullptr : &d->second;
}

const catalog_object* catalog_manager::find(const object_path& path) const {
  const auto* d = find_database(path.catalog, path.database);
  if (!d) return nullptr;
  if (auto it = d->temporary.find(path.object); it != d->temporary.end()) return &it->second;
  auto it = d->objects.find(path.object);
  return it == d->objects.end() ? nullptr : &it->second;
}

const catalog_object& catalog_manager::get(const sql::object_name& name) const {
  auto path = resolve(name);
  if (const auto* found = find(path)) return *found;
  throw_unknown(name, path, "table");
}

void catalog_manager::throw_unknown(const sql::object_name& name, const object_path& path,
                                    const char* what) const {
  if (!catalogs_.contains(path.catalog))
    throw binding_error(at(name), fmt::format("there is no catalog `{}`{}", path.catalog,
                                              did_you_mean(path.catalog, catalogs())));
  if (!find_database(path.catalog, path.database))
    throw binding_error(at(name),
                        fmt::format("there is no database `{}`.`{}`{}", path.catalog, path.database,
                                    did_you_mean(path.database, databases(path.catalog))));
  throw binding_error(at(name),
                      fmt::format("there is no {} {}{}", what, path.to_string(),
                                  did_you_mean(path.object, tables(path.catalog, path.database))));
}

catalog_manager::database* catalog_manager::find_database(const std::string& catalog,
                                                          const std::string& name) {
  return const_cast<database*>(std::as_const(*this).find_database(catalog, name));
}

catalog_manager::database& catalog_manager::database_of(const sql::object_name& name,
                                                        const object_path& path) {
  if (auto* found = find_database(path.catalog, path.database)) return *found;
  throw_unknown(name, path, "table");
}

void catalog_manager::use_catalog(const std::string& name) {
  auto it = catalogs_.find(name);
  if (it == catalogs_.end())
    throw plan_error(
      fmt::format("there is no catalog `{}`{}", name, did_you_mean(name, catalogs())));
  current_catalog_ = name;
  const auto& databases = it->second.databases;
  current_database_ = databases.contains(default_database) || databases.empty()
                        ? default_database
                        : databases.begin()->first;
}

std::pair<std::string, std::string>
catalog_manager::database_path(const sql::object_name& name) const {
  if (name.parts.size() > 2)
    throw binding_error(at(name),
                        "the name of a database has at most two parts (catalog.database)");
  if (name.parts.size() == 1) return {current_catalog_, name.parts[0].text};
  return {name.parts[0].text, name.parts[1].text};
}

void catalog_manager::use_database(const sql::object_name& name) {
  auto [catalog, database_name] = database_path(name);
  if (!find_database(catalog, database_name))
    throw_unknown(name, {catalog, database_name, {}}, "database");
  current_catalog_ = catalog;
  current_database_ = database_name;
}

// -- tables and views
// ------------------------------------------------------------------------------

bool catalog_manager::create(const sql::object_name& name, catalog_object object, bool temporary,
                             bool if_not_exists) {
  auto path = resolve(name);
  auto& d = database_of(name, path);
  auto& objects = temporary ? d.temporary : d.objects;
  const char* kind = is_view(object) ? "view" : "table";
  auto [it, is_new] = objects.try_emplace(path.object, std::move(object));
  if (is_new || if_not_exists) return is_new;
  throw binding_error(at(name), fmt::format("the {}{} {} exists already",
                                            temporary ? "temporary " : "", kind, path.to_string()));
}

bool catalog_manager::drop(const sql::object_name& name, sql::object_kind kind, bool temporary,
                           bool if_exists) {
  auto path = resolve(name);
  const char* what = kind == sql::object_kind::view ? "view" : "table";
  const auto* found = find_database(path.catalog, path.database);
  if (!found) {
    if (if_exists) return false;
    throw_unknown(name, path, what);
  }
  auto& d = database_of(name, path);
  auto& objects = temporary ? d.temporary : d.objects;
  auto it = objects.find(path.object);
  if (it == objects.end()) {
    if (!temporary && d.temporary.contains(path.object))
      throw binding_error(at(name),
                          fmt::format("{} is temporary: use DROP TEMPORARY {}", path.to_string(),
                                      is_view(d.temporary[path.object]) ? "VIEW" : "TABLE"));
    if (if_exists) return false;
    throw_unknown(name, path, what);
  }
  if (is_view(it->second) != (kind == sql::object_kind::view))
    throw binding_error(at(name), fmt::format("{} is a {}: use DROP {}", path.to_string(),
                                              is_view(it->second) ? "view" : "table",
                                              is_view(it->second) ? "VIEW" : "TABLE"));
  if (!temporary && d.temporary.contains(path.object))
    throw binding_error(at(name),
                        fmt::format("a temporary object hides {}: drop that first (DROP TEMPORARY)",
                                    path.to_string()));
  objects.erase(it);
  return true;
}

void catalog_manager::replace(const object_path& path, catalog_object object) {
  auto* d = find_database(path.catalog, path.database);
  if (d) {
    for (auto* objects : {&d->temporary, &d->objects}) {
      auto it = objects->find(path.object);
      if (it == objects->end()) continue;
      it->second = std::move(object);
      return;
    }
  }
  throw plan_error(fmt::format("there is no table {}", path.to_string()));
}

void catalog_manager::rename(const object_path& path, const std::string& name) {
  auto* d = find_database(path.catalog, path.database);
  if (d) {
    for (auto* objects : {&d->temporary, &d->objects}) {
      auto it = objects->find(path.object);
      if (it == objects->end()) continue;
      if (objects->contains(name))
        throw plan_error(fmt::format("the table {} exists already",
                                     object_path{path.catalog, path.database, name}.to_string()));
      auto object = std::move(it->second);
      objects->erase(it);
      objects->emplace(name, std::move(object));
      return;
    }
  }
  throw plan_error(fmt::format("there is no table {}", path.to_string()));
}

// -- databases and catalogs
// ------------------------------------------------------------------------

bool catalog_manager::create_database(const sql::object_name& name,
                                      std::map<std::string, std::string> options,
                                      std::string comment, bool if_not_exists) {
  auto [catalog, database_name] = database_path(name);
  auto c = catalogs_.find(catalog);
  if (c == catalogs_.end()) throw_unknown(name, {catalog, database_name, {}}, "database");
  auto [it, is_new] = c->second.databases.try_emplace(database_name);
  if (!is_new) {
    if (if_not_exists) return false;
    throw binding_error(
      at(name), fmt::format("the database `{}`.`{}` exists already", catalog, database_name));
  }
  it->second.options = std::move(options);
  it->second.comment = std::move(comment);
  return true;
}

bool catalog_manager::drop_database(const sql::object_name& name, bool if_exists, bool cascade) {
  auto [catalog, database_name] = database_path(name);
  const auto* found = find_database(catalog, database_name);
  if (!found) {
    if (if_exists) return false;
    throw_unknown(name, {catalog, database_name, {}}, "database");
  }
  if (!cascade && !(found->objects.empty() && found->temporary.empty()))
    throw binding_error(
      at(name), fmt::format("the database `{}`.`{}` is not empty: drop its tables first, or "
                            "use CASCADE",
                            catalog, database_name));
  if (catalog == current_catalog_ && database_name == current_database_)
    throw binding_error(at(name), fmt::format("the database `{}`.`{}` is in use: USE another first",
                                              catalog, database_name));
  catalogs_[catalog].databases.erase(database_name);
  return true;
}

bool catalog_manager::create_catalog(const std::string& name,
                                     std::map<std::string, std::string> options,
                                     bool if_not_exists) {
  if (catalogs_.contains(name)) {
    if (if_not_exists) return false;
    throw plan_error(fmt::format("the catalog `{}` exists already", name));
  }
  auto type = options.find("type");
  if (type == options.end())
    throw plan_error(fmt::format("the catalog `{}` needs the option 'type'; there is "
                                 "'generic_in_memory'",
                                 name));
  if (type->second != "generic_in_memory")
    throw plan_error(
      fmt::format("there is no catalog of type '{}'; there is 'generic_in_memory'", type->second));
  std::string first = "default";
  for (const auto& [key, value] : options) {
    if (key == "default-database")
      first = value;
    else if (key != "type")
      throw plan_error(fmt::format("the catalog `{}` has no option '{}'; valid are 'type' and "
                                   "'default-database'",
                                   name, key));
  }
  auto& entry = catalogs_[name];
  entry.databases[first];
  entry.options = std::move(options);
  return true;
}

bool catalog_manager::drop_catalog(const std::string& name, bool if_exists) {
  if (!catalogs_.contains(name)) {
    if (if_exists) return false;
    throw plan_error(
      fmt::format("there is no catalog `{}`{}", name, did_you_mean(name, catalogs())));
  }
  if (name == current_catalog_)
    throw plan_error(fmt::format("the catalog `{}` is in use: USE CATALOG another first", name));
  catalogs_.erase(name);
  return true;
}

// -- names
// ------------------------------------------------------------------------------------------

std::vector<std::string> catalog_manager::catalogs() const { return keys_of(catalogs_); }

std::vector<std::string> catalog_manager::databases(const std::string& catalog) const {
  auto it = catalogs_.find(catalog);
  if (it == catalogs_.end())
    throw plan_error(
      fmt::format("there is no catalog `{}`{}", catalog, did_you_mean(catalog, catalogs())));
  return keys_of(it->second.databases);
}

std::vector<std::string> catalog_manager::names(const std::string& catalog,
                                                const std::string& database_name,
                                                bool only_views) const {
  const auto* d = find_database(catalog, database_name);
  if (!d)
    throw plan_error(fmt::format("there is no database `{}`.`{}`{}", catalog, database_name,
                                 did_you_mean(database_name, databases(catalog))));
  std::set<std::string> found;
  for (const auto* objects : {&d->objects, &d->temporary})
    for (const auto& [name, object] : *objects)
      if (!only_views || is_view(*find({catalog, database_name, name}))) found.insert(name);
  return {found.begin(), found.end()};
}

std::vector<std::string> catalog_manager::tables(const std::string& catalog,
                                                 const std::string& database_name) const {
  return names(catalog, database_name, false);
}

std::vector<std::string> catalog_manager::views(const std::string& catalog,
                                                const std::string& database_name) const {
  return names(catalog, database_name, true);
}

} // namespace sluice::table
