/// Jobs of SQL statements that run elsewhere than in this process.
#pragma once

#include "sluice/plan/job_graph.hpp"
#include "sluice/table/session/table_environment.hpp"
#include "sluice/table/sql/statement.hpp"

#include <cstdint>
#include <optional>

namespace sluice::table {

/// Runs a statement as `table_environment::execute` does, but for the job that it makes: that is
/// planned and given, and starts nowhere. Nothing: the statement makes none.
///
/// The same statements in equal sessions give jobs with equal fingerprints. `start` is what
/// CURRENT_TIMESTAMP and the like are in the job, UTC microseconds: processes that share a job must
/// give the same. Errors: as `execute`; `plan_error` for what only works in one process: a query,
/// whose results would have to come here, and a sink that hands rows over in memory.
std::optional<job_graph> plan_statement(table_environment& tables, const sql::statement& statement,
                                        std::int64_t start);

} // namespace sluice::table
