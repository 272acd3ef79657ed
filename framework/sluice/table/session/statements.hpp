/// Runs statements other than queries and INSERTs: DDL, SHOW, SET and the like.
#pragma once

#include "sluice/table/session/table_environment.hpp"

namespace sluice::table {

/// Errors: as `table_environment::execute`.
table_result run_statement(table_environment::session& session, const sql::statement& statement);

/// A name of a table as SQL text writes it: `t`, `db.t`, `` `a b`.t ``. Errors: `sql_error`.
sql::object_name parse_name(std::string_view text);

} // namespace sluice::table
