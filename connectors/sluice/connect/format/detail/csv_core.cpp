#include "sluice/connect/format/detail/csv_core.hpp"

#include "sluice/connect/format/record_scan.hpp"
#include "sluice/connect/format/utf8.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace sluice::detail {

csv_decoder_core::csv_decoder_core(std::shared_ptr<const csv_options> options,
                                   std::vector<csv_wish> wishes)
  : options_(std::move(options)), wishes_(std::move(wishes)) {}

void csv_decoder_core::begin(std::string_view header) {
  index_.clear();
  discarding_ = false;
  if (options_->header == csv_header::by_name) {
    find_columns(split_header(header));
  } else {
    find_columns(options_->columns);
  }
}

decode_result csv_decoder_core::decode(std::string_view chunk, bool last, batch& out,
                                       std::size_t max_records, decode_sink& sink) {
  chunk_ = chunk;
  sink_ = &sink;
  if (discarding_) return discard(chunk, last);
  auto num_rows = make_index(last, max_records);
  if (num_rows == 0) {
    if (last) return {chunk.size(), true};
    return ask_for_more(sink);
  }
  stopped_ = false;
  auto end = std::min<std::size_t>(index_.ends[index_.rows[num_rows - 1] - 1] + 1, chunk.size());
  suspicious_ = options_->utf8 != invalid_utf8::keep && !is_valid_utf8(chunk.substr(0, end));
  nulled_ = 0;
  auto done = decode_rows(num_rows, out);
  if (nulled_ > 0) sink.fields_nulled(nulled_);
  if (done == 0) return {0, true};
  return {std::min<std::size_t>(index_.ends[index_.rows[done - 1] - 1] + 1, chunk.size()), true};
}

/// Indexes rows of the chunk; returns how many of them to decode.
std::size_t csv_decoder_core::make_index(bool last, std::size_t max_records) {
  index_.clear();
  unclosed_ = false;
  if (options_->quote != '\0' && !options_->quoted_newlines) {
    index_lines(max_records);
  } else {
    kernels().index_csv(index_, chunk_.data(), chunk_.size(), options_->delimiter, options_->quote,
                        max_records);
  }
  auto behind = index_.num_rows == 0 ? 0 : index_.ends[index_.rows[index_.num_rows - 1] - 1] + 1;
  bool to_the_end = index_.scanned == chunk_.size() && index_.num_rows < max_records;
  if (last && to_the_end && behind < chunk_.size()) {
    if (index_.ends.size() <= index_.num_ends) index_.ends.resize(index_.num_ends + 64);
    if (index_.rows.size() <= index_.num_rows) index_.rows.resize(index_.num_rows + 64);
    unclosed_ = index_.state.inside;
    index_.ends[index_.num_ends++] = static_cast<std::uint32_t>(chunk_.size());
    index_.rows[index_.num_rows++] = static_cast<std::uint32_t>(index_.num_ends);
  }
  return std::min(index_.num_rows, max_records);
}

/// For records that never span lines: the quoting state starts anew in each.
void csv_decoder_core::index_lines(std::size_t max_records) {
  auto window = chunk_.substr(0, 64 * 1024);
  if (window.find(options_->quote) == std::string_view::npos) {
    kernels().index_csv(index_, window.data(), window.size(), options_->delimiter, '\0',
                        max_records);
    if (index_.num_rows > 0 || window.size() == chunk_.size()) return;
    index_.clear();
  }
  for (std::size_t begin = 0; begin < chunk_.size() && index_.num_rows < max_records;) {
    auto newline = chunk_.find('\n', begin);
    auto end = newline == std::string_view::npos ? chunk_.size() : newline + 1;
    auto rows = index_.num_rows;
    index_.scanned = begin;
    index_.begin_record();
    kernels().index_csv(index_, chunk_.data(), end, options_->delimiter, options_->quote,
                        max_records);
    if (newline != std::string_view::npos && index_.num_rows == rows) { // it ends inside quotes
      index_.ends[index_.num_ends++] = static_cast<std::uint32_t>(newline);
      index_.rows[index_.num_rows++] = static_cast<std::uint32_t>(index_.num_ends);
    }
    begin = end;
  }
}

decode_result csv_decoder_core::ask_for_more(decode_sink& sink) {
  if (chunk_.size() <= options_->max_record_bytes) return {0, true};
  if (!sink.refuse({0, chunk_.substr(0, max_bad_bytes),
                    fmt::format("a record is longer than {} bytes", options_->max_record_bytes)}))
    return {0, true};
  discarding_ = true;
  return {chunk_.size(), false};
}

decode_result csv_decoder_core::discard(std::string_view chunk, bool last) {
  bool found = false;
  auto moved = chunk.size();
  if (options_->quote != '\0' && options_->quoted_newlines) {
    moved = kernels().move_quotes(index_.state, chunk.data(), chunk.size(), options_->delimiter,
                                  options_->quote, true, found);
  } else if (auto at = chunk.find('\n'); at != std::string_view::npos) {
    found = true;
    moved = at + 1;
  }
  if (!found && !last) return {chunk.size(), false};
  discarding_ = false;
  index_.clear();
  return {moved, true};
}

bool csv_decoder_core::blank_row() const noexcept {
  return row_begin_ == row_end_ || (row_begin_ + 1 == row_end_ && chunk_[row_begin_] == '\r');
}

bool csv_decoder_core::check_row() {
  if (blank_row()) return false;
  auto text = chunk_.substr(row_begin_, row_end_ - row_begin_);
  if (text.size() > options_->max_record_bytes)
    return refuse_row(fmt::format("a record is longer than {} bytes", options_->max_record_bytes));
  if (suspicious_ && options_->utf8 == invalid_utf8::by_policy && !is_valid_utf8(text))
    return refuse_row(invalid_utf8_reason(text));
  if (unclosed_ && row_end_ == chunk_.size())
    return refuse_row("a quote is opened and never closed");
  if (num_fields_ == num_columns_) return true;
  if (num_fields_ < num_columns_ && options_->errors == on_error::null_field) return true;
  // An open quote explains why columns are missing; `field` says so.
  if (csv_field last; !options_->quoted_newlines && !field(num_fields_ - 1, last)) return false;
  return refuse_row(fmt::format("{} columns instead of {}", num_fields_, num_columns_));
}

bool csv_decoder_core::refuse_field(std::size_t wish, const csv_field& f, std::string_view wanted) {
  std::string shown;
  append_escaped(shown, f.text, 60);
  auto column = column_of_[wish] + 1;
  auto name = wishes_[wish].name.empty()
                ? fmt::format("column {}", column)
                : fmt::format("column {} ({})", column, wishes_[wish].name);
  if (is_null_literal(f))
    return refuse_row(fmt::format("{}: is null, which no {} can be", name, wanted));
  return refuse_row(fmt::format("{}: \"{}\" is not {} {}", name, shown,
                                wanted.starts_with("int") ? "an" : "a", wanted));
}

bool csv_decoder_core::refuse_row(std::string reason) {
  auto text = chunk_.substr(row_begin_, row_end_ - row_begin_);
  if (!text.empty() && text.back() == '\r') text.remove_suffix(1);
  nulled_ = nulled_before_;
  stopped_ = !sink_->refuse({row_begin_, text, std::move(reason)});
  return false;
}

bool csv_decoder_core::unquote(csv_field& f) {
  auto quote = options_->quote;
  auto inner = f.text.substr(1);
  auto at = inner.find(quote);
  if (at == std::string_view::npos) return refuse_row("a quote is opened and never closed");
  f.quoted = true;
  if (at + 1 == inner.size()) { // the only one: nothing is escaped
    f.text = inner.substr(0, at);
    return true;
  }
  scratch_.clear();
  while (true) {
    scratch_.append(inner, 0, at);
    inner.remove_prefix(at + 1);
    if (inner.empty()) break;
    if (inner.front() != quote) return refuse_row("there is text behind a closing quote");
    scratch_ += quote;
    inner.remove_prefix(1);
    at = inner.find(quote);
    if (at == std::string_view::npos) return refuse_row("a quote is opened and never closed");
  }
  f.text = scratch_;
  return true;
}

void csv_decoder_core::store_text(std::string& out, std::string_view text) const {
  if (suspicious_ && options_->utf8 == invalid_utf8::replace) {
    out.clear();
    append_valid_utf8(out, text);
  } else {
    out.assign(text);
  }
}

std::vector<std::string> csv_decoder_core::split_header(std::string_view header) {
  if (header.starts_with(byte_order_mark)) header.remove_prefix(byte_order_mark.size());
  chunk_ = header;
  index_.clear();
  auto padded = std::string(header);
  padded.append(64, '\0');
  kernels().index_csv(index_, padded.data(), header.size(), options_->delimiter, options_->quote,
                      1);
  if (index_.num_rows == 0) {
    if (index_.ends.size() <= index_.num_ends) index_.ends.resize(index_.num_ends + 64);
    if (index_.rows.empty()) index_.rows.resize(64);
    index_.ends[index_.num_ends++] = static_cast<std::uint32_t>(header.size());
    index_.rows[index_.num_rows++] = static_cast<std::uint32_t>(index_.num_ends);
  }
  struct no_way_on : decode_sink {
    bool refuse(const record_error& error) override {
      throw format_error(describe_bad_record("header line", error.reason, error.text));
    }
    void fields_nulled(std::size_t) override {}
  } sink;
  sink_ = &sink;
  first_end_ = row_begin_ = 0;
  num_fields_ = index_.rows[0];
  row_end_ = index_.ends[num_fields_ - 1];
  std::vector<std::string> names;
  for (std::size_t i = 0; i < num_fields_; ++i) {
    csv_field f;
    field(i, f);
    names.emplace_back(f.text);
  }
  return names;
}

namespace {

std::string loose(std::string_view name) {
  std::string out;
  for (char c : name)
    if (c != ' ' && c != '_' && c != '-')
      out += c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
  return out;
}

/// Like `find_csv_column`, for names that are those wanted if `matches` says so.
template <class Matches>
std::size_t find_only(const std::vector<std::string>& names, std::string_view wanted,
                      Matches matches) {
  auto at = std::find_if(names.begin(), names.end(), matches);
  if (at == names.end()) return std::string::npos;
  auto again = std::find_if(at + 1, names.end(), matches);
  if (again != names.end())
    throw format_error(fmt::format("column {} is there twice: columns {} and {}", wanted,
                                   at - names.begin() + 1, again - names.begin() + 1));
  return static_cast<std::size_t>(at - names.begin());
}

} // namespace

std::size_t find_csv_column(const std::vector<std::string>& names, std::string_view wanted,
                            bool loosely) {
  auto at = find_only(names, wanted, [&](auto& name) { return name == wanted; });
  if (at != std::string::npos || !loosely) return at;
  return find_only(names, wanted, [key = loose(wanted)](auto& name) { return loose(name) == key; });
}

std::string list_csv_columns(const std::vector<std::string>& names) {
  constexpr std::size_t max_chars = 200;
  std::string all;
  for (auto& name : names) {
    if (all.size() > 4 * max_chars) break;
    if (&name != &names.front()) all += ", ";
    all.append(name, 0, 4 * max_chars + 1);
  }
  std::string shown;
  append_escaped(shown, all, max_chars);
  return shown;
}

void csv_decoder_core::find_columns(const std::vector<std::string>& names) {
  column_of_.assign(wishes_.size(), no_column);
  bool by_position = names.empty() || std::all_of(wishes_.begin(), wishes_.end(), [](auto& wish) {
                       return wish.name.empty();
                     });
  num_columns_ = names.empty() ? wishes_.size() : names.size();
  if (by_position && wishes_.size() > num_columns_)
    throw format_error(fmt::format("there are {} columns ({}), fewer than the record's {} fields",
                                   names.size(), list_csv_columns(names), wishes_.size()));
  for (std::size_t i = 0; i < wishes_.size(); ++i) {
    if (by_position) {
      column_of_[i] = i;
      continue;
    }
    column_of_[i] = find_csv_column(names, wishes_[i].name, options_->loose_names);
    if (column_of_[i] == no_column && !wishes_[i].optional)
      throw format_error(fmt::format("column not found: {} (there are {})", wishes_[i].name,
                                     list_csv_columns(names)));
  }
}

void validate_csv_options(const csv_options& options) {
  validate_format_options(common_options(options), "CSV");
  auto line_end = [](char c) { return c == '\n' || c == '\r'; };
  if (line_end(options.delimiter) || line_end(options.quote) || options.delimiter == '\0')
    throw plan_error("CSV: a delimiter or quote cannot be a line end, a delimiter not '\\0'");
  if (options.delimiter == options.quote)
    throw plan_error(fmt::format("CSV: delimiter and quote are both '{}'", options.delimiter));
  if (auto& null = options.null_literal; null && !null->empty()) {
    const char separators[] = {options.delimiter, '\n', '\r'};
    if (null->find_first_of(separators, 0, sizeof separators) != std::string::npos
        || (options.quote != '\0' && null->front() == options.quote))
      throw plan_error("CSV: null_literal cannot hold a delimiter or line end nor begin with a "
                       "quote");
  }
}

void validate_csv_header(const std::vector<std::string_view>& names, std::size_t num_fields,
                         const csv_options& options) {
  if (options.columns.empty() && (names.empty() || names.front().empty()))
    throw plan_error("CSV: write_header needs names, and the records have none: give "
                     "csv_options::columns (for rows: row_schema)");
  if (names.size() != num_fields)
    throw plan_error(fmt::format("CSV: write_header has {} names in csv_options::columns for "
                                 "records of {} fields",
                                 names.size(), num_fields));
  std::string header;
  append_csv_header(header, names, options);
}

bool append_csv_text(std::string& out, std::string_view text, const csv_options& options) {
  auto quote = options.quote;
  auto blank = [](char c) { return c == ' ' || c == '\t'; };
  bool is_null = options.null_literal && text == *options.null_literal;
  if (quote == '\0') {
    const char separators[] = {options.delimiter, '\n', '\r'};
    if (is_null || text.find_first_of({separators, sizeof separators}) != std::string_view::npos)
      return false;
    out += text;
    return true;
  }
  bool plain = !text.empty() && !blank(text.front()) && !blank(text.back()) && !is_null
               && std::none_of(text.begin(), text.end(), [&](char c) {
                    return c == options.delimiter || c == quote || c == '\n' || c == '\r';
                  });
  if (plain) {
    out += text;
    return true;
  }
  out += quote;
  for (auto at = text.find(quote); at != std::string_view::npos; at = text.find(quote)) {
    out.append(text, 0, at + 1);
    out += quote;
    text.remove_prefix(at + 1);
  }
  out += text;
  out += quote;
  return true;
}

void refuse_csv_row(std::size_t num_cells, std::size_t num_columns) {
  throw format_error(fmt::format("CSV: a row of {} cells cannot be written under {} columns",
                                 num_cells, num_columns));
}

void refuse_unquoted_csv(std::size_t index, std::string_view name, std::string_view text) {
  std::string shown;
  append_escaped(shown, text, 60);
  throw format_error(
    fmt::format("CSV: column {}{}: \"{}\" cannot be written without quotes, and there are none",
                index + 1, name.empty() ? "" : fmt::format(" ({})", name), shown));
}

void append_csv_header(std::string& out, const std::vector<std::string_view>& names,
                       const csv_options& options) {
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (i > 0) out += options.delimiter;
    if (!append_csv_text(out, names[i], options))
      throw plan_error(fmt::format("CSV: the name \"{}\" cannot be written without quotes, and "
                                   "there are none",
                                   names[i]));
  }
  out += '\n';
}

} // namespace sluice::detail
