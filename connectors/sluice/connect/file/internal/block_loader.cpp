#include "sluice/connect/file/internal/block_loader.hpp"

#include "sluice/connect/format/record_scan.hpp"
#include "sluice/core/errors.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

namespace sluice::internal {

file_block::file_block(std::size_t headroom, std::size_t size)
  : memory_(new char[headroom + size + block_padding]), capacity_(headroom + size),
    begin_(headroom), end_(headroom) {
  set_size(0);
}

void file_block::set_size(std::size_t size) noexcept {
  end_ = begin_ + size;
  std::memset(memory_.get() + end_, 0, block_padding);
}

void file_block::prepend(std::string_view bytes) noexcept {
  begin_ -= bytes.size();
  std::memcpy(data(), bytes.data(), bytes.size());
}

void file_block::append(std::string_view bytes) {
  if (capacity_ - end_ < bytes.size()) {
    file_block bigger(0, 2 * (size() + bytes.size()));
    std::memcpy(bigger.data(), data(), size());
    bigger.set_size(size());
    *this = std::move(bigger);
  }
  std::memcpy(memory_.get() + end_, bytes.data(), bytes.size());
  set_size(size() + bytes.size());
}

bool file_block::reuse(std::size_t headroom, std::size_t size) noexcept {
  if (capacity_ < headroom + size) return false;
  begin_ = headroom;
  set_size(0);
  return true;
}

void block_loader::load(const block_request& request) {
  if (stopped()) return;
  if (!is_open(request.path)) open(request.path);
  auto result = begin_block(request);
  auto size = result.bytes.size();
  auto got = file_.read_at(result.offset, result.bytes.data(), size);
  if (got < size)
    throw io_error(fmt::format("cannot read '{}': it became shorter while it was read: {} bytes "
                               "are missing at offset {}",
                               request.path, size - got, result.offset + got));
  finish_block(std::move(result));
  wakeup_();
}

bool block_loader::is_open(const std::string& path) const noexcept {
  return file_.is_open() && file_.path() == path;
}

bool block_loader::load_cached(const block_request& request) {
  auto result = begin_block(request);
  auto size = result.bytes.size();
  if (file_.read_cached_at(result.offset, result.bytes.data(), size) < size) {
    recycle(std::move(result.bytes));
    return false;
  }
  finish_block(std::move(result));
  return true;
}

/// Memory for what is to be read, and what is known of it.
loaded_block block_loader::begin_block(const block_request& request) {
  loaded_block result;
  result.first = request.first;
  result.last = request.last;
  if (request.first) {
    result.header = header_;
    result.file_size = file_.size();
    result.file_modified = file_.modified();
  }
  result.offset = std::max(request.begin, data_begin_);
  auto size = request.end > result.offset ? request.end - result.offset : 0;
  result.bytes = make_block(size);
  result.bytes.set_size(size);
  return result;
}

void block_loader::finish_block(loaded_block block) {
  std::lock_guard lock(mutex_);
  loaded_.push_back(std::move(block));
}

void block_loader::open(const std::string& path) {
  file_ = posix_file::open_to_read(path);
  data_begin_ = 0;
  header_.clear();
  std::string head(4096, '\0');
  head.resize(file_.read_at(0, head.data(), head.size()));
  auto bom = head.starts_with(byte_order_mark) ? byte_order_mark.size() : 0;
  data_begin_ = bom;
  if (!layout_.header) return;
  while (true) {
    auto bytes = std::string_view(head).substr(bom);
    auto end = record_scanner(layout_).find_end(bytes);
    bool whole_file = head.size() >= file_.size();
    if (end == std::string_view::npos && whole_file) end = bytes.size();
    if (end != std::string_view::npos) {
      data_begin_ = bom + end;
      header_ = bytes.substr(0, end);
      if (header_.ends_with('\n')) header_.pop_back();
      if (header_.ends_with('\r')) header_.pop_back();
      return;
    }
    if (head.size() > layout_.max_record_bytes)
      throw format_error(
        fmt::format("{}:1: the header is longer than {} bytes", path, layout_.max_record_bytes));
    auto known = head.size();
    head.resize(2 * known);
    head.resize(known + file_.read_at(known, head.data() + known, known));
  }
}

void block_loader::count_lines(const std::string& path, std::uint64_t from, std::uint64_t to) {
  if (stopped()) return;
  auto file = posix_file::open_to_read(path);
  std::string buffer(256 * 1024, '\0');
  std::uint64_t count = 0;
  while (from < to) {
    auto size
      = file.read_at(from, buffer.data(), std::min<std::uint64_t>(buffer.size(), to - from));
    if (size == 0) break;
    count += count_newlines({buffer.data(), size});
    from += size;
  }
  {
    std::lock_guard lock(mutex_);
    line_count_ = count;
  }
  wakeup_();
}

std::optional<loaded_block> block_loader::take_block() {
  std::lock_guard lock(mutex_);
  if (loaded_.empty()) return std::nullopt;
  auto result = std::move(loaded_.front());
  loaded_.pop_front();
  return result;
}

std::optional<std::uint64_t> block_loader::take_line_count() {
  std::lock_guard lock(mutex_);
  return std::exchange(line_count_, std::nullopt);
}

void block_loader::recycle(file_block block) {
  std::lock_guard lock(mutex_);
  if (free_.size() < 2) free_.push_back(std::move(block));
}

void block_loader::stop() {
  std::lock_guard lock(mutex_);
  stopped_ = true;
}

bool block_loader::stopped() {
  std::lock_guard lock(mutex_);
  return stopped_;
}

file_block block_loader::make_block(std::size_t size) {
  {
    std::lock_guard lock(mutex_);
    while (!free_.empty()) {
      auto block = std::move(free_.back());
      free_.pop_back();
      if (block.reuse(headroom, size)) return block;
    }
  }
  return {headroom, size};
}

} // namespace sluice::internal
