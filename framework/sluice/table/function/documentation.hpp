/// The table of functions in docs/functions.md, made from the registry.
#pragma once

#include "sluice/table/function/registry.hpp"

#include <span>
#include <string>
#include <string_view>

namespace sluice::table {

/// What queries can say that looks like a function but is none of the registry: the grammar and the
/// binder know it.
struct grammar_form {
  std::string_view name; ///< as the document knows it
  std::string_view doc;  ///< one sentence
  std::string_view example;
  std::string_view rows; ///< what the example gives, in order of the text: a line per row
};

/// All of them; a test runs each example.
std::span<const grammar_form> grammar_forms();

/// Markdown: each of Flink's built-in functions with yes or not yet, then those that Flink's list
/// does not have. Errors: `broken_invariant` if a function of the registry is in neither.
std::string functions_document(const function_registry& registry);

} // namespace sluice::table
