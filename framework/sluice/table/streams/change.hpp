/// Rows of a changelog as records of a stream.
#pragma once

#include "sluice/core/text.hpp"
#include "sluice/table/column/columnar_batch.hpp"

#include <boost/describe/class.hpp>

#include <ostream>

namespace sluice::table {

/// A row with what it does to the table. Printed as `+I[(a, 1)]`.
template <class T>
struct change {
  row_kind kind = row_kind::insert;
  T row{};

  friend bool operator==(const change&, const change&) = default;
  friend std::ostream& operator<<(std::ostream& out, const change& c) {
    return out << to_string(c.kind) << '[' << to_text(c.row) << ']';
  }

  BOOST_DESCRIBE_CLASS(change, (), (kind, row), (), ())
};

template <class T>
inline constexpr bool is_change = false;
template <class T>
inline constexpr bool is_change<change<T>> = true;

} // namespace sluice::table
