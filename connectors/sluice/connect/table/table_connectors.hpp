/// The connectors that SQL tables can name: filesystem, print, blackhole, datagen, inline, nexmark
/// and, where the build has it, kafka and upsert-kafka.
#pragma once

#include "sluice/table/connect/table_connector.hpp"

namespace sluice::table {

/// Adds all connectors of this library. Errors: `plan_error` if `registry` has one of them already.
void add_builtin_connectors(connector_registry& registry);

/// A registry with just these. Thread safety: any thread.
const connector_registry& builtin_connectors();

} // namespace sluice::table
