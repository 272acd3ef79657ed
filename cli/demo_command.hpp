/// `sluice demo`.
#pragma once

#include <CLI/CLI.hpp>

#include <functional>

namespace sluice::cli {

/// Adds the subcommand with its demos. `chosen` becomes the one that the command line names; it
/// gives the exit status.
void add_demo_command(CLI::App& app, std::function<int()>& chosen);

} // namespace sluice::cli
