/// SQL text to syntax trees. Thread-safe: nothing is shared between calls.
#pragma once

#include "sluice/table/sql/sql_error.hpp"
#include "sluice/table/sql/statement.hpp"

#include <string_view>
#include <vector>

namespace sluice::sql {

/// A text may nest parentheses, and a tree may have levels, up to this; more is an error, so that
/// whoever walks a tree recursively has stack enough.
inline constexpr std::uint32_t max_depth = 400;

/// The statements of a script, separated by semicolons; empty ones are left out.
/// Places count from the begin of `text`. Throws sql_error at the first fault.
std::vector<statement> parse_script(std::string_view text);

/// The one statement of a text, with or without a semicolon behind. Throws sql_error.
statement parse_statement(std::string_view text);

/// Parts of statements, for APIs that take them as text. Throw sql_error.
query parse_query(std::string_view text);
expr parse_expression(std::string_view text);
type_syntax parse_type(std::string_view text);

/// The keywords of the grammar in upper case, sorted: for completion and highlighting.
std::vector<std::string_view> keywords();

} // namespace sluice::sql
