/// Reads blocks of files ahead of the reader that decodes them.
#pragma once

#include "sluice/connect/file/internal/posix_file.hpp"
#include "sluice/connect/format/record_format.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::internal {

/// Bytes behind the data of a block that decoders may read.
inline constexpr std::size_t block_padding = 64;

/// Memory with a run of a file's bytes in it, and room in front for the rest of the block before.
class file_block {
public:
  file_block() = default;
  file_block(std::size_t headroom, std::size_t size);

  std::string_view view() const noexcept { return {memory_.get() + begin_, end_ - begin_}; }
  std::size_t size() const noexcept { return end_ - begin_; }
  std::size_t headroom() const noexcept { return begin_; }
  char* data() noexcept { return memory_.get() + begin_; }

  void set_size(std::size_t size) noexcept;
  void drop_front(std::size_t size) noexcept { begin_ += size; }

  /// Puts `bytes` in front. REQUIRES: `headroom()` suffices.
  void prepend(std::string_view bytes) noexcept;

  /// Puts `bytes` behind; grows to twice the size when they do not fit.
  void append(std::string_view bytes);

  /// Makes it empty again, for `size` bytes behind `headroom`. False: it is too small.
  bool reuse(std::size_t headroom, std::size_t size) noexcept;

private:
  std::unique_ptr<char[]> memory_;
  std::size_t capacity_ = 0; // without the padding
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

/// A block as it was asked for.
struct loaded_block {
  file_block bytes;
  std::uint64_t offset = 0; ///< in the file, of the block's first byte
  bool last = false;        ///< ends where the split does
  bool first = false;       ///< the first of its split; then `header` is set
  std::string header;       ///< first record of the file, without line end, if the layout has one
  std::uint64_t file_size = 0; ///< if `first`, as is what follows
  timestamp file_modified = 0;
};

/// What is to be read: bytes [begin, end) of a file.
struct block_request {
  std::string path;
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
  bool first = false;
  bool last = false;
};

/// The half of a file reader that blocks.
///
/// `load` and `count_lines` run on the task's blocking strand, the rest on its actor: but
/// `is_open` and `load_cached` only while no `load` is under way. Held by both through a
/// shared_ptr, because posted work may run after the reader is gone.
class block_loader {
public:
  block_loader(record_layout layout, std::function<void()> wakeup)
    : layout_(layout), wakeup_(std::move(wakeup)) {}

  /// Space in front of every block's data.
  static constexpr std::size_t headroom = 16 * 1024;

  /// Errors: `io_error`.
  void load(const block_request& request);

  /// Whether this is the file that was loaded from last.
  bool is_open(const std::string& path) const noexcept;

  /// The same as `load`, at once, if the page cache has all of the bytes. False: nothing is done.
  /// REQUIRES: `is_open(request.path)`. Errors: `io_error`.
  bool load_cached(const block_request& request);

  /// Counts the lines that begin in [`from`, `to`).
  void count_lines(const std::string& path, std::uint64_t from, std::uint64_t to);

  /// The next block, if it has been read; in the order of the requests.
  std::optional<loaded_block> take_block();
  std::optional<std::uint64_t> take_line_count();

  /// Gives memory back for further blocks.
  void recycle(file_block block);

  /// Makes posted work return without doing anything.
  void stop();

private:
  void open(const std::string& path);
  loaded_block begin_block(const block_request& request);
  void finish_block(loaded_block block);
  bool stopped();
  file_block make_block(std::size_t size);

  record_layout layout_;
  std::function<void()> wakeup_;

  // of whoever loads
  posix_file file_;
  std::uint64_t data_begin_ = 0; // behind byte order mark and header
  std::string header_;

  std::mutex mutex_;
  std::deque<loaded_block> loaded_;         // guarded by mutex_
  std::optional<std::uint64_t> line_count_; // guarded by mutex_
  std::vector<file_block> free_;            // guarded by mutex_
  bool stopped_ = false;                    // guarded by mutex_
};

} // namespace sluice::internal
