/// `SLUICE_CHECK`: an invariant of ours, not a rule for the user.
#pragma once

#include <fmt/format.h>

#include <stdexcept>
#include <string>

namespace sluice {

/// A bug in Sluice. Ends the job, not the process.
class broken_invariant : public std::logic_error {
public:
  using std::logic_error::logic_error;
};

[[noreturn]] void throw_broken_invariant(const char* file, int line, const char* condition,
                                         const std::string& message);

} // namespace sluice

/// Throws `sluice::broken_invariant` when `condition` is false. Never for what users or peers send.
#define SLUICE_CHECK(condition, ...)                                                               \
  do {                                                                                             \
    if (!(condition)) [[unlikely]]                                                                 \
      ::sluice::throw_broken_invariant(__FILE__, __LINE__, #condition, fmt::format(__VA_ARGS__));  \
  } while (false)
