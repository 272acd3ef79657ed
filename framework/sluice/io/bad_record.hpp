/// Records that a source could not make sense of.
#pragma once

#include <cstddef>
#include <string>

namespace sluice {

/// A record that was diverted.
struct bad_record {
  std::string place;  ///< "path:line", "host:port:line": as in the text of an error
  std::string text;   ///< the record's bytes without its line end, perhaps cut at `max_bad_bytes`
  std::string reason; ///< what is wrong with it

  friend bool operator==(const bad_record&, const bad_record&) = default;
};

/// Bytes of a refused record that are kept at most.
inline constexpr std::size_t max_bad_bytes = 1 << 20;

} // namespace sluice
