/// JSON paths of SQL. Not for users.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::table {

/// A path such as `lax $.a[0]['b c'].*`.
struct json_path {
  struct step {
    enum class kind { member, element, all };
    kind what;
    std::string name;
    std::size_t index = 0;
  };

  bool strict = false;
  std::vector<step> steps;

  /// Errors: `error` with the place.
  static json_path parse(std::string_view text);
};

} // namespace sluice::table
