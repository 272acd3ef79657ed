#include "sluice/table/connect/table_connector.hpp"

#include "sluice/table/expr/similar_names.hpp"

#include <fmt/format.h>

namespace sluice::table {

std::shared_ptr<const table_source> table_factory::make_source(const table_description& table,
                                                               const table_options&,
                                                               const connector_context&) const {
  throw plan_error(
    fmt::format("table {}: the connector '{}' can only be written to", table.name, identifier()));
}

std::shared_ptr<const table_sink> table_factory::make_sink(const table_description& table,
                                                           const table_options&,
                                                           const connector_context&) const {
  throw plan_error(
    fmt::format("table {}: the connector '{}' can only be read", table.name, identifier()));
}

void connector_registry::add(std::shared_ptr<const table_factory> factory) {
  auto name = factory->identifier();
  if (!factories_.emplace(name, std::move(factory)).second)
    throw plan_error(fmt::format("there is a connector '{}' already", name));
}

const table_factory& connector_registry::factory_of(const table_description& table) const {
  std::vector<std::string> names;
  std::string listed;
  for (const auto& [name, factory] : factories_) {
    names.push_back(name);
    listed += (listed.empty() ? "" : ", ") + name;
  }
  if (table.connector.empty())
    throw plan_error(fmt::format("table {}: the option 'connector' is missing; there are the "
                                 "connectors {}",
                                 table.name, listed));
  auto it = factories_.find(table.connector);
  if (it != factories_.end()) return *it->second;
  throw plan_error(fmt::format("table {}: there is no connector '{}'{}; there are {}", table.name,
                               table.connector, did_you_mean(table.connector, names), listed));
}

std::shared_ptr<const table_source>
connector_registry::source(const table_description& table, const connector_context& context) const {
  const auto& factory = factory_of(table);
  auto definitions = factory.source_options(table);
  // One without the role has no options to check.
  if (definitions.empty() && !factory.sink_options(table).empty())
    return factory.make_source(table, {}, context);
  table_options options("table " + table.name, table.options, definitions);
  return factory.make_source(table, options, context);
}

std::shared_ptr<const table_sink> connector_registry::sink(const table_description& table,
                                                           const connector_context& context) const {
  const auto& factory = factory_of(table);
  auto definitions = factory.sink_options(table);
  if (definitions.empty() && !factory.source_options(table).empty())
    return factory.make_sink(table, {}, context);
  table_options options("table " + table.name, table.options, definitions);
  return factory.make_sink(table, options, context);
}

std::vector<const table_factory*> connector_registry::factories() const {
  std::vector<const table_factory*> result;
  for (const auto& [name, factory] : factories_) result.push_back(factory.get());
  return result;
}

} // namespace sluice::table
