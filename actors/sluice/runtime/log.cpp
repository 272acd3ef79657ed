#include "sluice/runtime/log.hpp"

#include <fmt/format.h>
#include <spdlog/sinks/stdout_color_sinks.h>

#include <cstdlib>
#include <memory>

namespace sluice::runtime {

spdlog::logger& log() {
  // Never destroyed: threads may log while the process exits.
  static auto* logger = [] {
    auto made
      = new spdlog::logger("sluice", std::make_shared<spdlog::sinks::stderr_color_sink_mt>());
    auto* wanted = std::getenv("SLUICE_LOG");
    made->set_level(wanted ? spdlog::level::from_str(wanted) : spdlog::level::warn);
    made->set_pattern("%Y-%m-%d %H:%M:%S.%e %^%l%$ %v");
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
