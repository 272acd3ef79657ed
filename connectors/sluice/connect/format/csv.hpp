/// CSV to and from described structs, plain aggregates, tuples and generic rows.
#pragma once

#include "sluice/connect/format/csv_options.hpp"
#include "sluice/connect/format/detail/csv_core.hpp"
#include "sluice/connect/format/detail/csv_fields.hpp"
#include "sluice/connect/format/detail/struct_fields.hpp"
#include "sluice/connect/format/record_format.hpp"

namespace sluice {

/// Something that a line of CSV can be: a `row`, or a struct or tuple of numbers, bools, chars,
/// strings and optionals of these.
template <class T>
concept csv_record = std::same_as<T, row> || detail::csv_struct<T>;

namespace detail {

template <class T>
std::vector<csv_wish> csv_wishes(const csv_options& options) {
  std::vector<csv_wish> wishes;
  if constexpr (std::same_as<T, row>) {
    for (auto& column : options.row_schema.columns()) wishes.push_back({column.name, false});
  } else {
    wishes.resize(field_count<T>());
    auto names = field_names<T>();
    for (std::size_t i = 0; i < names.size(); ++i) wishes[i].name = names[i];
    all_fields<T>([&]<std::size_t I>() {
      wishes[I].optional = is_optional<csv_field_type<T, I>>;
      return true;
    });
  }
  return wishes;
}

template <class T>
class csv_decoder final : public csv_decoder_core {
public:
  explicit csv_decoder(std::shared_ptr<const csv_options> options)
    : csv_decoder_core(options, csv_wishes<T>(*options)) {}

protected:
  std::size_t decode_rows(std::size_t num_rows, batch& out) override {
    auto& records = batch_as<T>(out);
    records.resize(num_rows);
    std::size_t kept = 0;
    std::size_t r = 0;
    for (; r < num_rows; ++r) {
      if (enter_row(r) && fill(records[kept])) {
        ++kept;
      } else if (stopped()) {
        break;
      }
    }
    records.truncate(kept);
    return r;
  }

private:
  bool fill(T& record) {
    if constexpr (std::same_as<T, row>) {
      auto& columns = options().row_schema.columns();
      record.cells.resize(columns.size());
      for (std::size_t i = 0; i < columns.size(); ++i)
        if (!read(
              i, [&](const csv_field& f) { return read_cell(f, columns[i].type, record[i]); },
              [&] { record[i] = std::monostate{}; }, to_string(columns[i].type)))
          return false;
      return true;
    } else {
      return all_fields<T>([&]<std::size_t I>() {
        auto& target = field_at<I>(record);
        return read(
          I, [&](const csv_field& f) { return read_field(f, target); },
          [&] { clear_field(target); }, csv_type_name<csv_field_type<T, I>>());
      });
    }
  }

  template <class Read, class Clear>
  bool read(std::size_t wish, Read convert, Clear clear, std::string_view wanted) {
    auto column = column_of(wish);
    csv_field f;
    if (column == no_column) {
      clear();
      return true;
    }
    if (!has_field(column)) [[unlikely]] {
      clear();
      return null_instead();
    }
    if (!field(column, f)) return false;
    if (convert(f)) [[likely]]
      return true;
    if (!null_instead()) return refuse_field(wish, f, wanted);
    clear();
    return true;
  }

  template <class F>
  bool read_field(const csv_field& f, F& target) {
    if constexpr (is_optional<F>) {
      if (is_null(f, std::same_as<typename F::value_type, std::string>)) {
        target.reset();
        return true;
      }
      if (!target) target.emplace();
      return read_field(f, *target);
    } else {
      if (is_null_literal(f)) return false;
      if constexpr (std::same_as<F, std::string>) {
        store_text(target, f.text);
        return true;
      } else {
        return parse_plain_field(f.text, target);
      }
    }
  }

  bool read_cell(const csv_field& f, column_type type, cell& target) {
    bool is_text = type == column_type::string;
    if (is_text ? is_null_literal(f) : is_null(f, false)) {
      target = std::monostate{};
      return true;
    }
    if (!is_text) return parse_plain_cell(f.text, type, target);
    if (!std::holds_alternative<std::string>(target)) target.emplace<std::string>();
    store_text(std::get<std::string>(target), f.text);
    return true;
  }
};

template <class T>
class csv_format final : public typed_format<T> {
public:
  explicit csv_format(csv_options options)
    : options_(std::make_shared<csv_options>(std::move(options))),
      common_(common_options(*options_)) {}

  std::string name() const override { return "csv"; }
  record_layout layout() const override {
    return {options_->quoted_newlines && options_->quote != '\0',
            options_->quote,
            options_->delimiter,
            options_->header != csv_header::none,
            '\n',
            options_->max_record_bytes};
  }
  const format_options& options() const override { return common_; }
  std::unique_ptr<record_decoder> make_decoder() const override {
    return std::make_unique<csv_decoder<T>>(options_);
  }
  void validate() const override {
    validate_csv_options(*options_);
    if (std::same_as<T, row> && options_->row_schema.size() == 0)
      throw plan_error("CSV: rows need csv_options::row_schema");
  }

private:
  std::shared_ptr<const csv_options> options_;
  format_options common_;
};

template <class T>
class csv_encoder final : public typed_encoder<T> {
public:
  explicit csv_encoder(csv_options options) : options_(std::move(options)) {}

  void validate() const override {
    validate_csv_options(options_);
    if (options_.write_header) validate_csv_header(names(), num_fields(), options_);
  }

  void header(std::string& out) const override {
    if (options_.write_header) append_csv_header(out, names(), options_);
  }

  void encode(const batch& records, std::size_t begin, std::size_t end,
              std::string& out) const override {
    auto& typed = static_cast<const typed_batch<T>&>(records);
    for (auto i = begin; i < end; ++i) append(out, typed[i]);
  }

private:
  std::vector<std::string_view> names() const {
    std::vector<std::string_view> names(options_.columns.begin(), options_.columns.end());
    if (names.empty())
      for (auto& wish : csv_wishes<T>(options_)) names.push_back(wish.name);
    return names;
  }

  /// Fields of every record; 0: rows may have any number of cells.
  std::size_t num_fields() const {
    if constexpr (!std::same_as<T, row>)
      return field_count<T>();
    else if (options_.row_schema.size() > 0 || !options_.write_header)
      return options_.row_schema.size();
    else
      return options_.columns.size();
  }

  void append(std::string& out, const T& record) const {
    auto line = out.size();
    if constexpr (std::same_as<T, row>) {
      if (auto expected = num_fields(); expected > 0 && record.size() != expected) [[unlikely]]
        refuse_csv_row(record.size(), expected);
      for (std::size_t i = 0; i < record.size(); ++i) {
        if (i > 0) out += options_.delimiter;
        if (!append_csv_cell(out, record[i], options_)) [[unlikely]]
          refuse_without_quotes(i, csv_text_of(record[i]));
      }
    } else {
      all_fields<T>([&]<std::size_t I>() {
        if (I > 0) out += options_.delimiter;
        if (!append_csv_field(out, field_at<I>(record), options_)) [[unlikely]]
          refuse_without_quotes(I, csv_text_of(field_at<I>(record)));
        return true;
      });
    }
    if (out.size() == line) { // readers pass over empty lines
      if (options_.quote == '\0') refuse_without_quotes(0, {});
      out.append(2, options_.quote);
    }
    out += '\n';
  }

  [[noreturn]] void refuse_without_quotes(std::size_t field, std::string_view text) const {
    auto wishes = csv_wishes<T>(options_);
    refuse_unquoted_csv(field, field < wishes.size() ? wishes[field].name : std::string_view{},
                        text);
  }

  csv_options options_;
};

} // namespace detail

template <csv_record T>
format_ptr<T> make_csv_format(csv_options options = {}) {
  return std::make_shared<detail::csv_format<T>>(std::move(options));
}

template <csv_record T>
encoder_ptr<T> make_csv_encoder(csv_options options = {}) {
  return std::make_shared<detail::csv_encoder<T>>(std::move(options));
}

} // namespace sluice
