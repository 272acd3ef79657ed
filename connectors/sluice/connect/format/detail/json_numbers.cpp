#include "sluice/connect/format/detail/json_numbers.hpp"

#include "sluice/connect/format/detail/number_text.hpp"
#include "sluice/connect/format/utf8.hpp"

#include <fmt/format.h>

#include <cstdint>
#include <vector>

namespace sluice::detail {

namespace {

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

/// Takes the digits at the start off `text`; whether there were some.
bool take_digits(std::string_view& text) noexcept {
  auto size = text.size();
  while (!text.empty() && is_digit(text.front())) text.remove_prefix(1);
  return text.size() < size;
}

enum class number_kind : std::uint8_t { malformed, integer, fraction };

number_kind kind_of_number(std::string_view text) noexcept {
  auto kind = number_kind::integer;
  if (text.starts_with('-')) text.remove_prefix(1);
  auto leading_zero = text.starts_with('0');
  auto size = text.size();
  if (!take_digits(text) || (leading_zero && size - text.size() > 1)) return number_kind::malformed;
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    if (!take_digits(text)) return number_kind::malformed;
    kind = number_kind::fraction;
  }
  if (text.starts_with('e') || text.starts_with('E')) {
    text.remove_prefix(1);
    if (text.starts_with('+') || text.starts_with('-')) text.remove_prefix(1);
    if (!take_digits(text)) return number_kind::malformed;
    kind = number_kind::fraction;
  }
  return text.empty() ? kind : number_kind::malformed;
}

template <number T>
bool fits_in(std::string_view text) noexcept {
  T value{};
  return parse_number(text, value) == parse_error::none;
}

/// Walks the values of a text in their order and knows where it is.
class number_finder {
public:
  explicit number_finder(std::string_view text) : text_(text) {}

  std::string find() {
    while (true) {
      skip_blanks();
      if (at_ == text_.size()) return {};
      auto c = text_[at_];
      if (c == '-' || is_digit(c)) {
        auto number = take_while([](char d) {
          return is_digit(d) || d == '-' || d == '+' || d == '.' || d == 'e' || d == 'E';
        });
        auto kind = kind_of_number(number);
        if (kind == number_kind::malformed) return {};
        if (!fits(number, kind)) return describe(number, kind);
      } else if (c >= 'a' && c <= 'z') { // true, false, null
        take_while([](char d) { return d >= 'a' && d <= 'z'; });
      } else if (c == '"' ? !take_text() : !take_structure(c)) {
        return {};
      }
    }
  }

private:
  struct level {
    bool is_object = false;
    std::string_view key; // of the object's field at hand
    std::size_t index = 0;
  };

  static constexpr std::size_t max_depth = 1024; // the parser's
  static constexpr std::size_t max_path_chars = 200;

  static bool fits(std::string_view number, number_kind kind) noexcept {
    if (kind == number_kind::fraction) return fits_in<double>(number);
    return number.front() == '-' ? fits_in<std::int64_t>(number) : fits_in<std::uint64_t>(number);
  }

  template <class Taken>
  std::string_view take_while(Taken taken) {
    auto begin = at_;
    while (at_ < text_.size() && taken(text_[at_])) ++at_;
    return text_.substr(begin, at_ - begin);
  }

  void skip_blanks() {
    take_while([](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; });
  }

  bool take_text() {
    auto begin = ++at_;
    while (at_ < text_.size() && text_[at_] != '"') at_ += text_[at_] == '\\' ? 2 : 1;
    if (at_ >= text_.size()) return false;
    auto text = text_.substr(begin, at_++ - begin);
    skip_blanks();
    if (at_ < text_.size() && text_[at_] == ':') {
      if (levels_.empty() || !levels_.back().is_object) return false;
      levels_.back().key = text;
      ++at_;
    }
    return true;
  }

  bool take_structure(char c) {
    ++at_;
    switch (c) {
    case '{':
    case '[':
      levels_.push_back({c == '{', {}, 0});
      return levels_.size() <= max_depth;
    case '}':
    case ']':
      if (levels_.empty() || levels_.back().is_object != (c == '}')) return false;
      levels_.pop_back();
      return true;
    case ',':
      if (levels_.empty()) return false;
      ++levels_.back().index;
      return true;
    default:
      return false;
    }
  }

  std::string describe(std::string_view number, number_kind kind) const {
    std::string steps;
    for (auto& l : levels_) {
      if (steps.size() > 4 * max_path_chars) break; // it is cut anyway
      if (!l.is_object) {
        steps += fmt::format("[{}]", l.index);
        continue;
      }
      if (!steps.empty()) steps += '.';
      steps.append(l.key.substr(0, 4 * max_path_chars + 1));
    }
    std::string path;
    append_escaped(path, steps, max_path_chars);
    std::string shown;
    append_escaped(shown, number, 60);
    return fmt::format("{}{}{}{} is {}", path.empty() ? "" : "field ", path,
                       path.empty() ? "" : ": ", shown,
                       kind == number_kind::integer ? "an integer of more than 64 bits"
                                                    : "a number beyond the range of 64 bits");
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::vector<level> levels_;
};

} // namespace

std::string describe_unfit_number(std::string_view text) { return number_finder(text).find(); }

} // namespace sluice::detail
