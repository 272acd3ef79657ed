#include "sql_command.hpp"

#include "command_line.hpp"
#include "shell.hpp"
#include "sql_runner.hpp"

#include "sluice/cluster/launch.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>
#include <unistd.h>
#include <vector>

namespace sluice::cli {

namespace {

struct sql_options {
  std::vector<std::string> files;
  std::vector<std::string> statements;
  std::string init_file;
  std::string mode;
  std::vector<std::string> settings;
  std::uint32_t parallelism = 0;
  cluster::options cluster;
  bool on_cluster = false;
  bool detach = false;
};

std::string read_all(std::istream& in) {
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw io_error(fmt::format("cannot read {}: {}", path, std::strerror(errno)));
  try {
    return read_all(in);
  } catch (const std::ios_base::failure& e) { // a directory, say
    throw io_error(fmt::format("cannot read {}: {}", path, e.code().message()));
  }
}

std::string read_standard_input() {
  auto text = read_all(std::cin);
  if (std::ferror(stdin) != 0)
    throw io_error(fmt::format("cannot read standard input: {}", std::strerror(errno)));
  return text;
}

void apply_settings(table::session_config& config, const sql_options& o) {
  if (!o.mode.empty()) config.set("execution.runtime-mode", o.mode);
  if (o.parallelism > 0) config.set("parallelism.default", std::to_string(o.parallelism));
  for (const auto& setting : o.settings) {
    auto equals = setting.find('=');
    if (equals == std::string::npos)
      throw usage_error(fmt::format("--set takes key=value, not '{}'", setting));
    config.set(setting.substr(0, equals), setting.substr(equals + 1));
  }
}

int code_of(run_outcome outcome) {
  return outcome == run_outcome::succeeded ? exit_done
         : outcome == run_outcome::failed  ? exit_failed
                                           : exit_interrupted;
}

int run_sql(const sql_options& o) {
  const auto scripted = !o.files.empty() || !o.statements.empty();
  const auto interactive = !scripted && isatty(STDIN_FILENO) != 0;
  sql_runner runner(interactive);
  apply_settings(runner.tables().config(), o);
  if (o.detach && !o.on_cluster) throw usage_error("--detach: only jobs of a cluster go on alone");
  if (o.on_cluster) runner.use_cluster(o.cluster, o.detach);
  if (!o.init_file.empty())
    if (auto outcome = runner.run_script(read_file(o.init_file), o.init_file);
        outcome != run_outcome::succeeded)
      return code_of(outcome);
  if (interactive) {
    run_shell(runner);
    return 0;
  }
  if (!scripted) return code_of(runner.run_script(read_standard_input(), "stdin"));
  for (const auto& file : o.files)
    if (auto outcome = runner.run_script(read_file(file), file); outcome != run_outcome::succeeded)
      return code_of(outcome);
  for (const auto& statement : o.statements)
    if (auto outcome = runner.run_script(statement, {}); outcome != run_outcome::succeeded)
      return code_of(outcome);
  return 0;
}

} // namespace

int run_sql_command(int argc, char** argv) {
  sql_options o;
  CLI::App app("Runs SQL: scripts, statements, or a shell.", "sluice sql");
  app.add_option("files", o.files, "scripts to run, one after the other");
  // One value each time: what comes next is a file again.
  app.add_option("-e,--execute", o.statements, "statements to run (after the files)")
    ->allow_extra_args(false);
  app.add_option("-i,--init", o.init_file, "script to run first, in the shell as well");
  app.add_option("--mode", o.mode, "streaming (default), batch or automatic")
    ->check(CLI::IsMember({"streaming", "batch", "automatic"}));
  app.add_option("-p,--parallelism", o.parallelism, "subtasks per operator")
    ->check(CLI::Range(1, 1024));
  app.add_option("--set", o.settings, "key=value, as SET 'key' = 'value'")->allow_extra_args(false);
  app.add_flag("--detach", o.detach, "do not wait for the end of jobs on a cluster");
  cluster::add_network_options(app, o.cluster);
  app.footer("With --coordinator or SLUICE_COORDINATOR, INSERTs run on that cluster.\n"
             "  sluice sql job.sql\n"
             "  sluice sql --coordinator 10.0.0.1:7070 -p 4 job.sql");
  return run_command(app, argc, argv, [&] {
    o.on_cluster = app.get_option("--coordinator")->count() > 0;
    // Jobs log where they run, and what the connection fails with is told as an error.
    if (o.on_cluster) log_by_default("off");
    return run_sql(o);
  });
}

} // namespace sluice::cli
