#include "command_line.hpp"

#include "coordinator_link.hpp"
#include "standard_streams.hpp"
#include "tell.hpp"

#include <fmt/format.h>

#include <cstdlib>

namespace sluice::cli {

namespace {

/// What stands where a subcommand should, if there is anything: the parser only says that there is
/// no subcommand.
std::string unknown_command(const CLI::App& app) {
  const auto* at = &app;
  while (!at->get_subcommands().empty()) at = at->get_subcommands().front();
  if (at->get_require_subcommand_min() == 0) return {};
  auto unknown = app.remaining(true);
  return unknown.empty() || unknown.front().starts_with('-') ? std::string() : unknown.front();
}

std::string usage_message(const CLI::App* app, const CLI::Error& e) {
  auto unknown = unknown_command(*app);
  auto what = unknown.empty() ? e.what() : fmt::format("no command is called \"{}\"", unknown);
  return fmt::format("sluice: {} (--help tells more)\n", what);
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
