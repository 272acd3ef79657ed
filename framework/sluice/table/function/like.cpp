#include "sluice/table/function/like.hpp"

#include "sluice/core/errors.hpp"
#include "sluice/table/types/utf8.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace sluice::table {

like_pattern like_pattern::compile(std::string_view pattern, std::string_view escape) {
  if (utf8::length(escape) > 1) throw error("the escape must be one character");
  like_pattern result;
  part current;
  bool started = false; // whether a `%` was seen
  auto add = [&](std::string_view c, bool any) {
    current.text += c;
    current.any.push_back(any);
  };
  auto finish = [&] {
    if (!current.text.empty()) {
      if (std::none_of(current.any.begin(), current.any.end(), [](bool b) { return b; }))
        current.any.clear();
      result.parts_.push_back(std::move(current));
    }
    current = {};
  };
  bool last_was_percent = false;
  for (std::size_t i = 0; i < pattern.size();) {
    auto c = pattern.substr(i, utf8::first_size(pattern.substr(i)));
    i += c.size();
    last_was_percent = false;
    if (!escape.empty() && c == escape) {
      if (i == pattern.size())
        throw error(fmt::format("the pattern '{}' ends with its escape character", pattern));
      auto next = pattern.substr(i, utf8::first_size(pattern.substr(i)));
      if (next != "%" && next != "_" && next != escape)
        throw error(fmt::format("the pattern '{}' escapes '{}'", pattern, next));
      add(next, false);
      i += next.size();
    } else if (c == "%") {
      if (!started && current.text.empty() && result.parts_.empty()) result.open_start_ = true;
      finish();
      started = true;
      last_was_percent = true;
    } else {
      add(c, c == "_");
    }
  }
  finish();
  result.open_end_ = last_was_percent;
  if (!started) result.open_start_ = result.open_end_ = false;
  return result;
}

bool like_pattern::matches_at(const part& p, std::string_view text, std::size_t& used) noexcept {
  if (p.any.empty()) {
    used = p.text.size();
    return text.starts_with(p.text);
  }
  std::string_view wanted = p.text;
  auto rest = text;
  for (bool any : p.any) {
    if (rest.empty()) return false;
    auto w = utf8::first_size(wanted);
    auto r = utf8::first_size(rest);
    if (!any && (w != r || wanted.substr(0, w) != rest.substr(0, r))) return false;
    wanted.remove_prefix(w);
    rest.remove_prefix(r);
  }
  used = text.size() - rest.size();
  return true;
}

std::size_t like_pattern::find(const part& p, std::string_view text, std::size_t& used) noexcept {
  if (p.any.empty()) {
    used = p.text.size();
    return text.find(p.text);
  }
  for (std::size_t at = 0; at < text.size(); at += utf8::first_size(text.substr(at)))
    if (matches_at(p, text.substr(at), used)) return at;
  return std::string_view::npos;
}

bool like_pattern::matches(std::string_view text) const noexcept {
  if (parts_.empty()) return open_start_ || open_end_ || text.empty();
  std::size_t used = 0;
  std::size_t first = 0;
  auto last = parts_.size();
  if (!open_start_) {
    if (!matches_at(parts_[0], text, used)) return false;
    text.remove_prefix(used);
    first = 1;
    if (first == last) return open_end_ || text.empty();
  }
  // All but the last as early as they can be, and the last at the end if it must be there.
  for (; first + (open_end_ ? 0 : 1) < last; ++first) {
    auto at = find(parts_[first], text, used);
    if (at == std::string_view::npos) return false;
    text.remove_prefix(at + used);
  }
  if (open_end_) return true;
  const auto& end = parts_.back();
  auto characters = end.any.empty() ? 0 : end.any.size();
  if (end.any.empty()) return text.ends_with(end.text);
  auto have = utf8::length(text);
  if (have < characters) return false;
  auto tail = text.substr(utf8::offset_of(text, have - characters));
  return matches_at(end, tail, used) && used == tail.size();
}

} // namespace sluice::table
