/// What the command says on standard error.
#pragma once

#include <fmt/format.h>

#include <string_view>
#include <utility>

namespace sluice::cli {

/// Writes `text` as it is. Where standard error cannot be written nobody is told, and nothing
/// fails: the exit status says the same. Any thread; never throws.
void tell_text(std::string_view text) noexcept;

/// Formats, then as `tell_text`.
template <class... Args>
void tell(fmt::format_string<Args...> text, Args&&... arguments) {
  tell_text(fmt::format(text, std::forward<Args>(arguments)...));
}

} // namespace sluice::cli
