/// Generic rows: records whose columns are known only at run time.
#pragma once

#include "sluice/core/codec.hpp"
#include "sluice/core/text.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace sluice {

/// One cell of a row. `std::monostate` is SQL's NULL.
using cell = std::variant<std::monostate, bool, std::int64_t, double, std::string>;

/// The types a cell of a generic row can have.
enum class column_type : std::uint8_t { boolean, int64, float64, string };

std::string_view to_string(column_type type) noexcept;

struct column {
  std::string name;
  column_type type = column_type::string;

  friend bool operator==(const column&, const column&) = default;
};

/// Names and types of a row's columns, in order.
class schema {
public:
  schema() = default;
  schema(std::initializer_list<column> columns) : columns_(columns) {}
  explicit schema(std::vector<column> columns) : columns_(std::move(columns)) {}

  const std::vector<column>& columns() const noexcept { return columns_; }
  std::size_t size() const noexcept { return columns_.size(); }
  const column& operator[](std::size_t i) const { return columns_[i]; }

  /// Index of the column called `name`.
  std::optional<std::size_t> find(std::string_view name) const noexcept;

  friend bool operator==(const schema&, const schema&) = default;

private:
  std::vector<column> columns_;
};

/// A row; printed as `(a, 1, null)`.
struct row {
  std::vector<cell> cells;

  std::size_t size() const noexcept { return cells.size(); }
  cell& operator[](std::size_t i) noexcept { return cells[i]; }
  const cell& operator[](std::size_t i) const noexcept { return cells[i]; }

  friend bool operator==(const row&, const row&) = default;
};

std::ostream& operator<<(std::ostream& out, const row& r);

} // namespace sluice
