/// Tables of the catalog as the binder needs them.
#pragma once

#include "sluice/table/bind/internal/expression_binder.hpp"

#include <map>
#include <string>
#include <vector>

namespace sluice::table::internal {

/// `catalog.database.table`, as connectors and sinks show it.
std::string full_name(const object_path& path);

/// Options of a table with those of OPTIONS hints behind its name in their place.
std::map<std::string, std::string> with_hints(std::map<std::string, std::string> options,
                                              const std::vector<sql::hint>& hints);

/// What `f` returns; its `plan_error`s get the place.
template <class F>
auto located(source_position where, F&& f) {
  try {
    return f();
  } catch (const binding_error&) {
    throw;
  } catch (const plan_error& e) {
    throw binding_error(where, e.what());
  }
}

/// A scan with all columns of the table in its order.
relation_ptr with_computed_columns(relation_ptr scan, const catalog_table& table,
                                   const environment& env);
relation_ptr with_watermark(relation_ptr input, const catalog_table& table, const environment& env);

} // namespace sluice::table::internal
