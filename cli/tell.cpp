#include "tell.hpp"

#include <cstdio>

namespace sluice::cli {

void tell_text(std::string_view text) noexcept {
  std::fwrite(text.data(), 1, text.size(), stderr);
  std::fflush(stderr);
}

} // namespace sluice::cli
