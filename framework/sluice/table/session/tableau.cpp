#include "sluice/table/session/tableau.hpp"

#include "sluice/table/column/text.hpp"
#include "sluice/table/types/utf8.hpp"

#include <algorithm>
#include <array>

namespace sluice::table {

namespace {

constexpr std::string_view null_text = "<NULL>";
constexpr std::string_view cut_mark = "...";

struct code_range {
  std::uint32_t first;
  std::uint32_t last;
};

/// Wide and full-width characters by Unicode's East Asian Width (UAX #11), neighbours joined.
constexpr std::array wide_ranges = {
  code_range{0x1100, 0x115f},   code_range{0x2e80, 0x303e},   code_range{0x3041, 0x33ff},
  code_range{0x3400, 0x4dbf},   code_range{0x4e00, 0x9fff},   code_range{0xa000, 0xa4cf},
  code_range{0xa960, 0xa97c},   code_range{0xac00, 0xd7a3},   code_range{0xf900, 0xfaff},
  code_range{0xfe30, 0xfe6f},   code_range{0xff01, 0xff60},   code_range{0xffe0, 0xffe6},
  code_range{0x1f300, 0x1f64f}, code_range{0x1f900, 0x1f9ff}, code_range{0x20000, 0x3fffd},
};

bool is_wide(std::uint32_t code) noexcept {
  return std::any_of(wide_ranges.begin(), wide_ranges.end(),
                     [code](const code_range& r) { return code >= r.first && code <= r.last; });
}

/// The character at the start of `text`: its code and its bytes. What is not UTF-8 counts by byte.
std::pair<std::uint32_t, std::size_t> first_character(std::string_view text) noexcept {
  auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  auto lead = byte(0);
  std::size_t size = lead < 0x80 ? 1 : lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 1;
  if (size == 1 || size > text.size()) return {lead, 1};
  std::uint32_t code = lead & (0xff >> (size + 1));
  for (std::size_t i = 1; i < size; ++i) code = code << 6 | (byte(i) & 0x3f);
  return {code, size};
}

/// The start of `text` that is no wider than `width`, padded in front to it.
std::string cut(std::string_view text, std::size_t width) {
  std::size_t end = 0;
  std::size_t taken = 0;
  while (end < text.size()) {
    auto [code, size] = first_character(text.substr(end));
    auto more = is_wide(code) ? 2u : 1u;
    if (taken + more > width) break;
    taken += more;
    end += size;
  }
  return std::string(width - taken, ' ') + std::string(text.substr(0, end));
}

std::size_t type_width(const data_type& t, std::size_t max_width) {
  auto timestamp = [&] { return t.precision() == 0 ? 19u : t.precision() <= 3 ? 23u : 26u; };
  switch (t.root()) {
  case type_root::boolean:
    return 5;
  case type_root::tinyint:
    return 4;
  case type_root::smallint:
    return 6;
  case type_root::integer:
    return 11;
  case type_root::bigint:
    return 20;
  case type_root::decimal:
    return static_cast<std::size_t>(t.precision()) + 2;
  case type_root::date:
    return 10;
  case type_root::time:
    return t.precision() == 0 ? 8 : static_cast<std::size_t>(t.precision()) + 9;
  case type_root::timestamp:
  case type_root::timestamp_ltz:
    return timestamp();
  default:
    return max_width;
  }
}

} // namespace

std::size_t display_width(std::string_view utf8) noexcept {
  std::size_t width = 0;
  while (!utf8.empty()) {
    auto [code, size] = first_character(utf8);
    width += is_wide(code) ? 2 : 1;
    utf8.remove_prefix(size);
  }
  return width;
}

std::string cell_text(const columnar_batch& rows, std::size_t column, std::size_t row,
                      const time_zone& zone) {
  const auto& c = rows.at(column);
  if (c.is_null(row)) return std::string(null_text);
  std::string text;
  append_cast_text(text, c, row, zone);
  // A line of the table is one line of the terminal.
  for (auto& ch : text)
    if (ch == '\n' || ch == '\r' || ch == '\t') ch = ' ';
  return text;
}

tableau::tableau(std::vector<relation_column> columns, bool with_kind, std::size_t max_width,
                 time_zone zone)
  : columns_(std::move(columns)), with_kind_(with_kind), max_width_(max_width),
    zone_(std::move(zone)) {
  fit_types();
}

void tableau::fit_types() {
  widths_.clear();
  for (const auto& c : columns_)
    widths_.push_back(
      std::max({display_width(c.name), type_width(c.type, max_width_), null_text.size()}));
}

void tableau::fit(const std::vector<std::unique_ptr<columnar_batch>>& rows) {
  for (std::size_t c = 0; c < columns_.size(); ++c) {
    auto width = display_width(columns_[c].name);
    for (const auto& batch : rows)
      for (std::size_t r = 0; r < batch->size() && width < max_width_; ++r)
        width = std::max(width, display_width(cell_text(*batch, c, r, zone_)));
    widths_[c] = std::min(width, std::max(max_width_, cut_mark.size()));
  }
}

void tableau::print_line(std::ostream& out) const {
  out << '+';
  if (with_kind_) out << "----+";
  for (auto width : widths_) out << std::string(width + 2, '-') << '+';
  out << '\n';
}

void tableau::print_header(std::ostream& out) const {
  print_line(out);
  std::vector<std::string> names;
  if (with_kind_) names.emplace_back("op");
  for (const auto& c : columns_) names.push_back(c.name);
  print_cells(out, names);
  print_line(out);
}

std::vector<std::string> tableau::cells_of(const columnar_batch& rows, std::size_t row) const {
  std::vector<std::string> cells;
  if (with_kind_) cells.emplace_back(to_string(rows.kind(row)));
  for (std::size_t c = 0; c < columns_.size(); ++c) cells.push_back(cell_text(rows, c, row, zone_));
  return cells;
}

void tableau::print_rows(std::ostream& out, const columnar_batch& rows) const {
  for (std::size_t r = 0; r < rows.size(); ++r) print_cells(out, cells_of(rows, r));
}

void tableau::print_cells(std::ostream& out, const std::vector<std::string>& cells) const {
  std::string line = "|";
  for (std::size_t i = 0; i < cells.size(); ++i) {
    auto wanted = with_kind_ ? (i == 0 ? 2 : widths_[i - 1]) : widths_[i];
    auto width = display_width(cells[i]);
    line += ' ';
    if (width <= wanted)
      line += std::string(wanted - width, ' ') + cells[i];
    else
      line += cut(cells[i], wanted - cut_mark.size()) + std::string(cut_mark);
    line += " |";
  }
  out << line << '\n';
}

} // namespace sluice::table
