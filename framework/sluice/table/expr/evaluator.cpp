#include "sluice/table/expr/evaluator.hpp"

#include "sluice/core/check.hpp"
#include "sluice/table/expr/node.hpp"

#include <algorithm>

namespace sluice::table {

evaluator::evaluator(const expression_ptr& tree, const expression_context& context)
  : type_(tree->type()), root_(detail::make_node(tree, context)) {}
evaluator::evaluator(evaluator&&) noexcept = default;
evaluator& evaluator::operator=(evaluator&&) noexcept = default;
evaluator::~evaluator() = default;

column_ptr evaluator::evaluate(const columnar_batch& in) {
  return root_->run(in, selection(in.size()));
}

column_ptr evaluator::evaluate(const columnar_batch& in, const selection& rows) {
  return root_->run(in, rows);
}

row_filter::row_filter(const expression_ptr& condition, const expression_context& context) {
  SLUICE_CHECK(condition->type().is(type_root::boolean), "a filter by {}",
               condition->type().to_string());
  if (condition->kind() == expression_kind::and_) {
    for (const auto& part : condition->children()) conditions_.emplace_back(part, context);
  } else {
    conditions_.emplace_back(condition, context);
  }
}
row_filter::row_filter(row_filter&&) noexcept = default;
row_filter::~row_filter() = default;

selection row_filter::select(const columnar_batch& in) { return select(in, selection(in.size())); }

selection row_filter::select(const columnar_batch& in, selection rows) {
  std::size_t turn = 0;
  for (auto& condition : conditions_) {
    if (rows.empty()) break;
    auto result = condition.evaluate(in, rows);
    if (result->is_constant() && !result->is_null(0) && result->values<std::uint8_t>()[0] != 0)
      continue;
    auto& chosen = rows_[turn];
    turn = 1 - turn;
    if (chosen.size() < rows.size()) chosen.resize(std::max(rows.size(), default_batch_rows));
    rows = selection(chosen.data(), select_true(*result, rows, chosen.data()));
  }
  return rows;
}

std::size_t select_true(const column& condition, const selection& rows, std::uint32_t* out) {
  std::size_t count = 0;
  if (condition.is_constant()) {
    if (condition.is_null(0) || condition.values<std::uint8_t>()[0] == 0) return 0;
    for (std::size_t i = 0; i < rows.size(); ++i) out[i] = rows[i];
    return rows.size();
  }
  if (condition.encoding() == column_encoding::dictionary) {
    for (std::size_t i = 0; i < rows.size(); ++i) {
      auto row = rows[i];
      out[count] = row;
      count += !condition.is_null(row) && condition.value<std::uint8_t>(row) != 0 ? 1 : 0;
    }
    return count;
  }
  // Every row is written, and the place moves on if it is chosen: no branch to guess wrong.
  const auto* values = condition.values<std::uint8_t>();
  if (const auto* valid = condition.validity()) {
    rows.for_each([&](std::size_t i) {
      out[count] = static_cast<std::uint32_t>(i);
      count += static_cast<std::size_t>(values[i] != 0) & (valid[i / 64] >> (i % 64) & 1);
    });
  } else {
    rows.for_each([&](std::size_t i) {
      out[count] = static_cast<std::uint32_t>(i);
      count += values[i] != 0 ? 1 : 0;
    });
  }
  return count;
}

// -- folding
// ---------------------------------------------------------------------------------------

namespace {

std::optional<bool> known_boolean(const expression& e) {
  if (e.kind() != expression_kind::literal || e.value().is_null()) return std::nullopt;
  return e.value().boolean();
}

bool is_null_literal(const expression& e) {
  return e.kind() == expression_kind::literal && e.value().is_null();
}

/// AND and OR without the operands that are known; `neutral` is TRUE for AND.
expression_ptr fold_junction(const expression_ptr& e, bool neutral) {
  std::vector<expression_ptr> rest;
  for (const auto& child : e->children()) {
    auto known = known_boolean(*child);
    if (known && *known == neutral) continue;
    if (known) {
      // What stands before may throw, so only what follows is never computed.
      if (rest.empty() || !std::any_of(rest.begin(), rest.end(), [](const expression_ptr& r) {
            return r->can_fail();
          }))
        return child;
      rest.push_back(child);
      break;
    }
    rest.push_back(child);
  }
  if (rest.empty()) return expression::literal(scalar::of(neutral), e->position());
  if (rest.size() == e->children().size()) return e;
  return neutral ? expression::all_of(std::move(rest), e->position())
                 : expression::any_of(std::move(rest), e->position());
}

expression_ptr fold_case(const expression_ptr& e) {
  std::vector<expression_ptr> parts;
  const auto& children = e->children();
  for (std::size_t i = 0; i + 1 < children.size(); i += 2) {
    auto known = known_boolean(*children[i]);
    if (is_null_literal(*children[i]) || (known && !*known)) continue;
    if (known) {
      if (parts.empty()) return expression::cast(children[i + 1], e->type(), e->position());
      parts.push_back(children[i + 1]);
      return expression::case_when(std::move(parts), e->position());
    }
    parts.push_back(children[i]);
    parts.push_back(children[i + 1]);
  }
  if (parts.empty()) return children.back();
  if (parts.size() + 1 == children.size()) return e;
  parts.push_back(children.back());
  return expression::case_when(std::move(parts), e->position());
}

expression_ptr fold_coalesce(const expression_ptr& e) {
  std::vector<expression_ptr> rest;
  for (const auto& child : e->children()) {
    if (is_null_literal(*child)) continue;
    rest.push_back(child);
    if (!child->type().nullable()) break; // nothing behind it is ever looked at
  }
  if (rest.empty()) return expression::literal(scalar(e->type()), e->position());
  if (rest.size() == e->children().size()) return e;
  return expression::coalesce(std::move(rest), e->position());
}

expression_ptr fold_node(const expression_ptr& e, const expression_context& context) {
  if (e->kind() == expression_kind::and_ || e->kind() == expression_kind::or_) {
    auto folded = fold_junction(e, e->kind() == expression_kind::and_);
    if (folded != e) return folded;
  }
  if (e->kind() == expression_kind::case_when) {
    auto folded = fold_case(e);
    if (folded != e) return folded;
  }
  if (e->kind() == expression_kind::coalesce) {
    auto folded = fold_coalesce(e);
    if (folded != e) return folded;
  }
  if (e->kind() == expression_kind::literal || !e->constant() || !e->deterministic()) return e;
  try {
    columnar_batch one(std::vector<column_ptr>{}, 1);
    auto value = scalar::from(*evaluator(e, context).evaluate(one), 0);
    // The column may carry another label of the same storage.
    return expression::literal(value.with_type(e->type()), e->position());
  } catch (const evaluation_error&) {
    return e;
  }
}

} // namespace

expression_ptr fold_constants(const expression_ptr& tree, const expression_context& context) {
  return transform(tree, [&](const expression_ptr& e) { return fold_node(e, context); });
}

} // namespace sluice::table
