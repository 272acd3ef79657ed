#include "sluice/table/bind/internal/qualify.hpp"

#include <algorithm>
#include <string>
#include <vector>

namespace sluice::table::internal {

namespace {

/// Walks a query and changes the names of tables in their place.
class qualifier {
public:
  explicit qualifier(const catalog_manager& catalogs) : catalogs_(catalogs) {}

  void visit(sql::query& q) {
    auto known = names_.size();
    for (auto& w : q.with) {
      visit(*w.subquery);
      names_.push_back(w.name.text);
    }
    visit(q.body);
    visit(q.order_by);
    names_.resize(known);
  }

private:
  void qualify(sql::object_name& name) {
    const auto& first = name.parts[0].text;
    if (name.parts.size() == 1 && std::find(names_.begin(), names_.end(), first) != names_.end())
      return;
    auto path = catalogs_.resolve(name);
    auto where = name.where;
    // Its last part still is what columns are called by.
    name.parts = {{where, path.catalog}, {where, path.database}, {where, path.object}};
  }

  void visit(sql::query_body& body) {
    std::visit([&](auto& n) { visit(n); }, body.node);
  }
  void visit(sql::select& s) {
    for (auto& item : s.items)
      if (auto* e = std::get_if<sql::expr>(&item.value)) visit(*e);
    if (s.from) visit(*s.from);
    visit(s.where);
    for (auto& g : s.group_by) visit(g);
    visit(s.having);
    for (auto& w : s.windows) visit(w.spec);
  }
  void visit(sql::values& v) { visit(v.rows); }
  void visit(sql::explicit_table& t) { qualify(t.name); }
  void visit(sql::set_operation& op) {
    for (auto& body : op.operands) visit(body);
  }
  void visit(sql::nested_query& n) { visit(*n.subquery); }
  void visit(sql::grouping_item& g) {
    visit(g.values);
    for (auto& i : g.items) visit(i);
  }
  void visit(sql::window_spec& w) {
    visit(w.partition_by);
    visit(w.order_by);
  }
  void visit(std::vector<sql::order_item>& items) {
    for (auto& i : items) visit(i.value);
  }

  void visit(sql::table_ref& t) {
    if (auto* named = std::get_if<sql::named_table>(&t.node)) {
      qualify(named->name);
      visit(named->as_of);
    } else if (auto* derived = std::get_if<sql::derived_table>(&t.node)) {
      visit(*derived->subquery);
    } else if (auto* function = std::get_if<sql::table_function>(&t.node)) {
      visit(function->function);
    } else if (auto* unnest = std::get_if<sql::unnest>(&t.node)) {
      visit(unnest->arrays);
    } else {
      auto& join = std::get<sql::join>(t.node);
      visit(*join.left);
      visit(*join.right);
      visit(join.on);
    }
  }

  // -- expressions: only subqueries and arguments that are tables matter
  // ----------------------------------------------------

  void visit(sql::box<sql::expr>& e) {
    if (e) visit(*e);
  }
  void visit(std::vector<sql::expr>& all) {
    for (auto& e : all) visit(e);
  }
  void visit(sql::expr& e) {
    std::visit([&](auto& n) { visit(n); }, e.node);
  }
  void visit(sql::literal&) {}
  void visit(sql::interval_literal&) {}
  void visit(sql::column_ref&) {}
  void visit(sql::symbol&) {}
  void visit(sql::descriptor&) {}
  void visit(sql::unary& n) { visit(n.operand); }
  void visit(sql::binary& n) {
    visit(n.left);
    visit(n.right);
  }
  void visit(sql::logical& n) { visit(n.operands); }
  void visit(sql::is_test& n) { visit(n.operand); }
  void visit(sql::between& n) {
    visit(n.operand);
    visit(n.low);
    visit(n.high);
  }
  void visit(sql::in_list& n) {
    visit(n.operand);
    visit(n.items);
  }
  void visit(sql::in_query& n) {
    visit(n.operand);
    visit(*n.subquery);
  }
  void visit(sql::like& n) {
    visit(n.operand);
    visit(n.pattern);
    visit(n.escape);
  }
  void visit(sql::quantified& n) {
    visit(n.operand);
    visit(*n.subquery);
  }
  void visit(sql::exists& n) { visit(*n.subquery); }
  void visit(sql::scalar_subquery& n) { visit(*n.subquery); }
  void visit(sql::case_expr& n) {
    visit(n.operand);
    for (auto& w : n.whens) {
      visit(w.condition);
      visit(w.result);
    }
    visit(n.otherwise);
  }
  void visit(sql::cast& n) { visit(n.operand); }
  void visit(sql::row_constructor& n) { visit(n.items); }
  void visit(sql::array_constructor& n) { visit(n.items); }
  void visit(sql::map_constructor& n) { visit(n.items); }
  void visit(sql::element_access& n) {
    visit(n.base);
    visit(n.index);
  }
  void visit(sql::field_access& n) { visit(n.base); }
  void visit(sql::call& n) {
    for (auto& a : n.arguments) visit(a.value);
    visit(n.filter);
    if (n.over) visit(*n.over);
  }
  void visit(sql::json_call& n) { visit(n.items); }
  void visit(sql::table_argument& n) { qualify(n.table); }

  const catalog_manager& catalogs_;
  std::vector<std::string> names_; // of WITH
};

} // namespace

void qualify_tables(sql::query& query, const catalog_manager& catalogs) {
  qualifier(catalogs).visit(query);
}

} // namespace sluice::table::internal
