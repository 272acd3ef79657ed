#include "sluice/connect/format/detail/csv_core.hpp"
#include "sluice/connect/format/record_scan.hpp"
#include "sluice/connect/format/utf8.hpp"
#include "sluice/connect/table/internal/column_set.hpp"
#include "sluice/connect/table/internal/csv_rows.hpp"
#include "sluice/connect/table/internal/short_number.hpp"
#include "sluice/connect/table/internal/short_text.hpp"
#include "sluice/connect/table/internal/value_text.hpp"
#include "sluice/core/errors.hpp"
#include "sluice/table/expr/evaluator.hpp"
#include "sluice/table/types/number_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

namespace sluice::table::internal {

namespace {

/// A column of the text that the batch gets.
struct wanted_column {
  std::size_t position = 0; ///< in the text
  std::string name;
};

class columnar_csv_decoder final : public record_decoder {
public:
  columnar_csv_decoder(std::shared_ptr<const csv_settings> settings, const format_columns& columns)
    : settings_(std::move(settings)), columns_(columns), rows_(*settings_) {
    for (auto i : columns.wanted) {
      wanted_.push_back({i, columns.columns[i].name});
      types_.push_back(columns.columns[i].type);
      texts_ |= types_.back().is_character() || types_.back().is_nested();
    }
    if (columns.filter) {
      filter_.emplace(columns.filter, columns_.filter_context);
      read_by_filter_.resize(wanted_.size());
      for (auto i : inputs_of(*columns.filter)) read_by_filter_[i] = true;
      for (const auto& t : types_) gathered_.emplace_back(t);
    }
    rows_.set_columns(columns.columns.size());
    rules_.element_delimiter = settings_->array_delimiter;
    if (settings_->null_literal) rules_.null_literal = &*settings_->null_literal;
    rules_.null_elements = settings_->ignore_errors;
  }

  void begin(std::string_view header) override {
    discarding_ = false;
    if (settings_->header == csv_header::by_name) find_columns(header);
  }

  decode_result decode(std::string_view chunk, bool last, batch& out, std::size_t max_records,
                       decode_sink& sink) override {
    if (discarding_) return discard(chunk, last);
    auto& rows = as_columnar(out);
    prepare_columns(rows, types_);
    rows_.find(chunk, last, max_records);
    if (rows_.num_rows() == 0) {
      if (last) return {chunk.size(), true};
      return ask_for_more(chunk, sink);
    }
    chunk_ = chunk;
    messages_ = false;
    sink_ = &sink;
    auto done = fill(rows);
    return {done == 0 ? 0 : rows_.end_of(done - 1), true};
  }

  void decode_messages(std::span<const std::string_view> messages, batch& out,
                       std::vector<std::uint32_t>& ends, decode_sink& sink) override {
    auto& rows = as_columnar(out);
    prepare_columns(rows, types_);
    message_text_.clear();
    message_ends_.clear();
    for (auto message : messages) {
      message_text_ += message;
      message_ends_.push_back(message_text_.size());
      message_text_ += '\n';
    }
    auto size = message_text_.size();
    message_text_.append(64, '\0');
    rows_.find_messages(std::string_view(message_text_).substr(0, size), message_ends_);
    chunk_ = std::string_view(message_text_).substr(0, size);
    messages_ = true;
    sink_ = &sink;
    kept_.clear();
    if (messages.empty()) return;
    fill(rows);
    std::uint32_t count = 0;
    std::size_t k = 0;
    for (std::size_t i = 0; i < messages.size(); ++i) {
      if (k < kept_.size() && kept_[k] == i) {
        ++k;
        ++count;
      }
      ends.push_back(count);
    }
  }

private:
  // -- chunks -------------------------------------------------------------------------------------

  /// Decodes the rows that were found; returns how many are done with, bad ones included.
  std::size_t fill(columnar_batch& out) {
    nulled_ = 0;
    auto last = rows_.num_rows() - 1;
    repair_ = texts_ && !is_valid_utf8(chunk_.substr(0, rows_.end_of(last)));
    std::size_t done = 0;
    if (settings_->ignore_errors || messages_) {
      done = rows_.check(0, true);
      for (auto& bad : rows_.bad()) refuse(bad);
      fill_columns(out);
      if (failed_) refuse({rows_.good()[failed_->first], failed_->second});
      kept_.assign(rows_.good().begin(), rows_.good().end());
      filter_late(out);
    } else {
      done = fill_strictly(out);
    }
    if (nulled_ > 0) sink_->fields_nulled(nulled_);
    return done;
  }

  /// Every error is told of in the order of the rows; what is behind one that stops is left.
  std::size_t fill_strictly(columnar_batch& out) {
    auto stopped_at = rows_.check(0, false);
    bool row_is_bad = !rows_.bad().empty();
    if (row_is_bad && rows_.good().empty()) {
      if (!refuse(rows_.bad().front())) return stopped_at;
      ++stopped_at; // passed over: what follows is decoded by the next call
      out.set_rows(0);
      kept_.clear();
      return stopped_at;
    }
    fill_columns(out);
    kept_.assign(rows_.good().begin(), rows_.good().end());
    if (!failed_) return stopped_at;
    auto [i, reason] = *failed_;
    std::size_t row = rows_.good()[i];
    level_columns(out, i);
    kept_.resize(i);
    filter_late(out);
    if (i > 0) return row; // the next call begins with the row that fails
    return refuse({row, reason}) ? row + 1 : row;
  }

  bool refuse(const csv_bad_row& bad) {
    auto offset = messages_ ? bad.row : rows_.begin_of(bad.row);
    return sink_->refuse({offset, rows_.text_of(bad.row), bad.reason});
  }

  decode_result ask_for_more(std::string_view chunk, decode_sink& sink) {
    constexpr auto limit = record_layout{}.max_record_bytes;
    if (chunk.size() <= limit) return {0, true};
    if (!sink.refuse({0, chunk.substr(0, max_bad_bytes),
                      fmt::format("a record is longer than {} bytes", limit)}))
      return {0, true};
    discarding_ = true;
    scanner_.emplace(record_layout{.quoted_newlines = settings_->quote != '\0',
                                   .quote = settings_->quote,
                                   .delimiter = settings_->delimiter});
    scanner_->skip(chunk);
    return {chunk.size(), false};
  }

  decode_result discard(std::string_view chunk, bool last) {
    auto end = scanner_->find_end(chunk);
    bool found = end != std::string_view::npos;
    if (!found && !last) return {chunk.size(), false};
    discarding_ = false;
    return {found ? end : chunk.size(), true};
  }

  /// The header tells where the columns are.
  void find_columns(std::string_view header) {
    if (header.starts_with(byte_order_mark)) header.remove_prefix(byte_order_mark.size());
    std::string padded(header);
    padded.append(64, '\0');
    std::vector<std::string> names;
    auto lenient = *settings_;
    lenient.ignore_errors = true;
    csv_rows fields(lenient);
    fields.set_columns(std::numeric_limits<std::uint32_t>::max());
    fields.find(std::string_view(padded).substr(0, header.size()), true, 1);
    fields.check(0, true);
    std::string scratch;
    for (std::size_t c = 0; !fields.good().empty() && fields.has(0, c); ++c) {
      std::string_view text;
      fields.resolve(fields.raw(0, c), scratch, text);
      names.emplace_back(trimmed(text));
    }
    for (auto& w : wanted_) {
      w.position = ::sluice::detail::find_csv_column(names, w.name, false);
      if (w.position == std::string::npos)
        throw format_error(fmt::format("column not found in the header: {} (there are {})", w.name,
                                       ::sluice::detail::list_csv_columns(names)));
    }
    rows_.set_columns(names.size());
  }

  // -- columns ------------------------------------------------------------------------------------

  void fill_columns(columnar_batch& out) {
    failed_.reset();
    filtered_ = false;
    if (filter_) fill_columns(out, true);
    // Of rows that are left out, the other fields are not read. Where something is wrong, the rows
    // keep their numbers until that is told, and are left out later.
    if (filter_ && !failed_) filter_early(out);
    fill_columns(out, false);
    out.set_rows(rows_.good().size());
  }

  /// Fills the columns that the filter reads, or the others.
  void fill_columns(columnar_batch& out, bool read_by_filter) {
    for (std::size_t w = 0; w < wanted_.size(); ++w)
      if ((filter_ && read_by_filter_[w]) == read_by_filter)
        fill_column(out.writable(w), wanted_[w]);
  }

  void filter_early(columnar_batch& out) {
    filtered_ = true;
    if (!gather_filtered(out)) return;
    for (std::size_t w = 0; w < wanted_.size(); ++w)
      if (read_by_filter_[w]) std::swap(out.writable(w), gathered_[w]);
  }

  /// Puts what the filter takes of the columns that it reads into `gathered_`; false if it takes
  /// all rows.
  bool gather_filtered(columnar_batch& out) {
    const auto size = rows_.good().size();
    std::vector<column_ptr> columns;
    for (std::size_t w = 0; w < wanted_.size(); ++w)
      columns.push_back(read_by_filter_[w] ? out.share(w) : column::nulls(types_[w], size));
    const columnar_batch seen(std::move(columns), size);
    const auto rows = filter_->select(seen);
    if (rows.size() == size) return false;
    for (std::size_t w = 0; w < wanted_.size(); ++w)
      if (read_by_filter_[w]) gather_into(gathered_[w], seen.at(w), rows.rows(), rows.size());
    rows_.keep(rows);
    return true;
  }

  /// Leaves out rows of `out` that were filled though the filter does not take them.
  void filter_late(columnar_batch& out) {
    if (!filter_ || filtered_) return;
    const auto rows = filter_->select(out);
    for (std::size_t k = 0; k < rows.size(); ++k) kept_[k] = kept_[rows[k]];
    kept_.resize(rows.size());
    out.keep_rows(rows);
  }

  void fill_column(column& c, const wanted_column& w) {
    auto number = [](auto* type) {
      return [type](std::string_view text, auto& value) {
        if (read_short_integer(text.data(), text.size(), value)) [[likely]]
          return true;
        std::int64_t wide = 0;
        using T = std::remove_reference_t<decltype(*type)>;
        if (!read_integer(text, std::numeric_limits<T>::min(), std::numeric_limits<T>::max(), wide))
          return false;
        value = static_cast<T>(wide);
        return true;
      };
    };
    switch (c.type().root()) {
    case type_root::tinyint:
      return fill_flat<std::int8_t>(c, w, number(static_cast<std::int8_t*>(nullptr)));
    case type_root::smallint:
      return fill_flat<std::int16_t>(c, w, number(static_cast<std::int16_t*>(nullptr)));
    case type_root::integer:
      return fill_flat<std::int32_t>(c, w, number(static_cast<std::int32_t*>(nullptr)));
    case type_root::bigint:
      return fill_flat<std::int64_t>(c, w, number(static_cast<std::int64_t*>(nullptr)));
    case type_root::float_:
      return fill_flat<float>(
        c, w, [](std::string_view text, float& value) { return parse_float(text, value); });
    case type_root::double_:
      return fill_flat<double>(c, w, [](std::string_view text, double& value) {
        return read_short_double(text.data(), text.size(), value) || read_double(text, value);
      });
    case type_root::char_:
    case type_root::varchar:
      return fill_texts(c, w);
    case type_root::timestamp:
      return fill_flat<std::int64_t>(c, w,
                                     [reader = timestamp_reader(timestamp_style::sql, false)](
                                       std::string_view text, std::int64_t& value) mutable {
                                       return reader.read(trimmed(text), value);
                                     });
    default:
      return fill_others(c, w);
    }
  }

  /// The text of a field; false if it is NULL by itself: missing, or the null literal.
  bool field(std::size_t i, const wanted_column& w, std::string_view& text) {
    if (rows_.some_short() && !rows_.has(i, w.position)) {
      ++nulled_;
      return false;
    }
    text = rows_.raw(i, w.position);
    if (settings_->irregular() || text.starts_with(settings_->quote)) [[unlikely]]
      rows_.resolve(text, scratch_, text);
    return !settings_->null_literal || text != *settings_->null_literal;
  }

  template <class T, class Convert>
  void fill_flat(column& c, const wanted_column& w, Convert convert) {
    auto size = rows_.good().size();
    c.reset(size);
    auto* values = c.values<T>();
    std::string_view text;
    for (std::size_t i = 0; i < size; ++i) {
      if (field(i, w, text)) [[likely]] {
        if (convert(text, values[i])) [[likely]]
          continue;
        fail(i, c, w, text);
      }
      values[i] = T{};
      c.set_null(i);
    }
  }

  void fill_texts(column& c, const wanted_column& w) {
    auto size = rows_.good().size();
    c.reset(size);
    auto* values = c.values<string_ref>();
    auto& heap = c.heap();
    std::string_view text;
    for (std::size_t i = 0; i < size; ++i) {
      if (field(i, w, text)) [[likely]] {
        if (repair_) repair(text);
        // Of a text in the chunk, more than it can be read.
        bool in_chunk = text.data() >= chunk_.data() && text.data() < chunk_.data() + chunk_.size();
        values[i] = in_chunk && text.size() <= string_ref::inline_size
                      ? short_text(text.data(), static_cast<std::uint32_t>(text.size()))
                      : heap.add(text);
      } else {
        values[i] = string_ref();
        c.set_null(i);
      }
    }
  }

  void fill_others(column& c, const wanted_column& w) {
    c.clear();
    std::string_view text;
    for (std::size_t i = 0; i < rows_.good().size(); ++i) {
      if (!field(i, w, text))
        c.append_null();
      else if (repair_ ? (repair(text), !append_value(c, text, rules_))
                       : !append_value(c, text, rules_))
        fail(i, c, w, text);
    }
  }

  void repair(std::string_view& text) {
    if (is_valid_utf8(text)) return;
    repaired_.clear();
    append_valid_utf8(repaired_, text);
    text = repaired_;
  }

  /// A field means nothing for its type.
  void fail(std::size_t i, const column& c, const wanted_column& w, std::string_view text) {
    if (settings_->ignore_errors) {
      ++nulled_;
      return;
    }
    if (failed_ && failed_->first <= i) return;
    failed_.emplace(i, fmt::format("Fail to deserialize at field: {}. \"{}\" is not {}", w.name,
                                   text.substr(0, 60), describe_type(c.type())));
  }

  std::shared_ptr<const csv_settings> settings_;
  format_columns columns_;
  csv_rows rows_;
  std::vector<wanted_column> wanted_;
  std::vector<data_type> types_;
  bool texts_ = false; // some wanted column holds text
  text_rules rules_;
  bool discarding_ = false; // inside an overlong record
  std::optional<record_scanner> scanner_;
  std::optional<row_filter> filter_;
  std::vector<bool> read_by_filter_; // of the wanted columns
  std::vector<column> gathered_;     // of each wanted column
  bool filtered_ = false;            // the rows that the filter does not take were left out

  // the chunk at hand
  std::string_view chunk_;
  decode_sink* sink_ = nullptr;
  bool messages_ = false;
  bool repair_ = false; // the chunk is not UTF-8
  std::size_t nulled_ = 0;
  std::optional<std::pair<std::size_t, std::string>> failed_; // first good row with a bad field
  std::vector<std::uint32_t> kept_;                           // rows that are in the batch
  std::string scratch_;
  std::string repaired_;
  std::string message_text_;
  std::vector<std::size_t> message_ends_;
};

class columnar_csv_format final : public record_format {
public:
  columnar_csv_format(const format_columns& columns, csv_settings settings)
    : columns_(columns), settings_(std::make_shared<const csv_settings>(std::move(settings))) {
    options_.errors = settings_->ignore_errors ? on_error::null_field : on_error::fail;
  }

  std::string name() const override { return "csv"; }
  record_layout layout() const override {
    record_layout layout;
    layout.quoted_newlines = settings_->quote != '\0';
    layout.quote = settings_->quote;
    layout.delimiter = settings_->delimiter;
    layout.header = settings_->header != csv_header::none;
    layout.cuttable = !settings_->irregular();
    return layout;
  }
  const format_options& options() const override { return options_; }
  std::unique_ptr<record_decoder> make_decoder() const override {
    return std::make_unique<columnar_csv_decoder>(settings_, columns_);
  }

private:
  format_columns columns_;
  std::shared_ptr<const csv_settings> settings_;
  format_options options_;
};

} // namespace

std::shared_ptr<const record_format>
make_csv_decoder(const format_columns& columns, csv_settings settings, const std::string& table) {
  check_csv_types(columns, table);
  return std::make_shared<columnar_csv_format>(columns, std::move(settings));
}

} // namespace sluice::table::internal
