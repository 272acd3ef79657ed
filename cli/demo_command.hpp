/// `sluice demo`.
#pragma once

#include <CLI/CLI.hpp>

namespace sluice::cli {

/// Adds the subcommand with its demos; `exit_code` becomes that of the command when it was run.
void add_demo_command(CLI::App& app, int& exit_code);

} // namespace sluice::cli
