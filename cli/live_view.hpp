/// The present rows of a changing result.
#pragma once

#include "sluice/table/session/table_result.hpp"

#include <chrono>
#include <functional>
#include <map>
#include <ostream>
#include <string>
#include <vector>

namespace sluice::cli {

/// Applies changes to a set of rows, and draws it.
class live_view {
public:
  using row = std::vector<std::string>; ///< the texts of its cells

  live_view(const std::vector<table::relation_column>& columns, std::size_t max_width,
            table::time_zone zone);

  /// Takes changes in.
  void apply(const table::columnar_batch& changes);

  /// Takes in the changes that come until then, or until the result ends. Returns whether there
  /// were any. Errors: as `table_result::next`.
  bool take(table::table_result& result, std::chrono::steady_clock::time_point until);

  /// How many rows there are, equal ones counted.
  std::size_t size() const noexcept { return size_; }

  /// The rows, with how often each is there.
  const std::map<row, std::int64_t>& rows() const noexcept { return rows_; }

  /// The rows in a frame, in the order of their texts; not more than `max_rows` of them.
  void draw(std::ostream& out, std::size_t max_rows) const;

private:
  std::vector<std::string> names_;
  std::size_t max_width_;
  table::time_zone zone_;
  std::map<row, std::int64_t> rows_;
  std::size_t size_ = 0;
};

/// Shows a result on the terminal until it ends or `stop` says so: redrawn in place a few times a
/// second. Where standard output is no terminal, only the last state is printed.
void show_live(table::table_result& result, std::ostream& out, const std::function<bool()>& stop);

} // namespace sluice::cli
