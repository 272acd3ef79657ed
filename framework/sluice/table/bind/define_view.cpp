#include "sluice/table/bind/binder.hpp"
#include "sluice/table/bind/internal/qualify.hpp"
#include "sluice/table/bind/internal/query_binder.hpp"
#include "sluice/table/sql/unparse.hpp"

#include <fmt/format.h>

namespace sluice::table {

catalog_view define_view(const sql::create_view& statement, const bind_context& context) {
  auto plan = bind_query(*statement.as, context);
  catalog_view view;
  if (!statement.columns.empty() && statement.columns.size() != plan->columns.size())
    throw binding_error(internal::at(statement.name.where),
                        fmt::format("the view names {} columns, but its query has {}",
                                    statement.columns.size(), plan->columns.size()));
  for (const auto& c : statement.columns) view.columns.push_back(c.text);
  for (std::size_t i = 0; i < plan->columns.size(); ++i) {
    auto name = view.columns.empty() ? plan->columns[i].name : view.columns[i];
    for (const auto& other : view.schema)
      if (other.name == name)
        throw binding_error(internal::at(statement.name.where),
                            fmt::format("the view has two columns '{}'", name));
    view.schema.push_back({name, plan->columns[i].type});
  }
  view.query = *statement.as;
  // Whatever is in use when the view is read, it means what it means now.
  internal::qualify_tables(view.query, context.catalogs);
  view.text = sql::to_sql(view.query);
  if (statement.comment) view.comment = statement.comment->text;
  return view;
}

} // namespace sluice::table
