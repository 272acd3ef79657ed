/// SQL that a cluster runs: the text that travels instead of a job's graph.
#pragma once

#include "sluice/plan/job_graph.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::cli {

/// All that a process needs to plan the job of a statement as others do.
struct sql_program {
  std::map<std::string, std::string> settings; ///< of the session when it began
  std::string zone;                            ///< of the client; SET goes before it
  std::vector<std::string> statements;         ///< SET, DDL and the like, in order
  std::string job;                             ///< the statement that makes the job
  std::int64_t submitted = 0;                  ///< CURRENT_TIMESTAMP and the like, UTC micros
};

/// As JSON, and back. Errors: `plan_error` if it is no program of this version.
std::string to_text(const sql_program& program);
sql_program read_program(std::string_view text);

/// Plans the job: equal in all processes. Errors: `plan_error`, `io_error`.
job_graph graph_of(const std::string& text);

} // namespace sluice::cli
