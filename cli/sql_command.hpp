/// `sluice sql`.
#pragma once

namespace sluice::cli {

/// Returns the exit status.
int run_sql_command(int argc, char** argv);

} // namespace sluice::cli
