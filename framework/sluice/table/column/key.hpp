/// Hashing, equality and order of the rows of columns: keys of groups, joins and sorts.
#pragma once

#include "sluice/table/column/column.hpp"

#include <span>

namespace sluice::table {

/// Writes the hash of each row of the key columns to `out`; NULLs are equal to each other.
///
/// Stable across builds and platforms, as it decides the key group. A single BIGINT, INT or STRING
/// key hashes as `stable_hash` of the same C++ value does, so that tables and streams keyed alike
/// meet in the same subtask.
void hash_rows(std::span<const column* const> keys, std::size_t size, std::uint64_t* out);

/// Whether two rows are the same key: NULL equals NULL, NaN equals NaN, -0.0 equals 0.0.
/// REQUIRES: the same type.
bool rows_equal(const column& a, std::size_t i, const column& b, std::size_t j) noexcept;

/// Negative, 0 or positive: the order of ORDER BY, NULL first. Strings by their bytes; NaN is the
/// greatest number. Arrays, maps and rows by their elements in turn. REQUIRES: the same type.
int compare_rows(const column& a, std::size_t i, const column& b, std::size_t j) noexcept;

/// Clears `equal[k]` where row `rows_a[k]` of `a` is not the same key as `rows_b[k]` of `b`.
void match_rows(const column& a, const std::uint32_t* rows_a, const column& b,
                const std::uint32_t* rows_b, std::size_t count, std::uint8_t* equal) noexcept;

} // namespace sluice::table
