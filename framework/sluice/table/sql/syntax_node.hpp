/// What the nodes of a syntax tree are made of: their place in the text, subtrees and names.
#pragma once

#include "sluice/table/sql/source_range.hpp"

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace sluice::sql {

/// Where a node was written. All places compare equal, so that syntax trees compare by what they
/// say and not by how they are laid out.
struct place : source_range {
  constexpr place() = default;
  constexpr place(const source_range& range) : source_range(range) {} // NOLINT: a range is a place

  friend constexpr bool operator==(const place&, const place&) noexcept { return true; }
};

/// A subtree, or none. Copies copy the whole subtree; comparison compares it.
///
/// `T` may be incomplete where a box is declared: this is what makes recursive value types.
template <class T>
class box {
public:
  box() = default;
  explicit box(T value) : value_(std::make_unique<T>(std::move(value))) {}
  box(box&&) noexcept = default;
  box& operator=(box&&) noexcept = default;
  box(const box& other) : value_(other.value_ ? std::make_unique<T>(*other.value_) : nullptr) {}
  box& operator=(const box& other) {
    if (this != &other) *this = box(other);
    return *this;
  }
  ~box() = default;

  explicit operator bool() const noexcept { return value_ != nullptr; }
  T& operator*() noexcept { return *value_; }
  const T& operator*() const noexcept { return *value_; }
  T* operator->() noexcept { return value_.get(); }
  const T* operator->() const noexcept { return value_.get(); }

  friend bool operator==(const box& a, const box& b) {
    return a.value_ && b.value_ ? *a.value_ == *b.value_ : !a.value_ && !b.value_;
  }

private:
  std::unique_ptr<T> value_;
};

/// A name as written, without its backticks. Names are case-sensitive.
struct identifier {
  place where;
  std::string text;

  friend bool operator==(const identifier&, const identifier&) = default;
};

/// A name of one or more parts: `table`, `database.table`, `catalog.database.table`.
struct object_name {
  place where;
  std::vector<identifier> parts; ///< never empty in a parsed tree

  friend bool operator==(const object_name&, const object_name&) = default;
};

/// A text in single quotes, its value.
struct text_literal {
  place where;
  std::string text;

  friend bool operator==(const text_literal&, const text_literal&) = default;
};

/// `'key' = 'value'` of a WITH clause or a hint.
struct table_option {
  place where;
  text_literal key;
  text_literal value;

  friend bool operator==(const table_option&, const table_option&) = default;
};

/// `NAME(argument, ...)` of a hint comment. Either `options` ('k' = 'v') or `arguments` are filled.
struct hint {
  place where;
  identifier name;
  std::vector<text_literal> arguments; ///< names, numbers and texts, as texts
  std::vector<table_option> options;

  friend bool operator==(const hint&, const hint&) = default;
};

} // namespace sluice::sql
