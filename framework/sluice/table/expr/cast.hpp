/// CAST and TRY_CAST over columns.
#pragma once

#include "sluice/table/function/function.hpp"

#include <string>
#include <string_view>

namespace sluice::table {

/// The kernel of a cast. Values that cannot be cast make it throw, or become NULL with `try_cast`;
/// a DECIMAL with too many digits becomes NULL in either, as in Flink.
/// REQUIRES: `can_cast_explicitly(from, to)`.
resolved_call make_cast(const data_type& from, const data_type& to, bool try_cast);

/// Whether such a cast changes no stored value, only the name of the type.
bool cast_keeps_values(const data_type& from, const data_type& to) noexcept;

/// `text` with the length that `to` says: a longer one is cut, CHAR and BINARY filled up. The
/// result lies in `text`, or in `buffer` where something is added. REQUIRES: `to` is CHAR, VARCHAR,
/// BINARY or VARBINARY.
std::string_view fit_text(std::string& buffer, std::string_view text, const data_type& to);

/// A value cast as `make_cast` does. Errors: what the cast throws.
scalar cast_scalar(const scalar& value, const data_type& to, const expression_context& context);

} // namespace sluice::table
