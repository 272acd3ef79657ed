#include "sluice/table/plan/relation.hpp"

#include "sluice/core/check.hpp"

#include <algorithm>

namespace sluice::table {

namespace {

relation_ptr make(relation::variant node, std::vector<relation_ptr> inputs,
                  std::vector<relation_column> columns, source_position at) {
  auto result = std::make_shared<relation>();
  result->node = std::move(node);
  result->inputs = std::move(inputs);
  result->columns = std::move(columns);
  result->position = at;
  return result;
}

std::vector<relation_column> without_time(std::vector<relation_column> columns) {
  for (auto& c : columns) c.time = time_attribute::none;
  return columns;
}

std::vector<relation_column> window_columns(const window_spec& w) {
  auto bound = data_type::timestamp(3).not_null();
  auto time = (w.local_time || w.processing_time) ? data_type::timestamp_ltz(3).not_null() : bound;
  return {{"window_start", bound},
          {"window_end", bound},
          {"window_time", time,
           w.processing_time ? time_attribute::processing_time : time_attribute::event_time}};
}

std::vector<relation_column> keys_and_results(const relation& input,
                                              const std::vector<std::size_t>& keys,
                                              const std::vector<aggregate_call>& calls,
                                              std::vector<std::string> names) {
  SLUICE_CHECK(names.size() == calls.size(), "a name for each result");
  std::vector<relation_column> columns;
  for (auto k : keys) columns.push_back(input.columns.at(k));
  columns = without_time(std::move(columns));
  for (std::size_t i = 0; i < calls.size(); ++i)
    columns.push_back({std::move(names[i]), calls[i].function->result()});
  return columns;
}

std::vector<relation_column> all_nullable(std::vector<relation_column> columns) {
  for (auto& c : columns) c.type = c.type.as_nullable();
  return columns;
}

} // namespace

std::vector<data_type> relation::types() const {
  std::vector<data_type> result;
  result.reserve(columns.size());
  for (auto& c : columns) result.push_back(c.type);
  return result;
}

relation_ptr relation::scan(scan_node node, std::vector<relation_column> columns,
                            source_position at) {
  SLUICE_CHECK(columns.size() == node.request.columns.size() + node.request.metadata.size(),
               "a scan has the columns that it asks for");
  return make(std::move(node), {}, std::move(columns), at);
}

relation_ptr relation::values(values_node node, std::vector<relation_column> columns,
                              source_position at) {
  for (auto& row : node.rows) SLUICE_CHECK(row.size() == columns.size(), "rows of one width");
  return make(std::move(node), {}, std::move(columns), at);
}

relation_ptr relation::stream_scan(stream_scan_node node, std::vector<relation_column> columns) {
  return make(std::move(node), {}, std::move(columns), {});
}

relation_ptr relation::filter(relation_ptr input, expression_ptr condition, source_position at) {
  SLUICE_CHECK(condition->type().is(type_root::boolean), "a condition is BOOLEAN");
  auto columns = input->columns;
  return make(filter_node{std::move(condition)}, {std::move(input)}, std::move(columns), at);
}

relation_ptr relation::project(relation_ptr input, std::vector<expression_ptr> expressions,
                               std::vector<std::string> names, source_position at) {
  SLUICE_CHECK(names.size() == expressions.size(), "a name for each expression");
  std::vector<relation_column> columns;
  for (std::size_t i = 0; i < expressions.size(); ++i) {
    auto& e = *expressions[i];
    relation_column c{std::move(names[i]), e.type()};
    if (e.kind() == expression_kind::input) c.time = input->columns.at(e.index()).time;
    // Rules make projections anew, and what tells the time goes on doing so.
    if (e.kind() == expression_kind::call && e.name() == "PROCTIME")
      c.time = time_attribute::processing_time;
    columns.push_back(std::move(c));
  }
  return make(project_node{std::move(expressions)}, {std::move(input)}, std::move(columns), at);
}

relation_ptr relation::watermark(relation_ptr input, watermark_node node, source_position at) {
  auto columns = input->columns;
  columns.at(node.column).time = time_attribute::event_time;
  return make(std::move(node), {std::move(input)}, std::move(columns), at);
}

relation_ptr relation::aggregate(relation_ptr input, aggregate_node node,
                                 std::vector<std::string> names, source_position at) {
  auto columns = keys_and_results(*input, node.keys, node.calls, std::move(names));
  return make(std::move(node), {std::move(input)}, std::move(columns), at);
}

relation_ptr relation::window_table(relation_ptr input, window_table_node node,
                                    source_position at) {
  auto columns = without_time(input->columns);
  for (auto& c : window_columns(node.window)) columns.push_back(std::move(c));
  return make(std::move(node), {std::move(input)}, std::move(columns), at);
}

relation_ptr relation::window_aggregate(relation_ptr input, window_aggregate_node node,
                                        std::vector<std::string> names, source_position at) {
  auto columns = keys_and_results(*input, node.keys, node.calls, std::move(names));
  auto properties = window_columns(node.window);
  for (auto p : node.properties) columns.push_back(properties.at(p));
  return make(std::move(node), {std::move(input)}, std::move(columns), at);
}

relation_ptr relation::join(relation_ptr left, relation_ptr right, join_node node,
                            source_position at) {
  for (auto& key : node.keys)
    SLUICE_CHECK(left->columns.at(key.left).type.same_as(right->columns.at(key.right).type),
                 "both sides of a join key have one type");
  auto columns = without_time(left->columns);
  if (node.type == join_type::right || node.type == join_type::full)
    columns = all_nullable(std::move(columns));
  if (node.type == join_type::mark) {
    columns.push_back({"$mark", data_type::boolean().not_null()});
  } else if (node.type != join_type::semi && node.type != join_type::anti) {
    auto others = without_time(right->columns);
    if (node.type == join_type::left || node.type == join_type::full)
      others = all_nullable(std::move(others));
    columns.insert(columns.end(), others.begin(), others.end());
  }
  return make(std::move(node), {std::move(left), std::move(right)}, std::move(columns), at);
}

relation_ptr relation::union_all(std::vector<relation_ptr> inputs, source_position at) {
  SLUICE_CHECK(!inputs.empty(), "a union of something");
  auto columns = inputs[0]->columns;
  for (auto& in : inputs) {
    SLUICE_CHECK(in->columns.size() == columns.size(), "a union of equally wide tables");
    for (std::size_t i = 0; i < columns.size(); ++i) {
      auto& other = in->columns[i];
      SLUICE_CHECK(columns[i].type.same_as(other.type), "a union of equal types");
      if (other.type.nullable()) columns[i].type = columns[i].type.as_nullable();
      if (other.time != columns[i].time) columns[i].time = time_attribute::none;
    }
  }
  return make(union_node{}, std::move(inputs), std::move(columns), at);
}

relation_ptr relation::sort(relation_ptr input, sort_node node, source_position at) {
  auto columns = input->columns;
  return make(std::move(node), {std::move(input)}, std::move(columns), at);
}

relation_ptr relation::rank(relation_ptr input, rank_node node, std::string name,
                            source_position at) {
  auto columns = input->columns;
  if (node.output_rank) columns.push_back({std::move(name), data_type::bigint().not_null()});
  return make(std::move(node), {std::move(input)}, std::move(columns), at);
}

relation_ptr relation::over_rank(relation_ptr input, over_rank_node node, std::string name,
                                 source_position at) {
  auto columns = input->columns;
  columns.push_back({std::move(name), data_type::bigint().not_null()});
  return make(std::move(node), {std::move(input)}, std::move(columns), at);
}

relation_ptr relation::replicate(relation_ptr input, source_position at) {
  SLUICE_CHECK(input->columns.back().type.is(type_root::bigint), "a number of rows is a BIGINT");
  auto columns = input->columns;
  columns.pop_back();
  return make(replicate_node{}, {std::move(input)}, std::move(columns), at);
}

relation_ptr relation::sink(relation_ptr input, sink_node node, source_position at) {
  auto columns = input->columns;
  return make(std::move(node), {std::move(input)}, std::move(columns), at);
}

relation_ptr relation::with_inputs(std::vector<relation_ptr> other) const {
  SLUICE_CHECK(other.size() == inputs.size(), "as many inputs as before");
  return make(node, std::move(other), columns, position);
}

expression_ptr column_of(const relation& r, std::size_t i, source_position at) {
  auto& c = r.columns.at(i);
  return expression::input(i, c.type, c.name, at);
}

} // namespace sluice::table
