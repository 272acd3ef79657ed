/// The connectors that SQL tables can name: filesystem, print, blackhole, datagen, inline, nexmark
/// and, where the build has it, kafka and upsert-kafka.
#pragma once

#include "sluice/table/connect/builtin_connectors.hpp"

namespace sluice::table {

/// A registry with just these. Thread safety: any thread.
const connector_registry& builtin_connectors();

} // namespace sluice::table
