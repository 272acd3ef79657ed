/// What user code throws, as text.
#pragma once

#include <string>

namespace sluice {

/// The text of the exception that is being handled: what it says of itself if it is an exception or
/// a text, else its type. To be called in a `catch` block.
std::string text_of_thrown();

} // namespace sluice
