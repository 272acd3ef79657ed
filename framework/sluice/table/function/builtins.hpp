/// The groups of built-in functions. Not for users.
#pragma once

namespace sluice::table {

class function_registry;

void add_arithmetic_functions(function_registry& registry);
void add_comparison_functions(function_registry& registry);
void add_math_functions(function_registry& registry);
void add_string_functions(function_registry& registry);
void add_pattern_functions(function_registry& registry);
void add_time_functions(function_registry& registry);
void add_hash_functions(function_registry& registry);
void add_json_functions(function_registry& registry);
void add_nested_functions(function_registry& registry);
void add_count(function_registry& registry);
void add_number_aggregates(function_registry& registry);
void add_value_aggregates(function_registry& registry);
void add_single_value(function_registry& registry);

} // namespace sluice::table
