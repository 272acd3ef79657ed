#include "live_view.hpp"

#include "terminal_frame.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <sstream>

namespace sluice::cli {

namespace {

using namespace std::chrono_literals;
constexpr auto frame_time = 100ms;

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

bool live_view::take(table::table_result& result, std::chrono::steady_clock::time_point until) {
  auto changed = false;
  while (auto rows = result.next_until(until)) {
    apply(*rows);
    changed = true;
    if (std::chrono::steady_clock::now() >= until) break;
  }
  return changed;
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
    out << '\n';
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
    out << '\n';
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
  terminal_frame frame(out);
  live_view view(result.columns(), result.max_column_width(), result.zone());
  auto count = [&](const char* where) {
    return fmt::format("{} {} {}\n", view.size(), view.size() == 1 ? "row" : "rows", where);
  };
  auto draw = [&](std::size_t max_rows) {
    std::ostringstream text;
    view.draw(text, max_rows);
    text << count("in the result");
    frame.show(text.str());
  };
  while (!result.ended() && !stop()) {
    if (!view.take(result, std::chrono::steady_clock::now() + frame_time) || !frame.on()) continue;
    auto height = terminal_frame::height();
    draw(height > 8 ? height - 6 : 2);
  }
  if (frame.on()) {
    draw(~std::size_t{0});
    return;
  }
  view.draw(out, ~std::size_t{0});
  out << count("in set");
}

} // namespace sluice::cli
