/// Small things that all parts of the binder use.
#pragma once

#include "sluice/table/bind/binder.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace sluice::table::internal {

/// A place of a syntax tree as expressions and errors have it.
inline source_position at(const sql::source_range& where) noexcept {
  return {static_cast<int>(where.begin.line), static_cast<int>(where.begin.column)};
}

/// Throws `not supported yet: <what>` with the place.
[[noreturn]] void not_supported(const sql::source_range& where, std::string_view what);

std::string upper_case(std::string_view text);

/// `a.b.c`, as written.
std::string dotted(const sql::object_name& name);

/// The expression with input `i` replaced by input `f(i)`.
template <class F>
expression_ptr renumbered(const expression_ptr& tree, F&& f) {
  return transform(tree, [&](const expression_ptr& e) -> expression_ptr {
    if (e->kind() != expression_kind::input) return e;
    auto to = f(e->index());
    return to == e->index() ? e : expression::input(to, e->type(), e->name(), e->position());
  });
}

/// `value` as exactly `type` but for nullability; a column without a type becomes NULL of that
/// type.
expression_ptr as_type(const expression_ptr& value, const data_type& type);

/// A field of a ROW. Errors: `binding_error` if it is none, or has no such field.
expression_ptr field_of(const expression_ptr& row, const sql::identifier& field,
                        const function_registry& functions);

/// The columns of a relation as expressions over it.
std::vector<expression_ptr> columns_of(const relation& r);
std::vector<std::string> names_of(const relation& r);

/// `input` with further columns behind its own; each is an expression over `input`. Column i of the
/// input keeps its number. The input itself if there are none.
relation_ptr with_columns(relation_ptr input, const std::vector<expression_ptr>& added,
                          const std::vector<std::string>& names, source_position where = {});

/// The first `count` columns of `input`.
relation_ptr first_columns(relation_ptr input, std::size_t count, source_position where = {});

/// Columns of these names; column by column. The relation itself if they are called that already.
relation_ptr renamed(relation_ptr input, const std::vector<std::string>& names,
                     source_position where = {});

/// A projection that knows PROCTIME(): the columns that are it become processing time attributes.
relation_ptr project(relation_ptr input, std::vector<expression_ptr> expressions,
                     std::vector<std::string> names, source_position where = {});

/// Names made different from each other, as Flink does: `a`, `a`, `a` become `a`, `a0`, `a1`.
void make_unique(std::vector<std::string>& names);

/// The operands of a conjunction, in order.
void split_conjunction(const expression_ptr& condition, std::vector<expression_ptr>& out);

} // namespace sluice::table::internal
