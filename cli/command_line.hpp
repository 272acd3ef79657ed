/// Commands that parse their part of the command line by themselves.
#pragma once

#include "exit_status.hpp"

#include <CLI/CLI.hpp>

#include <functional>

namespace sluice::cli {

/// Parses, then runs. `app` is a main program for CLI11, which reads configuration files for no
/// other. Returns the exit status; errors are told on standard error.
int run_command(CLI::App& app, int argc, char** argv, const std::function<int()>& run);

/// What is logged if SLUICE_LOG does not say.
void log_by_default(const char* level);

} // namespace sluice::cli
