#include "sluice/connect/kafka/internal/log.hpp"

#include <spdlog/sinks/stdout_color_sinks.h>

#include <cstdlib>
#include <memory>

namespace sluice::internal {

spdlog::logger& kafka_log() {
  // Never destroyed: the client library's threads may log while the process exits.
  static auto* logger = [] {
    auto made
      = new spdlog::logger("kafka", std::make_shared<spdlog::sinks::stderr_color_sink_mt>());
    auto* wanted = std::getenv("SLUICE_LOG");
    made->set_level(wanted ? spdlog::level::from_str(wanted) : spdlog::level::warn);
    made->set_pattern("%Y-%m-%d %H:%M:%S.%e %^%l%$ kafka: %v");
    return made;
  }();
  return *logger;
}

} // namespace sluice::internal
