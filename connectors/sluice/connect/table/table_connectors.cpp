#include "sluice/connect/table/table_connectors.hpp"

#include "sluice/connect/table/internal/factories.hpp"

namespace sluice::table {

void add_builtin_connectors(connector_registry& registry) {
  registry.add(internal::make_blackhole_factory());
  registry.add(internal::make_datagen_factory());
  registry.add(internal::make_filesystem_factory());
  registry.add(internal::make_inline_factory());
#ifdef SLUICE_HAS_KAFKA
  registry.add(internal::make_kafka_factory());
  registry.add(internal::make_upsert_kafka_factory());
#endif
  registry.add(internal::make_nexmark_factory());
  registry.add(internal::make_print_factory());
}

const connector_registry& builtin_connectors() {
  static const connector_registry registry = [] {
    connector_registry all;
    add_builtin_connectors(all);
    return all;
  }();
  return registry;
}

} // namespace sluice::table
