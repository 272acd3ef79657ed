/// Names and settings of states, as a program declares them.
#pragma once

#include "sluice/core/time.hpp"

#include <functional>
#include <optional>
#include <string>

namespace sluice {

/// When a value that nobody wrote for a while counts as gone.
struct state_ttl {
  /// Processing time since the last write (and, with `refresh_on_read`, the last read).
  duration lifetime{0};
  bool refresh_on_read = false;
};

/// A single value per key.
template <class V>
struct value_state_descriptor {
  std::string name;
  std::optional<state_ttl> ttl = {};
};

/// A list per key.
template <class V>
struct list_state_descriptor {
  std::string name;
  std::optional<state_ttl> ttl = {};
};

/// A map per key.
template <class MapKey, class V>
struct map_state_descriptor {
  std::string name;
  std::optional<state_ttl> ttl = {};
};

/// A value per key into which further ones are merged.
template <class V>
struct reducing_state_descriptor {
  std::string name;
  std::function<V(const V&, const V&)> reduce;
  std::optional<state_ttl> ttl = {};
};

/// An accumulator per key; `Aggregate` is an aggregate function (see `aggregate_function`).
template <class Aggregate>
struct aggregating_state_descriptor {
  std::string name;
  Aggregate function;
  std::optional<state_ttl> ttl = {};
};

} // namespace sluice
