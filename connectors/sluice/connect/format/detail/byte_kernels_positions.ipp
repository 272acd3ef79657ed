// Included before byte_kernels.ipp where there is nothing better.

/// Four at a time: the surplus is overwritten by what the next block has.
SLUICE_KERNEL inline void write_positions(std::uint32_t* out, std::uint64_t mask,
                                          std::uint32_t base) noexcept {
  while (mask != 0)
    for (int k = 0; k < 4; ++k) {
      *out++ = base + static_cast<std::uint32_t>(std::countr_zero(mask));
      mask &= mask - 1;
    }
}
