/// Parsed JSON, seen through a keyhole: users of the format need not compile the parser.
#pragma once

#include "sluice/connect/format/detail/number_text.hpp"

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace sluice::detail {

enum class json_kind : std::uint8_t { null, boolean, number, text, list, object };

/// A value in the document that was parsed last. Copies refer to the same one.
class json_value {
public:
  json_kind kind() const noexcept;

  /// REQUIRES: kind() is boolean.
  bool as_bool() const noexcept;

  /// The text of a string. REQUIRES: kind() is text. Valid until the next document.
  std::string_view as_text() const noexcept;

  /// Takes a number or a string that holds one; false if it is neither or does not fit.
  template <number T>
  bool to_number(T& out) const noexcept;

  /// Whether `to_number` refuses an integer only because it is written with a point or exponent and
  /// has so many digits that it may be another one.
  template <number T>
  bool is_inexact() const noexcept;

  /// Replaces `out` by a string's content, or by the JSON text of anything else.
  void to_text(std::string& out) const;

  /// Like `to_text`, but false for null.
  bool to_string(std::string& out) const;

  /// Elements or fields. REQUIRES: kind() is list or object.
  std::size_t size() const noexcept;

private:
  friend class json_parser;
  friend class json_items;
  friend class json_fields;
  std::array<std::uint64_t, 2> place_{};
};

/// Walks a list.
class json_items {
public:
  /// REQUIRES: `list.kind()` is list.
  explicit json_items(const json_value& list) noexcept;
  bool next(json_value& item) noexcept;

private:
  std::array<std::uint64_t, 2> at_;
  std::array<std::uint64_t, 2> end_;
};

/// Walks the fields of an object in their order.
class json_fields {
public:
  /// REQUIRES: `object.kind()` is object.
  explicit json_fields(const json_value& object) noexcept;
  bool next(std::string_view& name, json_value& value) noexcept;

private:
  std::array<std::uint64_t, 2> at_;
  std::array<std::uint64_t, 2> end_;
};

/// Parses one document after the other.
class json_parser {
public:
  json_parser();
  ~json_parser();

  /// False: `reason` tells why, `bad_utf8` whether for invalid UTF-8. 64 bytes behind `text` must
  /// be readable.
  bool parse(std::string_view text, json_value& root, std::string& reason, bool& bad_utf8);

private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

/// Appends `text` as a JSON string; invalid UTF-8 becomes U+FFFD.
void append_json_string(std::string& out, std::string_view text);

/// Appends a number; what JSON has no number for (infinity, NaN) as null.
void append_json_number(std::string& out, double value);

} // namespace sluice::detail
