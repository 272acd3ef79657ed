/// The `sluice` command.
#ifdef SLUICE_CLI_DEMO
#include "demo_command.hpp"
#endif
#include "sql_command.hpp"

#include "sluice/version.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <cstdlib>

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
    return 1;
  }
  return exit_code;
}
