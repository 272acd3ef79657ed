/// Names of tables: catalogs hold databases, databases hold tables and views.
#pragma once

#include "sluice/table/catalog/table_schema.hpp"
#include "sluice/table/sql/statement.hpp"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace sluice::table {

/// A full name.
struct object_path {
  std::string catalog;
  std::string database;
  std::string object;

  /// `` `c`.`d`.`t` ``, as messages show it.
  std::string to_string() const;

  friend auto operator<=>(const object_path&, const object_path&) = default;
};

/// What a name of a table stands for.
using catalog_object = std::variant<catalog_table, catalog_view>;

/// All catalogs of a session, in memory, with the current catalog and database. A temporary object
/// hides a permanent one of the same name.
///
/// Starts with `default_catalog`.`default_database`. Errors of all that change or look up:
/// `plan_error` (`binding_error` with the place where there is a parsed name), with "did you mean"
/// for a name that is almost right. Not thread-safe.
class catalog_manager {
public:
  catalog_manager();

  const std::string& current_catalog() const noexcept { return current_catalog_; }
  const std::string& current_database() const noexcept { return current_database_; }
  void use_catalog(const std::string& name);
  void use_database(const sql::object_name& name);

  /// A name of one to three parts as a full one.
  object_path resolve(const sql::object_name& name) const;

  /// The table or view of that name; null if there is none.
  const catalog_object* find(const object_path& path) const;
  /// The same; errors: there is none.
  const catalog_object& get(const sql::object_name& name) const;

  /// Each returns false if it did nothing because of `if_not_exists` or `if_exists`.
  bool create(const sql::object_name& name, catalog_object object, bool temporary,
              bool if_not_exists);
  bool drop(const sql::object_name& name, sql::object_kind kind, bool temporary, bool if_exists);
  void replace(const object_path& path, catalog_object object);
  void rename(const object_path& path, const std::string& name);
  bool create_database(const sql::object_name& name, std::map<std::string, std::string> options,
                       std::string comment, bool if_not_exists);
  bool drop_database(const sql::object_name& name, bool if_exists, bool cascade);
  bool create_catalog(const std::string& name, std::map<std::string, std::string> options,
                      bool if_not_exists);
  bool drop_catalog(const std::string& name, bool if_exists);

  // Names, sorted.
  std::vector<std::string> catalogs() const;
  std::vector<std::string> databases(const std::string& catalog) const;
  /// Tables and views, temporary ones among them.
  std::vector<std::string> tables(const std::string& catalog, const std::string& database) const;
  std::vector<std::string> views(const std::string& catalog, const std::string& database) const;

private:
  struct database {
    std::map<std::string, catalog_object> objects;
    std::map<std::string, catalog_object> temporary;
    std::map<std::string, std::string> options;
    std::string comment;
  };
  struct catalog_entry {
    std::map<std::string, database> databases;
    std::map<std::string, std::string> options;
  };

  const database* find_database(const std::string& catalog, const std::string& name) const;
  database* find_database(const std::string& catalog, const std::string& name);
  database& database_of(const sql::object_name& name, const object_path& path);
  std::pair<std::string, std::string> database_path(const sql::object_name& name) const;
  std::vector<std::string> names(const std::string& catalog, const std::string& database,
                                 bool only_views) const;
  [[noreturn]] void throw_unknown(const sql::object_name& name, const object_path& path,
                                  const char* what) const;

  std::map<std::string, catalog_entry> catalogs_;
  std::string current_catalog_;
  std::string current_database_;
};

} // namespace sluice::table
