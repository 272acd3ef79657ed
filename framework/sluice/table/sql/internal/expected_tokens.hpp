/// Lists of what could have stood somewhere, short enough to read.
#pragma once

#include <string>
#include <vector>

namespace sluice::sql::internal {

/// `a name or (`, `FROM, an operator or the end of the statement`; empty if it says nothing.
std::string describe_expected(const std::vector<int>& kinds);

} // namespace sluice::sql::internal
