/// The interactive shell of `sluice sql`.
#pragma once

#include "sql_runner.hpp"

namespace sluice::cli {

/// Reads statements from the terminal until its end, QUIT or EXIT. Lines are edited, remembered in
/// `~/.sluice_history`, and completed with keywords, functions and names of tables.
void run_shell(sql_runner& runner);

} // namespace sluice::cli
