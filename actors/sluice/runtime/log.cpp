#include "sluice/runtime/log.hpp"

#include <fmt/format.h>
#include <spdlog/sinks/stdout_color_sinks.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <memory>
#include <optional>

namespace sluice::runtime {

namespace {

/// In small letters or capitals. Nothing: there is no such level.
std::optional<spdlog::level::level_enum> level_of(std::string_view name) {
  std::string small(name);
  std::transform(small.begin(), small.end(), small.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  auto level = spdlog::level::from_str(small);
  // What it does not know is off to it.
  if (level == spdlog::level::off && small != "off") return std::nullopt;
  return level;
}

} // namespace

spdlog::logger& log() {
  // Never destroyed: threads may log while the process exits.
  static auto* logger = [] {
    auto made
      = new spdlog::logger("sluice", std::make_shared<spdlog::sinks::stderr_color_sink_mt>());
    auto* wanted = std::getenv("SLUICE_LOG");
    auto level = wanted && *wanted ? level_of(wanted) : std::optional(spdlog::level::warn);
    made->set_level(level.value_or(spdlog::level::warn));
    made->set_pattern("%Y-%m-%d %H:%M:%S.%e %^%l%$ %v");
    if (!level)
      made->warn("SLUICE_LOG: no level is called \"{}\"; there are trace, debug, info, warn, error "
                 "and off. Going on with warn",
                 wanted);
    return made;
  }();
  return *logger;
}

std::string job_label(std::string_view job) { return fmt::format("job \"{}\"", job); }

std::string task_label(std::string_view job, std::string_view operator_name,
                       std::uint32_t subtask) {
  return fmt::format("job \"{}\", operator \"{}\", subtask {}", job, operator_name, subtask);
}

} // namespace sluice::runtime
