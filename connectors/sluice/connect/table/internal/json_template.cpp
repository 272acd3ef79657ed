#include "sluice/connect/table/internal/json_template.hpp"

#include "sluice/connect/format/utf8.hpp"
#include "sluice/connect/table/internal/short_number.hpp"
#include "sluice/connect/table/internal/short_text.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace sluice::table::internal {

namespace {

constexpr std::size_t longest_key = 48; // behind a line there are 64 bytes to compare with
constexpr std::size_t not_wanted = static_cast<std::size_t>(-1);

/// The text between `at`, behind the opening quote, and the closing one; nothing if there is an
/// escape, a control character or no end. `ascii` tells whether it is all ASCII.
bool find_text(const char* at, const char* end, std::string_view& text, bool& ascii) noexcept {
  auto* begin = at;
  int high = 0;
#ifdef __SSE2__
  const auto quote = _mm_set1_epi8('"');
  const auto backslash = _mm_set1_epi8('\\');
  const auto control = _mm_set1_epi8(0x1f);
  for (; at < end; at += 16) {
    auto bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
    auto special
      = _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(bytes, quote), _mm_cmpeq_epi8(bytes, backslash)),
                     _mm_cmpeq_epi8(_mm_min_epu8(bytes, control), bytes));
    high |= _mm_movemask_epi8(bytes);
    if (auto found = static_cast<unsigned>(_mm_movemask_epi8(special)); found != 0) {
      at += std::countr_zero(found);
      break;
    }
  }
#else
  for (; at < end && *at != '"' && *at != '\\' && static_cast<unsigned char>(*at) >= 0x20; ++at)
    high |= *at & 0x80;
#endif
  if (at >= end || *at != '"') return false;
  text = {begin, static_cast<std::size_t>(at - begin)};
  ascii = high == 0;
  return true;
}

/// Whether `key` is at `at`; `head` is the key, filled up to 16 bytes. 64 bytes are readable there.
bool same_key(const char* at, const std::string& key, const char* head) noexcept {
#ifdef __SSE2__
  if (key.size() <= 16) {
    auto equal = _mm_cmpeq_epi8(_mm_loadu_si128(reinterpret_cast<const __m128i*>(at)),
                                _mm_loadu_si128(reinterpret_cast<const __m128i*>(head)));
    auto mask = (1u << key.size()) - 1;
    return (static_cast<unsigned>(_mm_movemask_epi8(equal)) & mask) == mask;
  }
#else
  (void)head;
#endif
  return std::memcmp(at, key.data(), key.size()) == 0;
}

bool digit(char c) noexcept { return static_cast<unsigned char>(c - '0') <= 9; }

} // namespace

json_template::json_template(std::span<const data_type::field> columns, timestamp_style timestamps,
                             bool fail_on_missing)
  : columns_(columns.begin(), columns.end()), fail_on_missing_(fail_on_missing),
    slots_(columns.size()) {
  for (const auto& field : columns_) {
    kinds_.push_back(kind_of(field.type));
    timestamps_.emplace_back(timestamps, field.type.is(type_root::timestamp_ltz));
    usable_ &= kinds_.back() != kind::other;
  }
}

json_template::kind json_template::kind_of(const data_type& type) {
  switch (type.root()) {
  case type_root::integer:
    return kind::integer;
  case type_root::bigint:
    return kind::bigint;
  case type_root::double_:
    return kind::real;
  case type_root::char_:
  case type_root::varchar:
    return kind::text;
  case type_root::timestamp:
  case type_root::timestamp_ltz:
    return kind::timestamp;
  case type_root::boolean:
    return kind::boolean;
  default:
    return kind::other;
  }
}

void json_template::learn(std::string_view line) {
  steps_.clear();
  slots_.assign(columns_.size(), {}); // columns without a step stay NULL
  if (!usable_ || patience_ == 0) return;
  --patience_;
  std::vector<step> steps;
  std::vector<bool> seen(columns_.size());
  auto take = [&](char c) {
    bool found = line.starts_with(c);
    if (found) line.remove_prefix(1);
    return found;
  };
  if (!take('{')) return;
  do {
    if (!take('"')) return;
    auto key = line.substr(0, line.find('"'));
    if (key.find('\\') != std::string_view::npos || key.size() > longest_key
        || key.size() == line.size())
      return;
    line.remove_prefix(key.size() + 1);
    if (!take(':')) return;
    auto at = std::find_if(columns_.begin(), columns_.end(),
                           [&](const auto& c) { return c.name == key; });
    step s;
    s.key = '"' + std::string(key) + "\":";
    s.key.copy(s.head.data(), s.head.size());
    s.column = not_wanted;
    if (at != columns_.end()) {
      s.column = static_cast<std::size_t>(at - columns_.begin());
      s.what = kinds_[s.column];
      if (seen[s.column]) return;
      seen[s.column] = true;
    }
    steps.push_back(std::move(s));
    if (take('"')) {
      auto end = line.find('"');
      if (end == std::string_view::npos) return;
      line.remove_prefix(end + 1);
    } else {
      auto end = line.find_first_of(",}[{ \t");
      if (end == std::string_view::npos || (line[end] != ',' && line[end] != '}')) return;
      line.remove_prefix(end);
    }
  } while (take(','));
  if (line != "}") return;
  if (fail_on_missing_ && std::find(seen.begin(), seen.end(), false) != seen.end()) return;
  steps_ = std::move(steps);
}

bool json_template::append(std::string_view line, const std::vector<column*>& columns) {
  if (steps_.empty()) return false;
  auto* at = line.data();
  auto* end = at + line.size();
  if (*at++ != '{') return false;
  for (std::size_t i = 0; i < steps_.size(); ++i) {
    const auto& s = steps_[i];
    if (i > 0 && *at++ != ',') return false;
    if (at >= end || !same_key(at, s.key, s.head.data())) return false;
    at += s.key.size();
    if (!read_value(s, at, end)) return false;
  }
  if (at + 1 != end || *at != '}') return false;
  for (std::size_t i = 0; i < columns.size(); ++i) store(*columns[i], kinds_[i], slots_[i]);
  if ((++hits_ & 63) == 0 && patience_ < 16) ++patience_;
  return true;
}

bool json_template::read_value(const step& s, const char*& at, const char* end) {
  slot ignored;
  auto& to = s.column == not_wanted ? ignored : slots_[s.column];
  to.null = false;
  if (*at == '"') {
    std::string_view text;
    bool ascii = true;
    if (!find_text(at + 1, end, text, ascii) || (!ascii && !is_valid_utf8(text))) return false;
    at += text.size() + 2;
    if (s.what == kind::text) {
      to.text = text;
      return true;
    }
    if (s.what == kind::timestamp) return timestamps_[s.column].read(text, to.number);
    return s.what == kind::skip;
  }
  if (digit(*at) || *at == '-') return read_number(s, at, to);
  if (std::memcmp(at, "null", 4) == 0) {
    to.null = true;
    at += 4;
    return true;
  }
  bool yes = std::memcmp(at, "true", 4) == 0;
  if (!yes && std::memcmp(at, "false", 5) != 0) return false;
  at += yes ? 4 : 5;
  to.number = yes ? 1 : 0;
  return s.what == kind::boolean || s.what == kind::skip;
}

/// Integers of up to seven digits without a sign.
bool json_template::read_short_number(const step& s, const char*& at, slot& to) const {
  auto size = count_short_digits(at);
  if (size == 0 || (size > 1 && *at == '0') || (at[size] != ',' && at[size] != '}')) return false;
  std::uint64_t digits = 0;
  read_eight_digits(load_digits(at, size), digits);
  to.number = static_cast<std::int64_t>(digits);
  to.real = static_cast<double>(digits);
  at += size;
  return s.what == kind::bigint || s.what == kind::integer || s.what == kind::real
         || s.what == kind::skip;
}

bool json_template::read_number(const step& s, const char*& at, slot& to) const {
  if (read_short_number(s, at, to)) [[likely]]
    return true;
  bool negative = *at == '-';
  if (negative) ++at;
  auto* begin = at;
  std::uint64_t digits = 0;
  for (; digit(*at) && at - begin < 19; ++at)
    digits = digits * 10 + static_cast<unsigned char>(*at - '0');
  auto before = at - begin;
  if (before == 0 || before > 18 || (before > 1 && *begin == '0')) return false;
  if (*at == ',' || *at == '}') {
    auto value = static_cast<std::int64_t>(digits);
    to.number = negative ? -value : value;
    if (s.what == kind::bigint || s.what == kind::skip) return true;
    if (s.what == kind::integer) return to.number == static_cast<std::int32_t>(to.number);
    to.real = negative ? -static_cast<double>(digits) : static_cast<double>(digits);
    return s.what == kind::real && before <= 15;
  }
  if (*at != '.') return false;
  begin = ++at;
  for (; digit(*at); ++at) {
    if (at - begin + before >= 15) return false;
    digits = digits * 10 + static_cast<unsigned char>(*at - '0');
  }
  auto behind = at - begin;
  if (behind == 0 || before + behind > 15) return false;
  auto value = static_cast<double>(digits) / powers_of_ten[static_cast<std::size_t>(behind)];
  to.real = negative ? -value : value;
  return s.what == kind::real || s.what == kind::skip;
}

void json_template::store(column& c, kind what, const slot& from) const {
  if (from.null) return c.append_null();
  switch (what) {
  case kind::integer:
    return c.append(static_cast<std::int32_t>(from.number));
  case kind::bigint:
  case kind::timestamp:
    return c.append(from.number);
  case kind::real:
    return c.append(from.real);
  case kind::text:
    if (from.text.size() <= string_ref::inline_size) // there is more of the line behind it
      return c.append(short_text(from.text.data(), static_cast<std::uint32_t>(from.text.size())));
    return c.append_text(from.text);
  case kind::boolean:
    return c.append(static_cast<std::uint8_t>(from.number));
  case kind::skip:
  case kind::other:
    break;
  }
}

} // namespace sluice::table::internal
