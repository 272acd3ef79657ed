/// How the command tells what went wrong.
#pragma once

#include <exception>
#include <string>
#include <string_view>

namespace sluice::cli {

/// What `error` says, with the line of the script that it is about if it has a place in it. `file`
/// is how the script is called (may be empty), `script` its whole text.
std::string error_text(const std::exception& error, std::string_view file, std::string_view script);

} // namespace sluice::cli
