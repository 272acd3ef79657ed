/// JSON lines to and from described structs, plain aggregates, tuples and generic rows.
#pragma once

#include "sluice/connect/format/detail/json_fields.hpp"
#include "sluice/connect/format/detail/json_lines.hpp"
#include "sluice/connect/format/json_options.hpp"
#include "sluice/connect/format/record_format.hpp"

namespace sluice {

/// Something that a line of JSON can be: a `row`, a described struct (an object), a tuple or plain
/// aggregate (an array), made of numbers, bools, strings, optionals, vectors, maps with string or
/// number keys, and of such structs.
template <class T>
concept json_record
  = std::same_as<T, row>
    || ((detail::record_with_fields<T> || detail::json_map<T>)&&detail::is_json_type<T>());

namespace detail {

template <class T>
class json_decoder final : public json_line_decoder {
public:
  explicit json_decoder(std::shared_ptr<const json_options> options)
    : json_line_decoder(std::move(options)) {}

protected:
  bool read_record(const json_value& value, json_reader& reader, batch& out) override {
    auto& records = batch_as<T>(out);
    if constexpr (std::same_as<T, row>) {
      if (!reader.read_row(value, record_)) return false;
    } else {
      if (!reader.read(value, record_)) return false;
    }
    records.push_back(record_);
    return true;
  }

private:
  T record_{}; // copied into the batch, whose records keep their memory too
};

template <class T>
class json_format final : public typed_format<T> {
public:
  explicit json_format(json_options options)
    : options_(std::make_shared<json_options>(std::move(options))),
      common_(common_options(*options_)) {}

  std::string name() const override { return "json"; }
  record_layout layout() const override { return {.max_record_bytes = options_->max_record_bytes}; }
  const format_options& options() const override { return common_; }
  std::unique_ptr<record_decoder> make_decoder() const override {
    return std::make_unique<json_decoder<T>>(options_);
  }
  void validate() const override { validate_json_options(*options_, std::same_as<T, row>); }

private:
  std::shared_ptr<const json_options> options_;
  format_options common_;
};

template <class T>
class json_encoder final : public typed_encoder<T> {
public:
  explicit json_encoder(json_options options) : options_(std::move(options)) {}

  void validate() const override { validate_json_options(options_, std::same_as<T, row>); }

  void encode(const batch& records, std::size_t begin, std::size_t end,
              std::string& out) const override {
    auto& typed = static_cast<const typed_batch<T>&>(records);
    for (auto i = begin; i < end; ++i) {
      if constexpr (std::same_as<T, row>)
        append_json_row(out, typed[i], options_);
      else
        append_json(out, typed[i], options_);
      out += '\n';
    }
  }

private:
  json_options options_;
};

} // namespace detail

template <json_record T>
format_ptr<T> make_json_format(json_options options = {}) {
  return std::make_shared<detail::json_format<T>>(std::move(options));
}

template <json_record T>
encoder_ptr<T> make_json_encoder(json_options options = {}) {
  return std::make_shared<detail::json_encoder<T>>(std::move(options));
}

} // namespace sluice
