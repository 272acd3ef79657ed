/// The table of functions in docs/functions.md, made from the registry.
#pragma once

#include "sluice/table/function/registry.hpp"

#include <string>

namespace sluice::table {

/// Markdown: each of Flink's built-in functions with yes or not yet, then those that Flink's list
/// does not have. Errors: `broken_invariant` if a function of the registry is in neither.
std::string functions_document(const function_registry& registry);

} // namespace sluice::table
