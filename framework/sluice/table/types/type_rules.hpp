/// Which types go together: result types of arithmetic, common types and casts, by Flink's rules.
#pragma once

#include "sluice/table/types/data_type.hpp"

#include <optional>
#include <span>

namespace sluice::table {

/// The type that all of `types` can be converted to without being asked (CASE, COALESCE, UNION,
/// comparisons); nullable when one of them is. Nothing when there is none.
std::optional<data_type> common_type(std::span<const data_type> types);
std::optional<data_type> common_type(const data_type& a, const data_type& b);

/// The type in which values of `a` and `b` are compared: `common_type`, and besides a text is
/// compared as what the other side is (a number, a time).
std::optional<data_type> comparison_type(const data_type& a, const data_type& b);

/// Whether a value may become a `to` where the query does not say CAST.
bool can_cast_implicitly(const data_type& from, const data_type& to);

/// Whether CAST(x AS to) is allowed.
bool can_cast_explicitly(const data_type& from, const data_type& to);

/// Whether such a cast may fail (or overflow) for some value, so that TRY_CAST is nullable.
bool cast_may_fail(const data_type& from, const data_type& to);

/// The DECIMAL that holds every value of the exact numeric type `t`.
data_type decimal_of(const data_type& t);

// Result types of `a op b` for numeric operands; nullable when one of them is.
data_type addition_type(const data_type& a, const data_type& b); ///< also of a - b
data_type multiplication_type(const data_type& a, const data_type& b);
data_type division_type(const data_type& a, const data_type& b);
data_type modulo_type(const data_type& a, const data_type& b);

/// The type of ROUND(x, digits); `digits` is unknown when it is not a constant.
data_type round_type(const data_type& t, std::optional<std::int32_t> digits);

/// The types of SUM(x) and AVG(x).
data_type sum_type(const data_type& t);
data_type average_type(const data_type& t);

} // namespace sluice::table
