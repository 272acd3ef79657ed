/// Tables for people.
#pragma once

#include <string>
#include <vector>

namespace sluice::cli {

/// Columns as wide as their widest cell, numbers to the right.
class text_table {
public:
  explicit text_table(std::vector<std::string> titles);

  /// REQUIRES: as many cells as there are titles.
  void add(std::vector<std::string> cells);
  bool empty() const noexcept { return rows_.size() == 1; }

  /// With a line break at the end of each line.
  std::string to_string() const;

private:
  std::vector<std::vector<std::string>> rows_; ///< the titles first
};

} // namespace sluice::cli
