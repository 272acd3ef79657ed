/// Single values: literals of a query and what a test looks at. Batches hold columns instead.
#pragma once

#include "sluice/table/column/column.hpp"

#include <string>
#include <variant>
#include <vector>

namespace sluice::table {

/// A value of SQL with its type.
class scalar {
public:
  /// The members of an array, the fields of a row, or the keys and values of a map in turn.
  using list = std::vector<scalar>;

  /// NULL.
  scalar() = default;
  explicit scalar(data_type type) : type_(std::move(type)) {}

  // Of the types that SQL gives such a literal; never null.
  static scalar of(bool value);
  static scalar of(std::int32_t value);
  static scalar of(std::int64_t value);
  static scalar of(double value);
  /// CHAR(n), as SQL types a literal; the empty one is VARCHAR(1).
  static scalar of(std::string_view text);
  static scalar of(const char* text) { return of(std::string_view(text)); }

  /// Any type that is stored as this. Errors: `broken_invariant` when it is not.
  static scalar of(data_type type, std::int64_t value);
  static scalar of(data_type type, double value);
  static scalar of(data_type type, int128 digits);
  static scalar of(data_type type, std::string text);
  static scalar of(data_type type, list elements);

  /// The value of a row of a column.
  static scalar from(const column& c, std::size_t row);

  /// Appends it to a column of its type (or of any, if it is NULL).
  void append_to(column& c) const;

  const data_type& type() const noexcept { return type_; }
  /// The same stored value as another type that is stored alike.
  scalar with_type(data_type type) const {
    auto copy = *this;
    copy.type_ = std::move(type);
    return copy;
  }
  bool is_null() const noexcept { return value_.index() == 0; }

  // The value. REQUIRES: not null, and stored as that.
  bool boolean() const { return integer() != 0; }
  std::int64_t integer() const { return std::get<std::int64_t>(value_); }
  double floating() const { return std::get<double>(value_); }
  int128 digits() const { return std::get<int128>(value_); }
  const std::string& text() const { return std::get<std::string>(value_); }
  const list& elements() const { return std::get<list>(value_); }

  /// As CAST to STRING writes it; `NULL` for NULL, quoted like a literal if it is a text.
  std::string to_string() const;

  friend bool operator==(const scalar& a, const scalar& b) {
    return a.type_ == b.type_ && a.value_ == b.value_;
  }

private:
  data_type type_;
  std::variant<std::monostate, std::int64_t, double, int128, std::string, list> value_;
};

} // namespace sluice::table
