/// The connectors that every session knows. Declared here so that tables need not know the
/// connectors' library; defined by it (link `sluice::sluice`).
#pragma once

#include "sluice/table/connect/table_connector.hpp"

namespace sluice::table {

/// Adds filesystem, print, blackhole, datagen and the others that this build has.
void add_builtin_connectors(connector_registry& registry);

} // namespace sluice::table
