// The text of plans, close to what Flink's EXPLAIN prints.
#include "sluice/table/plan/relation.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace sluice::table {

namespace {

using columns = std::vector<relation_column>;

template <class Range, class F>
std::string joined(const Range& range, F&& text, std::string_view separator = ", ") {
  std::string out;
  for (auto& item : range) {
    if (!out.empty()) out += separator;
    out += text(item);
  }
  return out;
}

std::string names(const columns& all, const std::vector<std::size_t>& chosen) {
  return joined(chosen, [&](std::size_t i) { return all.at(i).name; });
}

std::string fields(const columns& all) {
  return joined(all, [](const relation_column& c) { return c.name; });
}

std::string order_text(const columns& all, const std::vector<sort_key>& keys) {
  return joined(keys, [&](const sort_key& k) {
    auto text = all.at(k.column).name + (k.descending ? " DESC" : " ASC");
    if (k.nulls_first == k.descending) text += k.nulls_first ? " NULLS FIRST" : " NULLS LAST";
    return text;
  });
}

std::string interval_text(std::int64_t micros) {
  if (micros % 86'400'000'000 == 0) return fmt::format("{} d", micros / 86'400'000'000);
  if (micros % 3'600'000'000 == 0) return fmt::format("{} h", micros / 3'600'000'000);
  if (micros % 60'000'000 == 0) return fmt::format("{} min", micros / 60'000'000);
  if (micros % 1'000'000 == 0) return fmt::format("{} s", micros / 1'000'000);
  return fmt::format("{} ms", micros / 1000);
}

std::string window_text(const window_spec& w, const columns& in,
                        const std::vector<std::size_t>& partition = {}) {
  auto time = in.at(w.time_column).name;
  auto size = interval_text(w.size);
  if (w.kind == window_kind::session)
    return fmt::format("SESSION(time_col=[{}], gap=[{}]{})", time, size,
                       partition.empty()
                         ? std::string()
                         : fmt::format(", partition keys=[{}]", names(in, partition)));
  auto text
    = w.kind == window_kind::tumble ? fmt::format("TUMBLE(time_col=[{}], size=[{}]", time, size)
      : w.kind == window_kind::hop  ? fmt::format("HOP(time_col=[{}], size=[{}], slide=[{}]", time,
                                                  size, interval_text(w.slide))
                                   : fmt::format("CUMULATE(time_col=[{}], max_size=[{}], step=[{}]",
                                                 time, size, interval_text(w.slide));
  if (w.offset != 0) text += fmt::format(", offset=[{}]", interval_text(w.offset));
  return text + ")";
}

/// Keys and results with their names: `a, SUM(b) AS s`.
std::string select_text(const relation& r, const columns& in, const std::vector<std::size_t>& keys,
                        const std::vector<aggregate_call>& calls) {
  auto text = names(in, keys);
  for (std::size_t i = 0; i < calls.size(); ++i) {
    if (!text.empty()) text += ", ";
    text += calls[i].to_string(in) + " AS " + r.columns[keys.size() + i].name;
  }
  return text;
}

std::string_view to_string(join_type t) {
  switch (t) {
  case join_type::inner:
    return "InnerJoin";
  case join_type::left:
    return "LeftOuterJoin";
  case join_type::right:
    return "RightOuterJoin";
  case join_type::full:
    return "FullOuterJoin";
  case join_type::semi:
    return "LeftSemiJoin";
  case join_type::anti:
    return "LeftAntiJoin";
  case join_type::mark:
    return "LeftMarkJoin";
  }
  return {};
}

std::string_view to_string(rank_function f) {
  switch (f) {
  case rank_function::row_number:
    return "ROW_NUMBER";
  case rank_function::rank:
    return "RANK";
  case rank_function::dense_rank:
    return "DENSE_RANK";
  }
  return {};
}

/// What a relation does, on one line.
struct writer {
  const relation& r;

  const columns& in() const { return r.input().columns; }

  std::string operator()(const scan_node& n) const {
    auto text = fmt::format("TableSourceScan(table=[{}], fields=[{}]", n.table, fields(r.columns));
    if (!n.request.filters.empty())
      text += fmt::format(", filter=[{}]", joined(n.request.filters, [](const expression_ptr& e) {
                            return e->to_string();
                          }));
    return text + ")";
  }
  std::string operator()(const values_node& n) const {
    auto row = [](const std::vector<scalar>& cells) {
      return "{ " + joined(cells, [](const scalar& s) { return s.to_string(); }) + " }";
    };
    constexpr std::size_t shown = 5;
    auto first = n.rows.size() > shown
                   ? std::vector(n.rows.begin(), n.rows.begin() + static_cast<long>(shown))
                   : n.rows;
    auto text = joined(first, row);
    if (n.rows.size() > shown) text += fmt::format(", ... {} rows", n.rows.size());
    return fmt::format("Values(tuples=[[{}]], fields=[{}])", text, fields(r.columns));
  }
  std::string operator()(const stream_scan_node& n) const {
    return fmt::format("DataStreamScan(stream=[{}], fields=[{}])", n.node, fields(r.columns));
  }
  std::string operator()(const filter_node& n) const {
    return fmt::format("Filter(where=[{}])", n.condition->to_string());
  }
  std::string operator()(const project_node& n) const {
    std::string text;
    for (std::size_t i = 0; i < n.expressions.size(); ++i) {
      if (i > 0) text += ", ";
      auto expression = n.expressions[i]->to_string();
      text += expression;
      if (expression != r.columns[i].name) text += " AS " + r.columns[i].name;
    }
    return fmt::format("Project(select=[{}])", text);
  }
  std::string operator()(const watermark_node& n) const {
    return fmt::format("WatermarkAssigner(rowtime=[{}], watermark=[{}])", in()[n.column].name,
                       n.value->to_string());
  }
  std::string operator()(const aggregate_node& n) const {
    auto select = select_text(r, in(), n.keys, n.calls);
    if (n.keys.empty()) return fmt::format("Aggregate(select=[{}])", select);
    return fmt::format("Aggregate(groupBy=[{}], select=[{}])", names(in(), n.keys), select);
  }
  std::string operator()(const window_table_node& n) const {
    return fmt::format("WindowTableFunction(window=[{}])",
                       window_text(n.window, in(), n.partition));
  }
  std::string operator()(const window_aggregate_node& n) const {
    auto select = select_text(r, in(), n.keys, n.calls);
    static constexpr std::string_view property[] = {"window_start", "window_end", "window_time"};
    for (auto p : n.properties) {
      if (!select.empty()) select += ", ";
      select += property[p];
    }
    auto by = n.keys.empty() ? std::string() : fmt::format("groupBy=[{}], ", names(in(), n.keys));
    return fmt::format("WindowAggregate({}window=[{}], select=[{}])", by,
                       window_text(n.window, in()), select);
  }
  std::string operator()(const join_node& n) const {
    auto& left = r.input(0).columns;
    auto& right = r.input(1).columns;
    auto where = joined(
      n.keys,
      [&](const join_key& k) {
        return fmt::format("({} {} {})", left[k.left].name,
                           k.null_safe ? "IS NOT DISTINCT FROM" : "=", right[k.right].name);
      },
      " AND ");
    if (n.condition) {
      if (!where.empty()) where += " AND ";
      where += n.condition->to_string();
    }
    if (where.empty()) where = "true";
    return fmt::format("Join(joinType=[{}], where=[{}]{}, select=[{}])", to_string(n.type), where,
                       n.null_aware ? ", nullAware=[true]" : "", fields(r.columns));
  }
  std::string operator()(const union_node&) const {
    return fmt::format("Union(all=[true], union=[{}])", fields(r.columns));
  }
  std::string operator()(const sort_node& n) const {
    std::vector<std::string> parts;
    if (!n.keys.empty()) parts.push_back(fmt::format("orderBy=[{}]", order_text(in(), n.keys)));
    if (n.offset > 0) parts.push_back(fmt::format("offset=[{}]", n.offset));
    if (n.limit) parts.push_back(fmt::format("fetch=[{}]", *n.limit));
    auto name = n.keys.empty() ? "Limit" : n.limit ? "SortLimit" : "Sort";
    return fmt::format("{}({})", name, fmt::join(parts, ", "));
  }
  std::string operator()(const rank_node& n) const {
    return fmt::format(
      "Rank(rankType=[{}], rankRange=[rankStart={}, rankEnd={}], partitionBy=[{}], "
      "orderBy=[{}], select=[{}])",
      to_string(n.function), n.first, n.last, names(in(), n.partition), order_text(in(), n.order),
      fields(r.columns));
  }
  std::string operator()(const over_rank_node& n) const {
    return fmt::format("OverAggregate(function=[{}], partitionBy=[{}], orderBy=[{}], select=[{}])",
                       to_string(n.function), names(in(), n.partition), order_text(in(), n.order),
                       fields(r.columns));
  }
  std::string operator()(const replicate_node&) const {
    return fmt::format("ReplicateRows(select=[{}], times=[{}])", fields(r.columns),
                       in().back().name);
  }
  std::string operator()(const sink_node& n) const {
    return fmt::format("Sink(table=[{}], fields=[{}])", n.table, fields(r.columns));
  }
};

using annotation = std::function<std::string(const relation&)>;

/// `lead` is what stands before the lines of the relations below.
void write(std::string& out, const relation& r, const std::string& lead,
           const annotation& annotate) {
  out += std::visit(writer{r}, r.node);
  if (annotate) out.insert(out.size() - 1, annotate(r));
  out += '\n';
  for (std::size_t i = 0; i < r.inputs.size(); ++i) {
    out += lead + "+- ";
    write(out, *r.inputs[i], lead + (i + 1 < r.inputs.size() ? ":  " : "   "), annotate);
  }
}

} // namespace

std::string aggregate_call::to_string(const std::vector<relation_column>& input) const {
  auto text = name + "(" + (distinct ? "DISTINCT " : "");
  text += arguments.empty() && argument_types.empty() ? "*" : names(input, arguments);
  text += ")";
  if (filter) text += " FILTER (WHERE " + input.at(*filter).name + ")";
  return text;
}

std::string to_string(const relation& plan) { return to_string(plan, nullptr); }

std::string to_string(const relation& plan,
                      const std::function<std::string(const relation&)>& annotate) {
  std::string out;
  write(out, plan, "", annotate);
  return out;
}

} // namespace sluice::table
