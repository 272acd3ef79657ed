#include "sluice/table/rules/optimizer.hpp"

namespace sluice::table {

relation_ptr optimize(const relation_ptr& plan, const optimizer_context& context) {
  auto p = rules::fold_expressions(plan, context.constants);
  p = rules::merge_projections(p);
  p = rules::push_filters(p);
  p = rules::fold_expressions(p, context.constants);
  p = rules::merge_projections(p);
  p = rules::fuse_windows(p);
  p = rules::fuse_ranks(p, context.mode);
  p = rules::split_distinct(p, context.mode);
  p = rules::prune_columns(p);
  p = rules::merge_projections(p);
  return rules::push_into_scans(p, context.mode);
}

} // namespace sluice::table
