#include "sluice/connect/format/detail/byte_kernels.hpp"

#include <array>
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

inline std::uint64_t byte_mask(const char* data, char c) noexcept {
  __m128i in[4];
  for (int i = 0; i < 4; ++i)
    in[i] = _mm_loadu_si128(reinterpret_cast<const __m128i*>(data + 16 * i));
  return equal_mask(in, c);
}

#else

inline std::uint64_t byte_mask(const char* data, char c) noexcept {
  std::uint64_t mask = 0;
  for (int i = 0; i < 64; ++i) mask |= static_cast<std::uint64_t>(data[i] == c) << i;
  return mask;
}

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

#include "sluice/connect/format/detail/byte_kernels_positions.ipp"

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

SLUICE_KERNEL inline std::uint64_t byte_mask(const char* data, char c) noexcept {
  return equal_mask(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(data)),
                    _mm256_loadu_si256(reinterpret_cast<const __m256i*>(data + 32)), c);
}

#include "sluice/connect/format/detail/byte_kernels_positions.ipp"

#include "sluice/connect/format/detail/byte_kernels.ipp"
#undef SLUICE_KERNEL

} // namespace avx2

namespace avx512 {

#define SLUICE_KERNEL __attribute__((target("avx512f,avx512bw,avx512vbmi2,bmi,bmi2,popcnt,lzcnt")))

SLUICE_KERNEL inline std::uint64_t byte_mask(const char* data, char c) noexcept {
  return _mm512_cmpeq_epi8_mask(_mm512_loadu_si512(data), _mm512_set1_epi8(c));
}

SLUICE_KERNEL inline block_masks byte_masks(const char* data, char delimiter, char quote) noexcept {
  auto bytes = _mm512_loadu_si512(data);
  return {_mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8(delimiter)),
          _mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8('\n')),
          _mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8(quote))};
}

alignas(64) constexpr auto places = [] {
  std::array<std::uint8_t, 64> result{};
  for (std::uint8_t i = 0; i < 64; ++i) result[i] = i;
  return result;
}();

/// All places in one instruction, sixteen at a time to memory.
SLUICE_KERNEL inline void write_positions(std::uint32_t* out, std::uint64_t mask,
                                          std::uint32_t base) noexcept {
  auto chosen = _mm512_maskz_compress_epi8(mask, _mm512_load_si512(places.data()));
  auto bases = _mm512_set1_epi32(static_cast<int>(base));
  auto write = [&](std::uint32_t* to, __m128i bytes) SLUICE_KERNEL {
    _mm512_storeu_si512(to, _mm512_add_epi32(_mm512_cvtepu8_epi32(bytes), bases));
  };
  write(out, _mm512_castsi512_si128(chosen));
  auto count = std::popcount(mask);
  if (count <= 16) [[likely]]
    return;
  write(out + 16, _mm512_extracti32x4_epi32(chosen, 1));
  if (count <= 32) return;
  write(out + 32, _mm512_extracti32x4_epi32(chosen, 2));
  write(out + 48, _mm512_extracti32x4_epi32(chosen, 3));
}

#include "sluice/connect/format/detail/byte_kernels.ipp"
#undef SLUICE_KERNEL

} // namespace avx512
#endif

} // namespace

std::vector<const byte_kernels*> all_kernels() {
  std::vector<const byte_kernels*> result{&baseline::table};
#if defined(__x86_64__)
  if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("bmi")
      || !__builtin_cpu_supports("bmi2") || !__builtin_cpu_supports("popcnt"))
    return result;
  result.push_back(&avx2::table);
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw")
      && __builtin_cpu_supports("avx512vbmi2"))
    result.push_back(&avx512::table);
#endif
  return result;
}

const byte_kernels& kernels() noexcept {
  static const auto& best = *all_kernels().back();
  return best;
}

} // namespace sluice::detail
