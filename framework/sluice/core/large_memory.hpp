/// Memory for large tables.
#pragma once

#include <cstddef>

namespace sluice::detail {

/// Size of a huge page, and from which on memory asks for them.
inline constexpr std::size_t huge_page = std::size_t{2} << 20;

/// Memory that is not cleared. Where it is large, it asks the system for huge pages: a table that
/// is hit at random otherwise spends more time on missing address translations than on its data.
/// Errors: `std::bad_alloc`.
void* allocate_large(std::size_t bytes, std::size_t alignment);

/// Gives back what `allocate_large` gave for the same size and alignment.
void free_large(void* memory, std::size_t bytes, std::size_t alignment) noexcept;

} // namespace sluice::detail
