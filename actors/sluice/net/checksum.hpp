/// The checksum of frames.
#pragma once

#include <cstddef>
#include <cstdint>

namespace sluice::net {

/// XXH3-64, with the widest vectors that the CPU has.
std::uint64_t checksum(const void* data, std::size_t size) noexcept;

} // namespace sluice::net
