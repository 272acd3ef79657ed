/// Partition columns in directory names: `dt=2024-01-01/hr=12`.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::table::internal {

/// With the characters that file systems or paths give a meaning as `%2F`, as Hive does.
std::string escape_path(std::string_view name);
std::string unescape_path(std::string_view name);

/// The `name=value` directories between `base` and the file `path`.
std::vector<std::pair<std::string, std::string>> partitions_of(std::string_view base,
                                                               std::string_view path);

/// A 'path' option as a path of this machine. Errors: `plan_error` for other file systems.
std::string local_path(const std::string& text, const std::string& table);

} // namespace sluice::table::internal
