#include "command_line.hpp"

#include "coordinator_link.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <iostream>

namespace sluice::cli {

std::string usage_message(const CLI::App*, const CLI::Error& e) {
  return fmt::format("sluice: {} (--help tells more)\n", e.what());
}

int run_command(CLI::App& app, int argc, char** argv, const std::function<int()>& run) {
  app.failure_message(usage_message);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? exit_done : exit_usage;
  }
  try {
    auto code = run();
    std::cout.flush();
    if (!std::cout || std::fflush(stdout) != 0) throw io_error("cannot write to standard output");
    return code;
  } catch (const usage_error& e) {
    fmt::print(stderr, "sluice: {} (--help tells more)\n", e.what());
    return exit_usage;
  } catch (const coordinator_unreachable& e) {
    fmt::print(stderr, "sluice: {}\n", e.what());
    return exit_unreachable;
  } catch (const std::exception& e) {
    fmt::print(stderr, "sluice: {}\n", e.what());
    return exit_failed;
  }
}

void log_by_default(const char* level) { setenv("SLUICE_LOG", level, 0); }

} // namespace sluice::cli
