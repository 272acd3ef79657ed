/// The `sluice` command.
#include "cluster_command.hpp"
#include "command_line.hpp"
#ifdef SLUICE_CLI_DEMO
#include "demo_command.hpp"
#endif
#include "jobs_command.hpp"
#include "role_commands.hpp"
#include "sql_command.hpp"
#include "standard_streams.hpp"

#include "sluice/version.hpp"

#include <cstdio>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <string>
#include <string_view>

namespace {

using namespace sluice::cli;

/// Commands with a command line of their own.
struct command {
  std::string_view name;
  const char* description;
  int (*run)(int argc, char** argv);
};

constexpr command commands[] = {
  {"sql", "run SQL: scripts, statements, or a shell; here or on a cluster", run_sql_command},
  {"coordinator", "coordinate a cluster: takes jobs and has workers run them", run_coordinator},
  {"worker", "offer slots to a cluster", run_worker},
  {"jobs", "list, watch, cancel, rescale and save the jobs of a cluster", run_jobs_command},
  {"workers", "list the workers of a cluster", run_workers_command},
  {"cluster", "start a cluster for trying things, make certificates", run_cluster_command},
};

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
  occupy_standard_streams();
  if (argc > 1)
    for (auto& c : commands)
      if (c.name == argv[1]) return leave(c.run(argc - 1, argv + 1));

  CLI::App app("Sluice: a stream processor whose operators are actors.", "sluice");
  app.set_version_flag("--version", "sluice " SLUICE_VERSION);
  app.require_subcommand(1);
  for (auto& c : commands) app.add_subcommand(std::string(c.name), c.description);
  std::function<int()> chosen = [] { return exit_usage; };
#ifdef SLUICE_CLI_DEMO
  add_demo_command(app, chosen);
#endif
  return leave(run_command(app, argc, argv, [&] { return chosen(); }));
}
