#include "sluice/table/sql/expression.hpp"

#include "sluice/table/sql/query.hpp"

// Here, because they compare queries, which are made of expressions.
namespace sluice::sql {

bool operator==(const case_expr&, const case_expr&) = default;
bool operator==(const call&, const call&) = default;
bool operator==(const table_argument&, const table_argument&) = default;

} // namespace sluice::sql
