/// Options of a WITH clause: what a connector takes, and what a table gave, checked.
#pragma once

#include "sluice/core/errors.hpp"
#include "sluice/core/time.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::table {

enum class option_type : std::uint8_t {
  text,
  boolean,     ///< true, false
  integer,     ///< 64 bits
  number,      ///< with a fraction
  duration,    ///< `10 s`, `500ms`, `1 min`, as Flink writes them
  memory_size, ///< `64 mb`, in bytes
};

/// An option that a connector or a format knows.
struct option_definition {
  /// Full key, `scan.startup.mode`. One that ends in `.*` stands for all keys with that prefix.
  std::string key;
  option_type type = option_type::text;
  bool required = false;
  std::optional<std::string> default_value = {};
  /// The values it may have, if they are a few.
  std::vector<std::string> choices = {};
  /// One sentence.
  std::string doc = {};
};

/// The options of one table, checked against definitions. A value.
class table_options {
public:
  table_options() = default;

  /// Errors: `plan_error` that names the option and the table (`who`): unknown (with "did you mean"
  /// and the list of valid ones), missing, of the wrong type, or not one of the choices.
  table_options(std::string who, std::map<std::string, std::string> given,
                std::span<const option_definition> definitions);

  /// Whether it was given, or has a default.
  bool has(std::string_view key) const;

  // The value, or the default. Errors: `broken_invariant` for a key that was not defined or has no
  // value.
  const std::string& text(std::string_view key) const;
  bool boolean(std::string_view key) const;
  std::int64_t integer(std::string_view key) const;
  double number(std::string_view key) const;
  duration time(std::string_view key) const;
  std::uint64_t bytes(std::string_view key) const;

  /// All options that begin with `prefix`, without it.
  std::map<std::string, std::string> with_prefix(std::string_view prefix) const;

private:
  std::string who_;
  std::map<std::string, std::string, std::less<>> values_;
};

/// Reads `10 s`, `500ms`, `1 h`; a bare number is milliseconds. Nothing if it is none.
std::optional<duration> parse_duration(std::string_view text);

/// Reads `64 mb`, `1kb`, `12`; in bytes. Nothing if it is none.
std::optional<std::uint64_t> parse_memory_size(std::string_view text);

} // namespace sluice::table
