#include "sluice/connect/table/internal/csv_rows.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

namespace sluice::table::internal {

namespace {

constexpr std::size_t slack = 72; // the kernels write a few positions too many

void add_end(::sluice::detail::csv_index& index, std::size_t at) {
  if (index.ends.size() < index.num_ends + slack) index.ends.resize(2 * index.num_ends + 4096);
  index.ends[index.num_ends++] = static_cast<std::uint32_t>(at);
}

void add_row(::sluice::detail::csv_index& index) {
  if (index.rows.size() < index.num_rows + slack) index.rows.resize(2 * index.num_rows + 1024);
  index.rows[index.num_rows++] = static_cast<std::uint32_t>(index.num_ends);
}

bool is_comment(std::string_view row) noexcept {
  auto at = row.find_first_not_of(' ');
  return at != std::string_view::npos && row[at] == '#';
}

} // namespace

void csv_rows::find(std::string_view chunk, bool last, std::size_t max_rows) {
  chunk_ = chunk;
  index_.clear();
  message_begins_.clear();
  unclosed_ = false;
  if (settings_.irregular())
    find_irregular(max_rows);
  else
    ::sluice::detail::kernels().index_csv(index_, chunk.data(), chunk.size(), settings_.delimiter,
                                          settings_.quote, max_rows);
  auto behind = index_.num_rows == 0 ? 0 : index_.ends[index_.rows[index_.num_rows - 1] - 1] + 1;
  bool to_the_end = index_.scanned == chunk.size() && index_.num_rows < max_rows;
  if (last && to_the_end && behind < chunk.size()) add_last_row();
  num_rows_ = std::min(index_.num_rows, max_rows);
}

void csv_rows::add_last_row() {
  unclosed_ = index_.state.inside;
  // What was found behind the last line end belongs to this row.
  add_end(index_, chunk_.size());
  add_row(index_);
}

/// Comments and escapes byte by byte.
void csv_rows::find_irregular(std::size_t max_rows) {
  auto& state = index_.state;
  std::size_t row_begin = 0;
  bool comment = settings_.comments && is_comment(chunk_.substr(0, chunk_.find('\n')));
  for (std::size_t i = 0; i < chunk_.size(); ++i) {
    index_.scanned = i + 1;
    auto c = chunk_[i];
    if (c == '\n' && (!state.inside || comment)) {
      add_end(index_, i);
      add_row(index_);
      state = {};
      if (index_.num_rows >= max_rows) return;
      row_begin = i + 1;
      comment = settings_.comments
                && is_comment(chunk_.substr(row_begin, chunk_.find('\n', row_begin) - row_begin));
    } else if (comment) {
      continue;
    } else if (settings_.escape != '\0' && c == settings_.escape) {
      state.can_open = false;
      ++i;
      index_.scanned = std::min(i + 1, chunk_.size());
    } else if (c == settings_.quote && settings_.quote != '\0') {
      if (state.inside)
        state = {false, true};
      else if (state.can_open)
        state = {true, false};
    } else if (!state.inside) {
      state.can_open = c == settings_.delimiter;
      if (state.can_open) add_end(index_, i);
    }
  }
}

void csv_rows::find_messages(std::string_view text, std::span<const std::size_t> ends) {
  chunk_ = text;
  index_.clear();
  message_begins_.clear();
  unclosed_ = false;
  std::size_t begin = 0;
  for (auto end : ends) {
    // A message is one row: what is behind its first line is not looked at.
    auto rows = index_.num_rows;
    message_begins_.push_back(begin);
    bool closed = false;
    if (settings_.irregular()) {
      csv_rows one(settings_); // rare: nothing is shared with the others
      one.find(text.substr(begin, end - begin), true, 1);
      closed = one.num_rows_ > 0;
      for (std::size_t i = 0; closed && i < one.index_.rows[0]; ++i)
        add_end(index_, begin + one.index_.ends[i]);
    } else {
      index_.scanned = begin;
      index_.begin_record();
      ::sluice::detail::kernels().index_csv(index_, text.data(), end, settings_.delimiter,
                                            settings_.quote, rows + 1);
      closed = index_.num_rows > rows;
      index_.odd_quotes |= !closed && index_.state.inside;
      if (closed) index_.num_ends = index_.rows[rows];
    }
    index_.num_rows = rows;
    if (!closed) add_end(index_, end);
    add_row(index_);
    begin = end + 1;
  }
  num_rows_ = index_.num_rows;
}

std::size_t csv_rows::begin_of(std::size_t r) const noexcept {
  if (!message_begins_.empty()) return message_begins_[r];
  return r == 0 ? 0 : index_.ends[index_.rows[r - 1] - 1] + 1;
}

std::size_t csv_rows::end_of(std::size_t r) const noexcept {
  return std::min<std::size_t>(index_.ends[index_.rows[r] - 1] + 1, chunk_.size());
}

std::string_view csv_rows::text_of(std::size_t r) const noexcept {
  auto begin = begin_of(r);
  auto end = index_.ends[index_.rows[r] - 1];
  auto text = chunk_.substr(begin, end - begin);
  if (text.ends_with('\r')) text.remove_suffix(1);
  return text;
}

void csv_rows::add_good(std::size_t r, std::size_t fields) {
  good_[num_good_] = static_cast<std::uint32_t>(r);
  first_end_[num_good_] = r == 0 ? 0 : index_.rows[r - 1];
  begin_[num_good_] = static_cast<std::uint32_t>(begin_of(r));
  fields_[num_good_] = static_cast<std::uint32_t>(fields);
  ++num_good_;
}

std::size_t csv_rows::check(std::size_t from, bool all) {
  bad_.clear();
  some_short_ = false;
  num_good_ = 0;
  auto rows = from < num_rows_ ? num_rows_ - from : 0;
  for (auto* list : {&good_, &first_end_, &begin_, &fields_}) list->resize(rows);
  auto looked_at = rows == 0 ? num_rows_ : check_rows(from, all);
  for (auto* list : {&good_, &first_end_, &begin_, &fields_}) list->resize(num_good_);
  return looked_at;
}

std::size_t csv_rows::check_rows(std::size_t from, bool all) {
  const auto irregular = settings_.irregular();
  // Quotes that are where they should be need not be looked at row by row.
  const auto odd = irregular || index_.odd_quotes || unclosed_;
  auto quote = odd ? find_quote(begin_of(from)) : std::string_view::npos; // the next one
  for (auto r = from; r < num_rows_; ++r) {
    const std::size_t end = index_.ends[index_.rows[r] - 1];
    const bool quotes = irregular || quote < end;
    if (!quotes && num_columns_ > 1 && fields_of(r) == num_columns_) [[likely]]
      add_good(r, num_columns_);
    else if (!check_row(r, quotes) && !all)
      return r;
    if (quote < end) quote = find_quote(end);
  }
  return num_rows_;
}

std::size_t csv_rows::find_quote(std::size_t from) const noexcept {
  if (settings_.quote == '\0') return std::string_view::npos;
  return chunk_.substr(0, end_of(num_rows_ - 1)).find(settings_.quote, from);
}

/// False: it is bad, and among `bad_`.
bool csv_rows::check_row(std::size_t r, bool quotes) {
  auto text = text_of(r);
  if (text.empty() || (settings_.comments && is_comment(text))) return true;
  auto refuse = [&](std::string reason) {
    bad_.push_back({r, std::move(reason)});
    return false;
  };
  auto fields = fields_of(r);
  if (unclosed_ && r + 1 == num_rows_) return refuse("a quote is opened and never closed");
  if (quotes) {
    const auto irregular = settings_.irregular();
    auto first = r == 0 ? 0 : index_.rows[r - 1];
    auto begin = begin_of(r);
    for (std::size_t c = 0; c < fields; ++c) {
      std::size_t end = index_.ends[first + c];
      auto field = chunk_.substr(begin, end - begin);
      if (c + 1 == fields && field.ends_with('\r')) field.remove_suffix(1);
      std::string_view ignored;
      const auto plain = !irregular && !field.starts_with(settings_.quote);
      if (!plain && !resolve(field, scratch_, ignored))
        return refuse(fmt::format("the quotes in column {} are wrong", c + 1));
      begin = end + 1;
    }
  }
  if (fields > num_columns_ || (fields < num_columns_ && !settings_.ignore_errors))
    return refuse(
      fmt::format("Row length mismatch. {} fields expected but was {}.", num_columns_, fields));
  some_short_ |= fields < num_columns_;
  add_good(r, fields);
  return true;
}

bool csv_rows::resolve(std::string_view raw, std::string& scratch, std::string_view& text) const {
  auto quote = settings_.quote;
  auto escape = settings_.escape;
  bool quoted = quote != '\0' && raw.starts_with(quote);
  if (!quoted && (escape == '\0' || raw.find(escape) == std::string_view::npos)) {
    text = raw;
    return true;
  }
  if (quoted && escape == '\0') { // mostly there is nothing inside the quotes to resolve
    auto at = raw.find(quote, 1);
    if (at == std::string_view::npos) return false;
    if (at + 1 == raw.size()) {
      text = raw.substr(1, raw.size() - 2);
      return true;
    }
  }
  scratch.clear();
  bool closed = !quoted;
  for (std::size_t i = quoted ? 1 : 0; i < raw.size(); ++i) {
    auto c = raw[i];
    if (closed && quoted) return false; // text behind the closing quote
    if (escape != '\0' && c == escape && i + 1 < raw.size()) {
      c = raw[++i];
      scratch += c == 'n' ? '\n' : c == 'r' ? '\r' : c == 't' ? '\t' : c == '0' ? '\0' : c;
    } else if (quoted && c == quote) {
      if (i + 1 < raw.size() && raw[i + 1] == quote)
        scratch += raw[++i];
      else
        closed = true;
    } else {
      scratch += c;
    }
  }
  text = scratch;
  return closed;
}

void csv_rows::keep(const selection& rows) {
  for (auto* list : {&good_, &first_end_, &begin_, &fields_}) {
    for (std::size_t k = 0; k < rows.size(); ++k) (*list)[k] = (*list)[rows[k]];
    list->resize(rows.size());
  }
}

} // namespace sluice::table::internal
