/// Syntax trees to SQL text.
#pragma once

#include "sluice/table/sql/statement.hpp"

#include <string>
#include <string_view>

namespace sluice::sql {

/// Normalised SQL, as SHOW CREATE prints it: keywords in upper case, names in backticks, no
/// parentheses that are not needed, one line but for CREATE and statement sets, no semicolon
/// behind. Parsed again, it gives an equal tree.
std::string to_sql(const statement& node);
std::string to_sql(const query& node);
std::string to_sql(const expr& node);
std::string to_sql(const type_syntax& node);
std::string to_sql(const object_name& name);

/// `name` in backticks.
std::string quote_name(std::string_view name);

/// `text` in single quotes.
std::string quote_text(std::string_view text);

} // namespace sluice::sql
