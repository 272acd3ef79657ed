/// What the Kafka connector says beside the errors that it throws.
#pragma once

#include <spdlog/spdlog.h>

namespace sluice::internal {

/// Writes to standard error from the level on that SLUICE_LOG tells (default: warnings).
spdlog::logger& kafka_log();

} // namespace sluice::internal
