#include "sluice/table/ops/memory_block.hpp"

#include <algorithm>
#include <new>

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace sluice::table::detail {

namespace {

constexpr std::size_t huge_page = std::size_t{2} << 20;

} // namespace

memory_block::memory_block(std::size_t size, std::size_t alignment)
  : size_(size), alignment_(size >= huge_page ? std::max(alignment, huge_page) : alignment) {
  data_ = static_cast<std::byte*>(::operator new(size_, std::align_val_t{alignment_}));
#if defined(__linux__)
  // A hint: where it is refused, small pages do.
  if (size_ >= huge_page) ::madvise(data_, size_ / huge_page * huge_page, MADV_HUGEPAGE);
#endif
}

memory_block::~memory_block() {
  if (data_) ::operator delete(data_, std::align_val_t{alignment_});
}

} // namespace sluice::table::detail
