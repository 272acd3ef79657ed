/// Lines of text, each a `std::string`.
#pragma once

#include "sluice/connect/format/record_format.hpp"

#include <string>

namespace sluice {

/// Lines end in LF or CRLF (which are not part of the record); empty lines are records.
struct text_options {
  /// Common to all formats: see `format_options`.
  on_error errors = on_error::fail;
  std::function<void(const bad_record&)> divert = {};
  std::size_t max_record_bytes = std::size_t{128} << 20;

  /// Bytes pass as they are, because nothing here needs to understand them.
  invalid_utf8 utf8 = invalid_utf8::keep;

  /// What ends a record. Only with a line feed is a carriage return before it dropped.
  char delimiter = '\n';
};

format_ptr<std::string> make_text_format(text_options options = {});

/// Writes each string and a line feed.
encoder_ptr<std::string> make_text_encoder();

namespace detail {

/// Passes records of any type to a function that appends their bytes.
template <class T, class F>
class function_encoder final : public typed_encoder<T> {
public:
  explicit function_encoder(F append) : append_(std::move(append)) {}

  void encode(const batch& records, std::size_t begin, std::size_t end,
              std::string& out) const override {
    auto& typed = static_cast<const typed_batch<T>&>(records);
    for (auto i = begin; i < end; ++i) append_(typed[i], out);
  }

private:
  F append_;
};

} // namespace detail

/// An encoder from a function that appends a record's bytes, its line end included.
template <class T, class F>
  requires std::invocable<const F&, const T&, std::string&>
encoder_ptr<T> make_function_encoder(F append) {
  return std::make_shared<detail::function_encoder<T, F>>(std::move(append));
}

} // namespace sluice
