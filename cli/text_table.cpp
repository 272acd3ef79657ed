#include "text_table.hpp"

#include "sluice/core/check.hpp"

#include <algorithm>
#include <cstddef>

namespace sluice::cli {

namespace {

constexpr std::size_t gap = 2;

/// Code points; good enough for names of jobs and machines.
std::size_t width(const std::string& text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  }));
}

bool is_number(const std::string& text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || c == '.';
  });
}

} // namespace

text_table::text_table(std::vector<std::string> titles) { rows_.push_back(std::move(titles)); }

void text_table::add(std::vector<std::string> cells) {
  SLUICE_CHECK(cells.size() == rows_[0].size(), "a row of a table is as wide as its title");
  rows_.push_back(std::move(cells));
}

std::string text_table::to_string() const {
  const auto columns = rows_[0].size();
  std::vector<std::size_t> widths(columns, 0);
  std::vector<bool> numbers(columns, rows_.size() > 1);
  for (std::size_t r = 0; r < rows_.size(); ++r)
    for (std::size_t c = 0; c < columns; ++c) {
      widths[c] = std::max(widths[c], width(rows_[r][c]));
      if (r > 0 && !is_number(rows_[r][c])) numbers[c] = false;
    }
  std::string out;
  for (auto& row : rows_) {
    std::string line;
    for (std::size_t c = 0; c < columns; ++c) {
      auto blanks = std::string(widths[c] - width(row[c]), ' ');
      line += numbers[c] ? blanks + row[c] : row[c] + blanks;
      line.append(gap, ' ');
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + '\n';
  }
  return out;
}

} // namespace sluice::cli
