#include "command_line.hpp"

#include "coordinator_link.hpp"
#include "standard_streams.hpp"
#include "tell.hpp"

#include <fmt/format.h>

#include <cstdlib>

namespace sluice::cli {

namespace {

std::string usage_message(const CLI::App*, const CLI::Error& e) {
  return fmt::format("sluice: {} (--help tells more)\n", e.what());
}

/// Tells what `run` throws. Returns the exit status.
int guarded(const std::function<int()>& run) {
  try {
    auto code = run();
    check_standard_output();
    return code;
  } catch (const usage_error& e) {
    tell("sluice: {} (--help tells more)\n", e.what());
    return exit_usage;
  } catch (const coordinator_unreachable& e) {
    tell("sluice: {}\n", e.what());
    return exit_unreachable;
  } catch (const std::exception& e) {
    tell("sluice: {}\n", e.what());
    return exit_failed;
  }
}

} // namespace

int run_command(CLI::App& app, int argc, char** argv, const std::function<int()>& run) {
  app.failure_message(usage_message);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return guarded([&] { return app.exit(e) == 0 ? exit_done : exit_usage; });
  }
  return guarded(run);
}

void log_by_default(const char* level) { setenv("SLUICE_LOG", level, 0); }

} // namespace sluice::cli
