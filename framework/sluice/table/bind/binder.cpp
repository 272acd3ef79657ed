#include "sluice/table/bind/binder.hpp"

#include "sluice/table/bind/internal/query_binder.hpp"
#include "sluice/table/bind/internal/tables.hpp"

#include <fmt/format.h>

namespace sluice::table {

namespace internal {

std::string full_name(const object_path& path) {
  return fmt::format("{}.{}.{}", path.catalog, path.database, path.object);
}

} // namespace internal

relation_ptr bind_query(const sql::query& query, const bind_context& context) {
  return internal::bind_whole_query(query, internal::environment{context});
}

relation_ptr bind_table(const sql::object_name& name, const bind_context& context) {
  return internal::bind_named_table(name, {}, internal::environment{context});
}

expression_ptr bind_expression(const sql::expr& expression, const relation& input,
                               const bind_context& context) {
  internal::environment env{context};
  auto names = internal::scope::of(input);
  internal::clause what;
  what.name = "an expression";
  return internal::expression_binder(env, names, what).bind(expression);
}

} // namespace sluice::table
