#include "sluice/table/rules/optimizer.hpp"
#include "sluice/table/rules/rewrite.hpp"

#include <algorithm>
#include <limits>
#include <string_view>

namespace sluice::table::rules {

namespace {

struct range {
  std::uint64_t first = 1;
  std::uint64_t last = std::numeric_limits<std::uint64_t>::max();
};

std::string_view mirrored(std::string_view op) {
  if (op == "<") return ">";
  if (op == "<=") return ">=";
  if (op == ">") return "<";
  if (op == ">=") return "<=";
  return op;
}

const expression& without_casts(const expression& e) {
  return e.kind() == expression_kind::cast ? without_casts(*e.children()[0]) : e;
}

/// Narrows `r` if `c` compares column `rank` with a number. False if it is something else.
bool narrow(range& r, const expression& c, std::size_t rank) {
  if (c.kind() != expression_kind::call || c.children().size() != 2) return false;
  const auto* left = &without_casts(*c.children()[0]);
  const auto* right = &without_casts(*c.children()[1]);
  std::string_view op = c.name();
  if (left->kind() == expression_kind::literal) {
    std::swap(left, right);
    op = mirrored(op);
  }
  if (left->kind() != expression_kind::input || left->index() != rank) return false;
  if (right->kind() != expression_kind::literal || right->value().is_null()) return false;
  if (!right->type().is_integer()) return false;
  auto n = right->value().integer();
  auto at_least = [&](std::int64_t v) {
    if (v > 1) r.first = std::max(r.first, static_cast<std::uint64_t>(v));
  };
  auto at_most
    = [&](std::int64_t v) { r.last = std::min(r.last, v < 0 ? 0 : static_cast<std::uint64_t>(v)); };
  if (op == "<")
    at_most(n - 1);
  else if (op == "<=")
    at_most(n);
  else if (op == ">")
    at_least(n + 1);
  else if (op == ">=")
    at_least(n);
  else if (op == "=") {
    at_least(n);
    at_most(n);
    if (n < 1) r.last = 0;
  } else {
    return false;
  }
  return true;
}

relation_ptr fuse(const relation_ptr& r, const filter_node& n) {
  const auto& over = r->inputs[0];
  const auto* function = over->as<over_rank_node>();
  if (function == nullptr) return r;
  auto rank = over->columns.size() - 1;
  range bounds;
  std::vector<expression_ptr> rest;
  for (auto& c : conjuncts(n.condition))
    if (!narrow(bounds, *c, rank)) rest.push_back(c);
  if (bounds.last == range{}.last) return r;
  if (bounds.first > bounds.last) return relation::values({}, r->columns, r->position);
  rank_node top{function->function, function->partition, function->order,
                bounds.first,       bounds.last,         true};
  auto fused
    = relation::rank(over->inputs[0], std::move(top), over->columns[rank].name, over->position);
  auto condition = conjunction(std::move(rest));
  return condition ? relation::filter(fused, std::move(condition), r->position) : fused;
}

relation_ptr unbounded(const relation_ptr& r, const over_rank_node& n, execution_mode mode) {
  if (mode == execution_mode::streaming)
    throw binding_error(r->position,
                        "not supported in streaming mode: ROW_NUMBER(), RANK() or DENSE_RANK() "
                        "without a bound; filter by it (rownum <= N), or use batch mode");
  rank_node all{n.function, n.partition, n.order, 1, range{}.last, true};
  return relation::rank(r->inputs[0], std::move(all), r->columns.back().name, r->position);
}

relation_ptr sorted_stream(const relation_ptr& r, const sort_node& n) {
  if (n.keys.empty()) return r;
  const auto& first = n.keys[0];
  auto time = r->input().columns.at(first.column).time;
  if (!n.limit && n.offset == 0 && !first.descending) {
    // Time goes on, so the order of what is past is known.
    if (time == time_attribute::event_time) return r;
    if (time == time_attribute::processing_time && n.keys.size() == 1) return r;
  }
  if (!n.limit)
    throw binding_error(r->position, "not supported in streaming mode: ORDER BY without LIMIT, as "
                                     "the last row never comes; add LIMIT, order by a time "
                                     "attribute, ascending, first, or use batch mode");
  if (*n.limit == 0) return relation::values({}, r->columns, r->position);
  rank_node top{rank_function::row_number, {}, n.keys, n.offset + 1, n.offset + *n.limit, false};
  return relation::rank(r->inputs[0], std::move(top), {}, r->position);
}

} // namespace

relation_ptr fuse_ranks(const relation_ptr& plan, execution_mode mode) {
  auto fused = transform_up(plan, [](relation_ptr r) {
    const auto* n = r->as<filter_node>();
    return n != nullptr ? fuse(r, *n) : r;
  });
  return transform_up(fused, [mode](relation_ptr r) {
    if (const auto* n = r->as<over_rank_node>()) return unbounded(r, *n, mode);
    const auto* sort = r->as<sort_node>();
    return sort != nullptr && mode == execution_mode::streaming ? sorted_stream(r, *sort) : r;
  });
}

} // namespace sluice::table::rules
