#include "sluice/table/session/planned_job.hpp"

#include "sluice/table/session/job_builder.hpp"
#include "sluice/table/session/statements.hpp"

#include <fmt/format.h>

namespace sluice::table {

std::optional<job_graph> plan_statement(table_environment& tables, const sql::statement& statement,
                                        std::int64_t start) {
  if (statement.as<sql::query>() != nullptr)
    throw plan_error("not supported: results of a SELECT from a cluster; INSERT INTO a table "
                     "instead");
  auto& session = *tables.shared();
  std::optional<job_graph> job;
  run_statement(session, statement,
                [&](const std::vector<relation_ptr>& plans, const std::string& name) {
                  job = insert_job(session, plans, name, start);
                  for (const auto& n : job->nodes)
                    if (n.sink && n.sink->process_local())
                      throw plan_error(fmt::format("not supported: sink \"{}\" hands its rows to "
                                                   "one process, and in a cluster they are in "
                                                   "several",
                                                   n.name));
                  return table_result();
                });
  return job;
}

} // namespace sluice::table
