/// Rows as the print connector writes them: `+I[1, a, null]`, read back.
#pragma once

#include "sluice/table/column/columnar_batch.hpp"
#include "sluice/table/types/data_type.hpp"

#include <memory>
#include <string_view>
#include <vector>

namespace sluice::table::internal {

/// One row a line; without a kind and brackets it is an insert. Elements have commas between, and
/// blanks around them are dropped; `null` is NULL; in double quotes (a doubled one within is a
/// quote) anything is text. Arrays are in `[]`, maps in `{k=v}`, rows in `[]` or `()`.
///
/// Errors: `plan_error` with the number of the line, and `who` in front.
std::unique_ptr<columnar_batch> parse_inline_rows(std::string_view text,
                                                  const std::vector<data_type::field>& columns,
                                                  std::string_view who);

} // namespace sluice::table::internal
