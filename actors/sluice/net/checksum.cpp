#include "sluice/net/checksum.hpp"

#ifdef SLUICE_XXH_DISPATCH
#include <xxhash.h>

#include <xxh_x86dispatch.h> // renames XXH3_64bits
#else
#define XXH_INLINE_ALL
#include <xxhash.h>
#endif

namespace sluice::net {

std::uint64_t checksum(const void* data, std::size_t size) noexcept {
  return XXH3_64bits(data, size);
}

} // namespace sluice::net
