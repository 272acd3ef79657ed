/// Literals of SQL as values with Flink's types.
#pragma once

#include "sluice/table/bind/internal/support.hpp"

namespace sluice::table::internal {

// Errors of both: `binding_error`.
expression_ptr bind_literal(const sql::literal& literal, const sql::source_range& where);
expression_ptr bind_interval(const sql::interval_literal& literal, const sql::source_range& where);

} // namespace sluice::table::internal
