#include "sluice/connect/format/detail/byte_kernels.hpp"

#include <bit>
#include <cstring>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace sluice::detail {

namespace {

struct block_masks {
  std::uint64_t delimiters;
  std::uint64_t newlines;
  std::uint64_t quotes;
};

namespace baseline {

#define SLUICE_KERNEL

#if defined(__x86_64__)

inline std::uint64_t equal_mask(const __m128i (&in)[4], char c) noexcept {
  auto wanted = _mm_set1_epi8(c);
  std::uint64_t mask = 0;
  for (int i = 0; i < 4; ++i) {
    auto bits = static_cast<unsigned>(_mm_movemask_epi8(_mm_cmpeq_epi8(in[i], wanted)));
    mask |= static_cast<std::uint64_t>(bits) << (16 * i);
  }
  return mask;
}

inline block_masks byte_masks(const char* data, char delimiter, char quote) noexcept {
  __m128i in[4];
  for (int i = 0; i < 4; ++i)
    in[i] = _mm_loadu_si128(reinterpret_cast<const __m128i*>(data + 16 * i));
  return {equal_mask(in, delimiter), equal_mask(in, '\n'), equal_mask(in, quote)};
}

#else

inline block_masks byte_masks(const char* data, char delimiter, char quote) noexcept {
  block_masks masks{};
  for (int i = 0; i < 64; ++i) {
    masks.delimiters |= static_cast<std::uint64_t>(data[i] == delimiter) << i;
    masks.newlines |= static_cast<std::uint64_t>(data[i] == '\n') << i;
    masks.quotes |= static_cast<std::uint64_t>(data[i] == quote) << i;
  }
  return masks;
}

#endif

#include "sluice/connect/format/detail/byte_kernels.ipp"
#undef SLUICE_KERNEL

} // namespace baseline

#if defined(__x86_64__)
namespace avx2 {

#define SLUICE_KERNEL __attribute__((target("avx2,bmi,bmi2,popcnt")))

SLUICE_KERNEL inline std::uint64_t equal_mask(__m256i low, __m256i high, char c) noexcept {
  auto wanted = _mm256_set1_epi8(c);
  auto first = static_cast<unsigned>(_mm256_movemask_epi8(_mm256_cmpeq_epi8(low, wanted)));
  auto second = static_cast<unsigned>(_mm256_movemask_epi8(_mm256_cmpeq_epi8(high, wanted)));
  return first | static_cast<std::uint64_t>(second) << 32;
}

SLUICE_KERNEL inline block_masks byte_masks(const char* data, char delimiter, char quote) noexcept {
  auto low = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(data));
  auto high = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(data + 32));
  return {equal_mask(low, high, delimiter), equal_mask(low, high, '\n'),
          equal_mask(low, high, quote)};
}

#include "sluice/connect/format/detail/byte_kernels.ipp"
#undef SLUICE_KERNEL

} // namespace avx2
#endif

} // namespace

const byte_kernels& baseline_kernels() noexcept { return baseline::table; }

const byte_kernels& kernels() noexcept {
#if defined(__x86_64__)
  static const bool has_avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi")
                               && __builtin_cpu_supports("bmi2")
                               && __builtin_cpu_supports("popcnt");
  if (has_avx2) return avx2::table;
#endif
  return baseline::table;
}

} // namespace sluice::detail
