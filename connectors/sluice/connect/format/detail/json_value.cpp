#include "sluice/connect/format/detail/json_value.hpp"

#include "sluice/connect/format/detail/json_numbers.hpp"
#include "sluice/connect/format/utf8.hpp"

#include <fmt/format.h>
#include <simdjson.h>

#include <bit>
#include <cmath>
#include <limits>

namespace sluice::detail {

namespace dom = simdjson::dom;

namespace {

using place = std::array<std::uint64_t, 2>;

static_assert(sizeof(dom::element) == sizeof(place));
static_assert(sizeof(dom::array::iterator) == sizeof(place));
static_assert(sizeof(dom::object::iterator) == sizeof(place));
static_assert(std::is_trivially_copyable_v<dom::element>);
static_assert(std::is_trivially_copyable_v<dom::array::iterator>);
static_assert(std::is_trivially_copyable_v<dom::object::iterator>);
static_assert(simdjson::SIMDJSON_PADDING <= 64);

/// Views the words that a handle is made of as what they are.
template <class T>
T view(const place& words) noexcept {
  T result;
  std::memcpy(static_cast<void*>(&result), words.data(), sizeof(T));
  return result;
}

template <class T>
place words(const T& handle) noexcept {
  place result;
  std::memcpy(result.data(), static_cast<const void*>(&handle), sizeof(T));
  return result;
}

/// Whether an integer as a `double` lies between the limits of `T`.
template <std::integral T>
bool in_range_of(double value) noexcept {
  constexpr auto above = 2.0 * static_cast<double>(std::numeric_limits<T>::max() / 2 + 1);
  return value == std::trunc(value) && value >= static_cast<double>(std::numeric_limits<T>::min())
         && value < above;
}

/// Whether `value` is what was written, as far as a `double` can tell: below 2^53, or an integer of
/// at most 15 significant digits, of which no two have the same `double`. REQUIRES: it is an
/// integer of 64 bits.
bool is_exact(double value) noexcept {
  constexpr double all_exact = 9007199254740992.0; // 2^53
  if (std::abs(value) < all_exact) return true;
  auto digits = static_cast<std::uint64_t>(std::abs(value));
  while (digits % 10 == 0) digits /= 10;
  return digits < 1'000'000'000'000'000;
}

template <number T>
bool fits(double value) noexcept {
  if constexpr (std::is_floating_point_v<T>)
    return std::isfinite(static_cast<T>(value));
  else
    return in_range_of<T>(value) && is_exact(value);
}

} // namespace

json_kind json_value::kind() const noexcept {
  switch (view<dom::element>(place_).type()) {
  case dom::element_type::ARRAY:
    return json_kind::list;
  case dom::element_type::OBJECT:
    return json_kind::object;
  case dom::element_type::INT64:
  case dom::element_type::UINT64:
  case dom::element_type::DOUBLE:
    return json_kind::number;
  case dom::element_type::STRING:
    return json_kind::text;
  case dom::element_type::BOOL:
    return json_kind::boolean;
  case dom::element_type::NULL_VALUE:
    break;
  }
  return json_kind::null;
}

bool json_value::as_bool() const noexcept {
  return view<dom::element>(place_).get_bool().value_unsafe();
}

std::string_view json_value::as_text() const noexcept {
  return view<dom::element>(place_).get_string().value_unsafe();
}

template <number T>
bool json_value::to_number(T& out) const noexcept {
  auto element = view<dom::element>(place_);
  switch (element.type()) {
  case dom::element_type::INT64: {
    auto value = element.get_int64().value_unsafe();
    if constexpr (std::is_integral_v<T>)
      if (!std::in_range<T>(value)) return false;
    out = static_cast<T>(value);
    return true;
  }
  case dom::element_type::UINT64: {
    auto value = element.get_uint64().value_unsafe();
    if constexpr (std::is_integral_v<T>)
      if (!std::in_range<T>(value)) return false;
    out = static_cast<T>(value);
    return true;
  }
  case dom::element_type::DOUBLE: {
    auto value = element.get_double().value_unsafe();
    if (!fits<T>(value)) return false;
    out = static_cast<T>(value);
    return true;
  }
  case dom::element_type::STRING:
    return parse_number(as_text(), out) == parse_error::none;
  default:
    return false;
  }
}

template <number T>
bool json_value::is_inexact() const noexcept {
  if constexpr (std::is_integral_v<T>) {
    double value = 0;
    auto element = view<dom::element>(place_);
    return element.is_double() && !element.get_double().get(value) && in_range_of<T>(value)
           && !is_exact(value);
  }
  return false;
}

void json_value::to_text(std::string& out) const {
  auto element = view<dom::element>(place_);
  switch (element.type()) {
  case dom::element_type::STRING:
    out.assign(as_text());
    return;
  case dom::element_type::DOUBLE:
    out.clear();
    append_number_text(out, element.get_double().value_unsafe());
    return;
  default:
    out = simdjson::minify(element);
  }
}

bool json_value::to_string(std::string& out) const {
  if (view<dom::element>(place_).is_null()) return false;
  to_text(out);
  return true;
}

std::size_t json_value::size() const noexcept {
  auto element = view<dom::element>(place_);
  if (element.is_array()) return dom::array(element.get_array().value_unsafe()).size();
  return dom::object(element.get_object().value_unsafe()).size();
}

json_items::json_items(const json_value& list) noexcept {
  dom::array array = view<dom::element>(list.place_).get_array().value_unsafe();
  at_ = words(array.begin());
  end_ = words(array.end());
}

bool json_items::next(json_value& item) noexcept {
  auto at = view<dom::array::iterator>(at_);
  if (!(at != view<dom::array::iterator>(end_))) return false;
  item.place_ = words(*at);
  at_ = words(++at);
  return true;
}

json_fields::json_fields(const json_value& object) noexcept {
  dom::object fields = view<dom::element>(object.place_).get_object().value_unsafe();
  at_ = words(fields.begin());
  end_ = words(fields.end());
}

bool json_fields::next(std::string_view& name, json_value& value) noexcept {
  auto at = view<dom::object::iterator>(at_);
  if (!(at != view<dom::object::iterator>(end_))) return false;
  name = at.key();
  value.place_ = words(at.value());
  at_ = words(++at);
  return true;
}

struct json_parser::impl {
  dom::parser parser;
};

json_parser::json_parser() : impl_(std::make_unique<impl>()) {}
json_parser::~json_parser() = default;

bool json_parser::parse(std::string_view text, json_value& root, std::string& reason,
                        bool& bad_utf8) {
  constexpr std::size_t keep = 16 << 20; // memory for longer documents is given back
  if (impl_->parser.capacity() > keep && text.size() <= keep) impl_ = std::make_unique<impl>();
  dom::element element;
  auto error = impl_->parser.parse(text.data(), text.size(), false).get(element);
  bad_utf8 = error == simdjson::UTF8_ERROR;
  if (error) {
    reason = bad_utf8 ? invalid_utf8_reason(text) : describe_unfit_number(text);
    if (reason.empty()) reason = fmt::format("not JSON ({})", simdjson::error_message(error));
    return false;
  }
  root.place_ = words(element);
  return true;
}

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  auto plain = [](char c) {
    return static_cast<unsigned char>(c) >= 0x20 && static_cast<unsigned char>(c) < 0x80 && c != '"'
           && c != '\\';
  };
  std::size_t done = 0;
  while (done < text.size()) {
    auto at = done;
    while (at < text.size() && plain(text[at])) ++at;
    out.append(text, done, at - done);
    if (at == text.size()) break;
    auto c = text[at];
    done = at + 1;
    if (static_cast<unsigned char>(c) >= 0x80) {
      while (done < text.size() && static_cast<unsigned char>(text[done]) >= 0x80) ++done;
      append_valid_utf8(out, text.substr(at, done - at));
    } else if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else if (c == '\r') {
      out += "\\r";
    } else {
      fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<unsigned char>(c));
    }
  }
  out += '"';
}

void append_json_number(std::string& out, double value) {
  if (std::isfinite(value))
    append_number_text(out, value);
  else
    out += "null";
}

#define SLUICE_NUMBER(T)                                                                           \
  template bool json_value::to_number<T>(T&) const noexcept;                                       \
  template bool json_value::is_inexact<T>() const noexcept;
SLUICE_NUMBER(signed char)
SLUICE_NUMBER(unsigned char)
SLUICE_NUMBER(short)
SLUICE_NUMBER(unsigned short)
SLUICE_NUMBER(int)
SLUICE_NUMBER(unsigned)
SLUICE_NUMBER(long)
SLUICE_NUMBER(unsigned long)
SLUICE_NUMBER(long long)
SLUICE_NUMBER(unsigned long long)
SLUICE_NUMBER(float)
SLUICE_NUMBER(double)
#undef SLUICE_NUMBER

} // namespace sluice::detail
