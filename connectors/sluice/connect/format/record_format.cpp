#include "sluice/connect/format/record_format.hpp"

#include "sluice/connect/format/utf8.hpp"
#include "sluice/core/errors.hpp"

#include <fmt/format.h>

namespace sluice {

std::string describe_bad_record(std::string_view place, std::string_view reason,
                                std::string_view text) {
  auto out = fmt::format("{}: {}: ", place, reason);
  append_escaped(out, text, 200);
  return out;
}

void validate_format_options(const format_options& options, std::string_view what) {
  if (options.divert && options.errors != on_error::divert)
    throw plan_error(fmt::format("{}: `divert` is called under on_error::divert only", what));
  if (options.max_record_bytes == 0 || options.max_record_bytes > std::size_t{2} << 30)
    throw plan_error(fmt::format("{}: max_record_bytes must be between 1 and 2 GiB, not {}", what,
                                 options.max_record_bytes));
}

} // namespace sluice
