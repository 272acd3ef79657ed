/// LIKE patterns. Not for users.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace sluice::table {

/// A compiled LIKE pattern: `%` is any text, `_` one character. Matches in linear time but for
/// patterns with several `%`, where it is linear times the longest part between them.
class like_pattern {
public:
  /// Errors: `error` when the escape character stands before something it cannot escape.
  static like_pattern compile(std::string_view pattern, std::string_view escape);

  bool matches(std::string_view text) const noexcept;

private:
  /// Characters between `%`s; `any` marks those of `_`.
  struct part {
    std::string text;
    std::vector<bool> any; // per code point; empty if there is no `_`
  };

  static bool matches_at(const part& p, std::string_view text, std::size_t& used) noexcept;
  static std::size_t find(const part& p, std::string_view text, std::size_t& used) noexcept;

  std::vector<part> parts_;
  bool open_start_ = false;
  bool open_end_ = false;
};

} // namespace sluice::table
