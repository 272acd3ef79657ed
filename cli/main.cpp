/// The `sluice` command.
#ifdef SLUICE_CLI_DEMO
#include "demo_command.hpp"
#endif
#include "sql_command.hpp"

#include "sluice/version.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <iostream>

namespace {

/// What was cancelled or has failed may still wait for a broker that does not answer, on a thread
/// that the runtime would join. Its jobs have ended, so nothing is lost if the process does.
int leave(int exit_code) {
  if (exit_code == 0) return 0;
  std::cout.flush();
  std::fflush(nullptr);
  std::_Exit(exit_code);
}

} // namespace

int main(int argc, char** argv) {
  setenv("SLUICE_LOG", "off", 0); // a failure is told once, below
  CLI::App app("Sluice: a stream processor whose operators are actors.", "sluice");
  app.set_version_flag("--version", "sluice " SLUICE_VERSION);
  app.require_subcommand(1);
  int exit_code = 0;
  sluice::cli::add_sql_command(app, exit_code);
#ifdef SLUICE_CLI_DEMO
  sluice::cli::add_demo_command(app, exit_code);
#endif
  app.failure_message([](const CLI::App*, const CLI::Error& e) {
    return fmt::format("sluice: {} (--help tells more)\n", e.what());
  });
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return app.exit(e);
  } catch (const std::exception& e) {
    fmt::print(stderr, "sluice: {}\n", e.what());
    return leave(1);
  }
  return leave(exit_code);
}
