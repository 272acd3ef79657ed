/// A short cut for JSON lines that look like the one before.
#pragma once

#include "sluice/connect/table/internal/value_text.hpp"
#include "sluice/table/column/column.hpp"

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::table::internal {

/// Reads flat objects whose keys come in the order that was learnt, without blanks between, and
/// whose values are plain: no escapes, numbers that need no care. Everything else is left to the
/// parser, so that a line is read the same either way.
class json_template {
public:
  json_template(std::span<const data_type::field> columns, timestamp_style timestamps,
                bool fail_on_missing);

  /// Takes over the keys of a line that the parser has read.
  void learn(std::string_view line);

  /// Appends the row in `line`; false, and nothing is appended, if it is not what was learnt. 64
  /// bytes behind the line are readable.
  bool append(std::string_view line, const std::vector<column*>& columns);

private:
  enum class kind : std::uint8_t { skip, integer, bigint, real, text, timestamp, boolean, other };

  struct step {
    std::string key;             ///< with quotes and colon
    std::array<char, 16> head{}; ///< the first bytes of it
    kind what = kind::skip;
    std::size_t column = 0;
  };

  /// A value that was read and waits until the whole line is.
  struct slot {
    bool null = true;
    std::int64_t number = 0;
    double real = 0;
    std::string_view text;
  };

  static kind kind_of(const data_type& type);
  bool read_value(const step& s, const char*& at, const char* end);
  bool read_short_number(const step& s, const char*& at, slot& to) const;
  bool read_number(const step& s, const char*& at, slot& to) const;
  void store(column& c, kind what, const slot& from) const;

  std::vector<data_type::field> columns_;
  std::vector<kind> kinds_;
  std::vector<timestamp_reader> timestamps_; // of each column
  bool usable_ = true;                       ///< all columns are of types that it knows
  bool fail_on_missing_;
  std::vector<step> steps_; // empty: nothing was learnt
  std::vector<slot> slots_; // of each column
  std::uint32_t hits_ = 0;
  std::uint32_t patience_ = 16; // how often to learn again
};

} // namespace sluice::table::internal
