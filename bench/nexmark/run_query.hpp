/// Runs a query of Nexmark.
#pragma once

#include "queries.hpp"

#include <string>

namespace bench::nexmark {

struct run_settings {
  parameters fill;
  std::uint32_t parallelism = 2;
  bool batch = false;
};

/// Options of a sink that forgets its rows.
std::string blackhole();

/// On the wall and on the CPUs.
struct run_times {
  double seconds = 0;
  double cpu_seconds = 0;
};

/// Defines tables and functions, and runs the script's INSERTs one after the other. The times are
/// those of the INSERTs, from the statement to the end of the job. Errors: those of the session.
run_times run_script(std::string_view sql, const run_settings& settings);

} // namespace bench::nexmark
