/// What the runtime logs while a test runs, in memory instead of on standard error.
#pragma once

#include "sluice/runtime/log.hpp"

#include <spdlog/sinks/ostream_sink.h>

#include <memory>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::testing {

/// Captures lines as "level text". REQUIRES: no job runs when it is made or destroyed.
class log_capture {
public:
  log_capture()
    : sink_(std::make_shared<spdlog::sinks::ostream_sink_mt>(text_)), level_(log().level()) {
    sink_->set_pattern("%l %v");
    others_.swap(log().sinks());
    log().sinks().push_back(sink_);
    log().set_level(spdlog::level::debug);
  }
  log_capture(const log_capture&) = delete;
  ~log_capture() {
    log().sinks().swap(others_);
    log().set_level(level_);
  }

  std::vector<std::string> lines() const {
    std::istringstream in(text_.str());
    std::vector<std::string> result;
    for (std::string line; std::getline(in, line);) result.push_back(line);
    return result;
  }

  /// Number of lines that start with `begin` and have `part` in them.
  std::size_t count(std::string_view begin, std::string_view part = {}) const {
    std::size_t result = 0;
    for (auto& line : lines())
      result += line.starts_with(begin) && line.find(part) != std::string::npos;
    return result;
  }

  std::string text() const { return text_.str(); }

private:
  static spdlog::logger& log() { return runtime::log(); }

  std::ostringstream text_;
  std::shared_ptr<spdlog::sinks::ostream_sink_mt> sink_;
  spdlog::level::level_enum level_;
  std::vector<spdlog::sink_ptr> others_;
};

} // namespace sluice::testing
