/// Numbers of the command line.
#pragma once

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <charconv>
#include <cstdint>
#include <string>
#include <system_error>

namespace bench {

/// A whole number from 1 on. The parser by itself takes what does not fit as the largest that does.
inline CLI::Validator at_least_one() {
  return {[](std::string& text) -> std::string {
            std::uint64_t number = 0;
            const auto* end = text.data() + text.size();
            auto [stopped, error] = std::from_chars(text.data(), end, number);
            if (error == std::errc::result_out_of_range)
              return fmt::format("{} is too large", text);
            auto negative = text.starts_with('-');
            if (!negative && (error != std::errc() || stopped != end))
              return fmt::format("\"{}\" is no whole number", text);
            return negative || number == 0 ? "must be at least 1" : "";
          },
          "NUMBER >= 1"};
}

/// A finite number above zero.
inline CLI::Validator above_zero() {
  return {[](std::string& text) -> std::string {
            double number = 0;
            const auto* end = text.data() + text.size();
            auto [stopped, error] = std::from_chars(text.data(), end, number);
            if (error == std::errc::result_out_of_range || number > 1e9)
              return fmt::format("{} is too large", text);
            if (error != std::errc() || stopped != end)
              return fmt::format("\"{}\" is no number", text);
            return number > 0 ? "" : "must be more than 0";
          },
          "NUMBER > 0"};
}

} // namespace bench
