#include "sluice/connect/kafka/internal/log.hpp"

#include <spdlog/sinks/stdout_color_sinks.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

namespace sluice::internal {

namespace {

/// As the runtime takes it, which tells of a level that does not exist.
spdlog::level::level_enum level_of(std::string_view name) {
  std::string small(name);
  std::transform(small.begin(), small.end(), small.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  auto level = spdlog::level::from_str(small);
  return level == spdlog::level::off && small != "off" ? spdlog::level::warn : level;
}

} // namespace

spdlog::logger& kafka_log() {
  // Never destroyed: the client library's threads may log while the process exits.
  static auto* logger = [] {
    auto made
      = new spdlog::logger("kafka", std::make_shared<spdlog::sinks::stderr_color_sink_mt>());
    auto* wanted = std::getenv("SLUICE_LOG");
    made->set_level(wanted && *wanted ? level_of(wanted) : spdlog::level::warn);
    made->set_pattern("%Y-%m-%d %H:%M:%S.%e %^%l%$ kafka: %v");
    return made;
  }();
  return *logger;
}

} // namespace sluice::internal
