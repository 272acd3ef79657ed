/// Which name somebody may have meant.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace sluice::table {

/// The one of `candidates` that looks most like `name` (letter case hardly counts), or nothing.
std::string similar_name(std::string_view name, std::span<const std::string> candidates);

/// `; did you mean 'x'?`, or nothing if no candidate looks like `name`.
std::string did_you_mean(std::string_view name, std::span<const std::string> candidates);

} // namespace sluice::table
