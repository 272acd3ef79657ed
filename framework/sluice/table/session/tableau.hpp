/// Rows as a table of text, as Flink's client prints them.
#pragma once

#include "sluice/table/column/columnar_batch.hpp"
#include "sluice/table/plan/relation.hpp"
#include "sluice/table/types/time_zone.hpp"

#include <cstddef>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::table {

/// Columns of a terminal that a text takes: two for wide characters of East Asia.
std::size_t display_width(std::string_view utf8) noexcept;

/// A cell as the client shows it; NULL as `<NULL>`.
std::string cell_text(const columnar_batch& rows, std::size_t column, std::size_t row,
                      const time_zone& zone);

/// Writes rows between lines. Widths follow from the types, so that rows can be shown as they come,
/// or from rows that are known.
class tableau {
public:
  /// `with_kind`: a column `op` in front.
  tableau(std::vector<relation_column> columns, bool with_kind, std::size_t max_width,
          time_zone zone);

  void fit_types();
  /// The widths that these rows need, up to the most.
  void fit(const std::vector<std::unique_ptr<columnar_batch>>& rows);

  void print_line(std::ostream& out) const;
  /// Between two lines.
  void print_header(std::ostream& out) const;
  void print_rows(std::ostream& out, const columnar_batch& rows) const;

private:
  void print_cells(std::ostream& out, const std::vector<std::string>& cells) const;
  std::vector<std::string> cells_of(const columnar_batch& rows, std::size_t row) const;

  std::vector<relation_column> columns_;
  bool with_kind_;
  std::size_t max_width_;
  time_zone zone_;
  std::vector<std::size_t> widths_;
};

} // namespace sluice::table
