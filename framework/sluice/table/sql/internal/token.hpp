/// The words that the grammar sees.
#pragma once

#include "sluice/table/sql/source_range.hpp"

#include <string_view>
#include <vector>

namespace sluice::sql::internal {

/// `kind` is a `grammar::token_kind_type`; this header must not depend on the generated parser.
struct token {
  int kind = 0;
  source_range range;
};

inline std::string_view text_of(std::string_view text, const source_range& range) {
  return text.substr(range.begin.offset, range.end.offset - range.begin.offset);
}

} // namespace sluice::sql::internal
