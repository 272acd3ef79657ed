/// Makes an error that helps out of one that the parser stumbled over.
#pragma once

#include "sluice/table/sql/internal/parse_context.hpp"

namespace sluice::sql::internal {

/// What to say about an unexpected token. `raw` are the statement's tokens before refine(), `start`
/// is the START_... token.
///
/// A guess of what was meant (a keyword misspelt, a reserved word as a name, a comma too many or
/// missing) is only offered if the parser gets further with it: it is tried out.
sql_error diagnose(std::string_view text, const std::vector<token>& raw, int start,
                   const unexpected_token& fault);

/// The error for statements of Flink that are not there yet, told by their first words.
void refuse_unsupported(std::string_view text, const std::vector<token>& raw);

} // namespace sluice::sql::internal
