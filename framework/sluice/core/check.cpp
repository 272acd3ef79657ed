#include "sluice/core/check.hpp"

namespace sluice {

void throw_broken_invariant(const char* file, int line, const char* condition,
                            const std::string& message) {
  throw broken_invariant(
    fmt::format("broken invariant at {}:{}: {} ({})", file, line, message, condition));
}

} // namespace sluice
