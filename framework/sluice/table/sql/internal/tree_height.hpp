/// The height of a tree from the heights that its parts know.
#pragma once

#include "sluice/table/sql/query.hpp"

namespace sluice::sql::internal {

/// 1 + the highest part.
std::uint32_t height_of(const expr::variant& node);
std::uint32_t height_of(const type_syntax& type);
std::uint32_t height_of(const table_ref::variant& node);
std::uint32_t height_of(const query_body::variant& node);
std::uint32_t height_of(const query& node);

} // namespace sluice::sql::internal
