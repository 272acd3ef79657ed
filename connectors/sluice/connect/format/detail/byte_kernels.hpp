/// SIMD kernels behind the CSV decoder and the record scanner. Chosen once by the CPU.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace sluice::detail {

/// State of CSV's quoting rules between two bytes.
struct quote_state {
  bool inside = false;
  /// Outside: whether a quote here would open (or reopen) a quoted field.
  bool can_open = true;
};

/// Positions of what separates fields, for the rows that end in a chunk.
struct csv_index {
  /// Of every delimiter and record-ending newline, in order.
  std::vector<std::uint32_t> ends;
  std::size_t num_ends = 0;
  /// For every row: how many of `ends` there are up to its own newline.
  std::vector<std::uint32_t> rows;
  std::size_t num_rows = 0;
  /// Bytes of the chunk that were looked at, and the state behind them.
  std::size_t scanned = 0;
  quote_state state;
  /// Whether the last byte of those closed a quoted field.
  bool closed = false;
  /// Whether some quote is not where RFC 4180 has one: inside a field without quotes, or with more
  /// of the field behind it. If not, every field that begins with a quote ends with one, unless
  /// `state` is inside.
  bool odd_quotes = false;

  void clear() noexcept {
    num_ends = num_rows = scanned = 0;
    begin_record();
    odd_quotes = false;
  }
  /// What comes next is the start of a record, whatever was before.
  void begin_record() noexcept {
    state = {};
    closed = false;
  }
};

struct byte_kernels {
  /// Goes on behind `index.scanned` until `max_rows` rows are known or the chunk ends. The 64 bytes
  /// behind the chunk must be readable. `quote` is '\0' for formats without.
  void (*index_csv)(csv_index& index, const char* data, std::size_t size, char delimiter,
                    char quote, std::size_t max_rows);

  /// Moves `state` over the bytes; stops behind the first record-ending newline if `stop` is set.
  /// Returns how many bytes it moved over, and whether it stopped there.
  std::size_t (*move_quotes)(quote_state& state, const char* data, std::size_t size, char delimiter,
                             char quote, bool stop, bool& stopped);

  std::size_t (*count_newlines)(const char* data, std::size_t size);
};

/// The kernels for this CPU: AVX-512 (with VBMI2) or AVX2 where there is, else SSE2 (or portable
/// code off x86).
const byte_kernels& kernels() noexcept;

/// All that this CPU can run, the portable ones first: for tests to compare.
std::vector<const byte_kernels*> all_kernels();

} // namespace sluice::detail
