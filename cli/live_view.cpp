#include "live_view.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <sstream>
#include <sys/ioctl.h>
#include <unistd.h>

namespace sluice::cli {

namespace {

using namespace std::chrono_literals;
constexpr auto frame_time = 100ms;

std::size_t terminal_rows() {
  winsize size{};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_row == 0) return 24;
  return size.ws_row;
}

} // namespace

live_view::live_view(const std::vector<table::relation_column>& columns, std::size_t max_width,
                     table::time_zone zone)
  : max_width_(max_width), zone_(std::move(zone)) {
  for (const auto& c : columns) names_.push_back(c.name);
}

void live_view::apply(const table::columnar_batch& changes) {
  for (std::size_t r = 0; r < changes.size(); ++r) {
    row cells;
    for (std::size_t c = 0; c < names_.size(); ++c)
      cells.push_back(table::cell_text(changes, c, r, zone_));
    auto kind = changes.kind(r);
    auto added = kind == table::row_kind::insert || kind == table::row_kind::update_after;
    auto& count = rows_[cells];
    count += added ? 1 : -1;
    size_ = added ? size_ + 1 : size_ - std::min<std::size_t>(size_, 1);
    if (count == 0) rows_.erase(cells);
  }
}

void live_view::draw(std::ostream& out, std::size_t max_rows) const {
  std::vector<std::size_t> widths;
  for (const auto& name : names_) widths.push_back(table::display_width(name));
  std::size_t shown = 0;
  for (const auto& [cells, count] : rows_) {
    if (shown++ >= max_rows) break;
    for (std::size_t i = 0; i < cells.size(); ++i)
      widths[i] = std::max(widths[i], std::min(max_width_, table::display_width(cells[i])));
  }
  auto line = [&] {
    out << '+';
    for (auto w : widths) out << std::string(w + 2, '-') << '+';
    out << "\033[K\n";
  };
  auto print = [&](const row& cells) {
    out << '|';
    for (std::size_t i = 0; i < cells.size(); ++i) {
      auto text = cells[i];
      auto width = table::display_width(text);
      if (width > widths[i]) {
        text = "..."; // a text that is cut here is shown whole in another mode
        width = 3;
      }
      out << ' ' << std::string(widths[i] - std::min(widths[i], width), ' ') << text << " |";
    }
    out << "\033[K\n";
  };
  line();
  print(names_);
  line();
  shown = 0;
  for (const auto& [cells, count] : rows_)
    for (std::int64_t k = 0; k < count && shown < max_rows; ++k, ++shown) print(cells);
  line();
}

void show_live(table::table_result& result, std::ostream& out, const std::function<bool()>& stop) {
  const auto terminal = isatty(STDOUT_FILENO) != 0;
  live_view view(result.columns(), result.max_column_width(), result.zone());
  std::size_t drawn_lines = 0;
  auto draw = [&](std::size_t max_rows) {
    std::ostringstream frame;
    if (drawn_lines > 0) frame << "\033[" << drawn_lines << 'A';
    view.draw(frame, max_rows);
    frame << fmt::format("{} {} in the result", view.size(), view.size() == 1 ? "row" : "rows")
          << "\033[K\n\033[J";
    auto text = frame.str();
    drawn_lines = static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
    out << text;
    out.flush();
  };
  while (!result.ended() && !stop()) {
    auto until = std::chrono::steady_clock::now() + frame_time;
    auto changed = false;
    while (auto rows = result.next_until(until)) {
      view.apply(*rows);
      changed = true;
      if (std::chrono::steady_clock::now() >= until) break;
    }
    if (terminal && changed) draw(terminal_rows() > 8 ? terminal_rows() - 6 : 2);
  }
  if (terminal) {
    draw(~std::size_t{0});
    return;
  }
  std::ostringstream plain;
  view.draw(plain, ~std::size_t{0});
  auto text = plain.str();
  for (std::size_t at; (at = text.find("\033[K")) != std::string::npos;) text.erase(at, 3);
  out << text << fmt::format("{} {} in set\n", view.size(), view.size() == 1 ? "row" : "rows");
}

} // namespace sluice::cli
