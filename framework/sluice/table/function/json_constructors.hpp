/// JSON from values. Not for users.
#pragma once

namespace sluice::table {

class function_registry;

/// A part of `add_json_functions`.
void add_json_constructors(function_registry& registry);

} // namespace sluice::table
