/// Which rows of a batch an operation is about.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace sluice::table {

/// The rows [0, size), or those that a list names in ascending order. Owns nothing.
class selection {
public:
  /// All of `size` rows.
  explicit selection(std::size_t size) : size_(size) {}

  /// The `size` rows in `rows`.
  selection(const std::uint32_t* rows, std::size_t size) : rows_(rows), size_(size) {}
  explicit selection(const std::vector<std::uint32_t>& rows)
    : rows_(rows.data()), size_(rows.size()) {}

  std::size_t size() const noexcept { return size_; }
  bool empty() const noexcept { return size_ == 0; }

  /// Whether it is a run from 0, so that there is no list.
  bool dense() const noexcept { return rows_ == nullptr; }
  const std::uint32_t* rows() const noexcept { return rows_; }

  std::uint32_t operator[](std::size_t i) const noexcept {
    return rows_ ? rows_[i] : static_cast<std::uint32_t>(i);
  }

  /// Calls `f(row)` for each row.
  template <class F>
  void for_each(F&& f) const {
    if (!rows_) {
      for (std::size_t i = 0; i < size_; ++i) f(i);
    } else {
      for (std::size_t i = 0; i < size_; ++i) f(static_cast<std::size_t>(rows_[i]));
    }
  }

private:
  const std::uint32_t* rows_ = nullptr;
  std::size_t size_ = 0;
};

} // namespace sluice::table
