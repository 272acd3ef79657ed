#include "sluice/core/large_memory.hpp"

#include <cstdint>
#include <new>

#include <sys/mman.h>

// A sanitizer has to see the memory as something that was allocated.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SLUICE_HUGE_PAGES 0
#else
#define SLUICE_HUGE_PAGES 1
#endif

namespace sluice::detail {

namespace {

/// A multiple of the page size, whatever that is.
constexpr std::size_t granularity = 64 * 1024;

constexpr std::size_t round_up(std::size_t n, std::size_t to) noexcept {
  return (n + to - 1) / to * to;
}

bool is_large(std::size_t bytes, std::size_t alignment) noexcept {
  return SLUICE_HUGE_PAGES != 0 && bytes >= huge_page && alignment <= huge_page;
}

} // namespace

void* allocate_large(std::size_t bytes, std::size_t alignment) {
  if (!is_large(bytes, alignment)) return ::operator new(bytes, std::align_val_t{alignment});
  // More than is wanted, so that it can be cut to begin with a huge page.
  const auto size = round_up(bytes, granularity);
  auto* all
    = ::mmap(nullptr, size + huge_page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (all == MAP_FAILED) throw std::bad_alloc();
  auto* begin = static_cast<char*>(all);
  const auto address = reinterpret_cast<std::uintptr_t>(begin);
  const auto before = round_up(address, huge_page) - address;
  if (before > 0) ::munmap(begin, before);
  ::munmap(begin + before + size, huge_page - before);
  // Only whole ones: the last part of one would take 2 MiB however little of it is used.
  ::madvise(begin + before, size / huge_page * huge_page, MADV_HUGEPAGE);
  return begin + before;
}

void free_large(void* memory, std::size_t bytes, std::size_t alignment) noexcept {
  if (is_large(bytes, alignment))
    ::munmap(memory, round_up(bytes, granularity));
  else
    ::operator delete(memory, std::align_val_t{alignment});
}

} // namespace sluice::detail
