#include "sluice/core/text.hpp"

namespace sluice::detail {

void append_number(std::string& out, double value) {
  auto begin = out.size();
  fmt::format_to(std::back_inserter(out), "{}", value);
  if (out.find_first_not_of("-0123456789", begin) == std::string::npos) out += ".0";
}

} // namespace sluice::detail
