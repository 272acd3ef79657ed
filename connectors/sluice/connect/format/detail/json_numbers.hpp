/// Numbers of JSON that no number of 64 bits holds.
#pragma once

#include <string>
#include <string_view>

namespace sluice::detail {

/// Of a text that the parser refuses: the first number in it that is one of JSON but needs more
/// than 64 bits, with its place ("field a[1].b: 1e999 is ..."). Empty if there is none in front of
/// what is not JSON.
std::string describe_unfit_number(std::string_view text);

} // namespace sluice::detail
