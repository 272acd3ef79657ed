#include "sluice/net/compress.hpp"

#include "sluice/core/errors.hpp"

#include <lz4.h>
#include <zstd.h>

#include <memory>
#include <new>

namespace sluice::net {

namespace {

constexpr int zstd_level = 1; // the network is waited for: its fastest regular level

struct zstd_free {
  void operator()(ZSTD_CCtx* c) const noexcept { ZSTD_freeCCtx(c); }
  void operator()(ZSTD_DCtx* c) const noexcept { ZSTD_freeDCtx(c); }
};

// Contexts own large tables; one per thread serves all of its channels.

ZSTD_CCtx* compressor() {
  thread_local std::unique_ptr<ZSTD_CCtx, zstd_free> context(ZSTD_createCCtx());
  if (!context) throw std::bad_alloc();
  return context.get();
}

ZSTD_DCtx* decompressor() {
  thread_local std::unique_ptr<ZSTD_DCtx, zstd_free> context(ZSTD_createDCtx());
  if (!context) throw std::bad_alloc();
  return context.get();
}

} // namespace

std::optional<std::size_t> compress(compression how, std::string_view plain, std::string& to) {
  // With less room than the plain bytes take, both give up as soon as it does not pay.
  auto room = plain.size() - plain.size() / 16;
  if (to.size() < room) to.resize(room);
  if (how == compression::lz4) {
    auto size = LZ4_compress_default(plain.data(), to.data(), static_cast<int>(plain.size()),
                                     static_cast<int>(room));
    if (size <= 0) return std::nullopt;
    return static_cast<std::size_t>(size);
  }
  auto size
    = ZSTD_compressCCtx(compressor(), to.data(), room, plain.data(), plain.size(), zstd_level);
  if (ZSTD_isError(size)) return std::nullopt;
  return size;
}

void decompress(compression how, std::string_view bytes, std::string& to, std::size_t plain_size) {
  if (to.size() < plain_size) to.resize(plain_size);
  bool whole = false;
  if (how == compression::lz4) {
    auto size = LZ4_decompress_safe(bytes.data(), to.data(), static_cast<int>(bytes.size()),
                                    static_cast<int>(plain_size));
    whole = size >= 0 && static_cast<std::size_t>(size) == plain_size;
  } else {
    auto size
      = ZSTD_decompressDCtx(decompressor(), to.data(), plain_size, bytes.data(), bytes.size());
    whole = !ZSTD_isError(size) && size == plain_size;
  }
  if (!whole) throw format_error("a frame is corrupted: it does not decompress");
}

} // namespace sluice::net
