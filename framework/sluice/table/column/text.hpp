/// How values look: as CAST to STRING writes them, and as rows print them.
#pragma once

#include "sluice/table/column/column.hpp"
#include "sluice/table/types/time_zone.hpp"

#include <string>

namespace sluice::table {

/// Appends row `i` as CAST(.. AS STRING) does: `TRUE`, `2020-01-01 12:00:00.000`, `[1, 2]`,
/// `{k=v}`, `(a, 1)`; NULL inside nested values as `NULL`. The client's result tables show this.
/// REQUIRES: the row is not NULL.
void append_cast_text(std::string& out, const column& c, std::size_t i, const time_zone& zone);

/// Appends row `i` as Flink's rows print it (the print connector): Java's texts, so `true`,
/// `2020-01-01T12:00`, `null`; nested rows as `+I[a, 1]`.
void append_row_text(std::string& out, const column& c, std::size_t i);

} // namespace sluice::table
