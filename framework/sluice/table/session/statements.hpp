/// Runs statements other than queries and INSERTs: DDL, SHOW, SET and the like.
#pragma once

#include "sluice/table/session/table_environment.hpp"

#include <functional>
#include <string>
#include <vector>

namespace sluice::table {

/// Runs the INSERTs of one job, which gets this name.
using insert_runner
  = std::function<table_result(const std::vector<relation_ptr>& plans, const std::string& name)>;

/// Errors: as `table_environment::execute`, and those of `run_inserts`.
table_result run_statement(table_environment::session& session, const sql::statement& statement,
                           const insert_runner& run_inserts);

/// The same; INSERTs run in this process.
table_result run_statement(table_environment::session& session, const sql::statement& statement);

/// A name of a table as SQL text writes it: `t`, `db.t`, `` `a b`.t ``. Errors: `sql_error`.
sql::object_name parse_name(std::string_view text);

} // namespace sluice::table
