/// Aggregates that put all values together. Not for users.
#pragma once

namespace sluice::table {

class function_registry;

/// A part of `add_value_aggregates`.
void add_collecting_aggregates(function_registry& registry);

} // namespace sluice::table
