#include "sluice/table/connect/source_abilities.hpp"
#include "sluice/table/rules/optimizer.hpp"
#include "sluice/table/rules/rewrite.hpp"

#include <algorithm>
#include <set>

namespace sluice::table::rules {

namespace {

/// What is read of a column: all of it, or some fields of a ROW.
struct column_use {
  bool all = false;
  std::set<std::size_t> fields;

  void add(const column_use& other) {
    all = all || other.all;
    fields.insert(other.fields.begin(), other.fields.end());
  }

  friend bool operator==(const column_use&, const column_use&) = default;
};
using columns_use = std::vector<column_use>;

columns_use all_of(const relation& r) { return columns_use(r.columns.size(), {true, {}}); }

/// The field of a column that `e` is, if it is one.
struct field_of_column {
  std::size_t column;
  std::size_t field;
};
std::optional<field_of_column> as_field(const expression& e) {
  if (e.kind() != expression_kind::call || e.name() != "DOT") return std::nullopt;
  const auto& row = *e.children()[0];
  const auto& name = *e.children()[1];
  if (row.kind() != expression_kind::input || name.kind() != expression_kind::literal)
    return std::nullopt;
  const auto& names = row.type().field_names();
  auto found = std::ranges::find(names, name.value().text());
  if (found == names.end()) return std::nullopt;
  return field_of_column{row.index(), static_cast<std::size_t>(found - names.begin())};
}

void use(columns_use& used, const expression& e) {
  if (auto field = as_field(e)) {
    used.at(field->column).fields.insert(field->field);
    return;
  }
  if (e.kind() == expression_kind::input) used.at(e.index()).all = true;
  for (const auto& child : e.children()) use(used, *child);
}

relation_ptr prune_scan(const relation_ptr& r, scan_node n, columns_use used) {
  const auto* source = dynamic_cast<const reads_fields*>(n.source.get());
  if (source == nullptr) return r;
  for (const auto& filter : n.request.filters) use(used, *filter);
  reads_fields::wanted_fields fields;
  for (std::size_t i = 0; i < n.request.columns.size(); ++i) {
    const auto& type = r->columns[i].type;
    if (!type.is(type_root::row) || used[i].all) continue;
    if (used[i].fields.size() < type.children().size())
      fields.emplace(n.request.columns[i],
                     std::vector(used[i].fields.begin(), used[i].fields.end()));
  }
  if (fields.empty()) return r;
  n.source = source->with_fields(fields);
  return relation::scan(std::move(n), r->columns, r->position);
}

/// Walks down a plan. Parts that several read alike stay one.
class pruner {
public:
  relation_ptr prune(const relation_ptr& r, const columns_use& used) {
    for (const auto& d : done_)
      if (d.of == r && d.used == used) return d.result;
    auto result = prune_new(r, used);
    done_.push_back({r, used, result});
    return result;
  }

private:
  struct part {
    relation_ptr of;
    columns_use used;
    relation_ptr result;
  };

  relation_ptr prune_new(const relation_ptr& r, const columns_use& used) {
    if (const auto* n = r->as<scan_node>()) return prune_scan(r, *n, used);
    if (const auto* n = r->as<filter_node>()) {
      auto below = used;
      use(below, *n->condition);
      return with_inputs(r, {prune(r->inputs[0], below)});
    }
    if (const auto* n = r->as<watermark_node>()) {
      auto below = used;
      use(below, *n->value);
      below.at(n->column).all = true;
      return with_inputs(r, {prune(r->inputs[0], below)});
    }
    if (const auto* n = r->as<project_node>())
      return with_inputs(r, {prune(r->inputs[0], below_project(*r, *n, used))});
    std::vector<relation_ptr> inputs;
    inputs.reserve(r->inputs.size());
    for (const auto& in : r->inputs) inputs.push_back(prune(in, all_of(*in)));
    return with_inputs(r, std::move(inputs));
  }

  static columns_use below_project(const relation& r, const project_node& n,
                                   const columns_use& used) {
    columns_use below(r.input().columns.size());
    for (std::size_t i = 0; i < n.expressions.size(); ++i) {
      const auto& e = *n.expressions[i];
      if (e.kind() == expression_kind::input)
        below.at(e.index()).add(used[i]); // passed on as it is
      else
        use(below, e);
    }
    return below;
  }

  static relation_ptr with_inputs(const relation_ptr& r, std::vector<relation_ptr> inputs) {
    return inputs == r->inputs ? r : r->with_inputs(std::move(inputs));
  }

  std::vector<part> done_;
};

} // namespace

relation_ptr prune_fields(const relation_ptr& plan) { return pruner().prune(plan, all_of(*plan)); }

} // namespace sluice::table::rules
