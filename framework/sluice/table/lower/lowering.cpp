#include "sluice/table/lower/lowering.hpp"

#include "sluice/core/check.hpp"
#include "sluice/ops/sink_operator.hpp"
#include "sluice/table/column/row_partitioner.hpp"
#include "sluice/table/plan/properties.hpp"
#include "sluice/table/rules/rewrite.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace sluice::table {

namespace {

using sluice::detail::stream_origin;

bool updates(const changelog_mode& m) { return m.update_after || m.deletes; }

/// The records of `from`, spread by the hash of key columns.
std::vector<stream_origin> by_key(std::vector<stream_origin> from,
                                  const std::vector<std::size_t>& keys) {
  for (auto& o : from) {
    o.how = partitioning::hash;
    o.partitioner = key_partitioner_factory(keys);
    o.send_hashes = true;
  }
  return from;
}

std::vector<stream_origin> to_one(std::vector<stream_origin> from) {
  for (auto& o : from) o.how = partitioning::global;
  return from;
}

std::vector<std::size_t> first_columns(std::size_t count) {
  std::vector<std::size_t> columns(count);
  for (std::size_t i = 0; i < count; ++i) columns[i] = i;
  return columns;
}

/// The smallest of the unique keys.
std::vector<std::size_t> best_of(const std::vector<std::vector<std::size_t>>& keys) {
  if (keys.empty()) return {};
  return *std::min_element(keys.begin(), keys.end(),
                           [](const auto& a, const auto& b) { return a.size() < b.size(); });
}

/// A rough number of rows: only good for telling a small side of a join from a large one.
double estimated_rows(const relation& r) {
  if (const auto* n = r.as<scan_node>())
    return static_cast<double>(n->source->estimated_rows().value_or(1'000'000));
  if (const auto* n = r.as<values_node>()) return static_cast<double>(n->rows.size());
  double sum = 0;
  for (const auto& in : r.inputs) sum += estimated_rows(*in);
  if (r.as<filter_node>() != nullptr) return sum / 4;
  if (r.as<aggregate_node>() != nullptr) return sum / 10;
  return sum;
}

} // namespace

struct lowering::impl {
  impl(sluice::detail::program& target, const function_registry& known, lowering_settings by)
    : program(target), functions(known), settings(std::move(by)), properties(settings.mode) {}

  bool batch() const noexcept { return settings.mode == execution_mode::batch; }

  // -- nodes --------------------------------------------------------------------------------------

  stream_node make_node(const std::string& name, operator_factory make) {
    stream_node n;
    auto number = program.graph.nodes.size() + 1;
    n.name = fmt::format("{}[{}]", name, number);
    n.uid = fmt::format("{}-{}", number, name);
    n.uid_given = true;
    n.output = &columnar_rows();
    n.make = std::move(make);
    return n;
  }

  lowered add(stream_node n, std::vector<std::vector<stream_origin>> inputs) {
    auto pinned = n.fixed_parallelism ? n.fixed_parallelism : n.parallelism;
    auto id = program.add(std::move(n), inputs);
    return {{{id}}, pinned};
  }

  /// An operator that treats rows one by one: stays with the rows before it if their order counts.
  lowered add_stateless(const std::string& name, operator_factory make, lowered input) {
    auto n = make_node(name, std::move(make));
    n.parallelism = input.pinned;
    return add(std::move(n), {std::move(input.origins)});
  }

  /// An operator with state by the keys of its inputs; without keys it is alone.
  lowered add_keyed(const std::string& name, operator_factory make, std::vector<lowered> inputs,
                    const std::vector<std::vector<std::size_t>>& keys, bool alone = false) {
    auto n = make_node(name, std::move(make));
    n.stateful = true;
    alone = alone || keys[0].empty();
    if (alone)
      n.fixed_parallelism = 1;
    else
      n.keyed = true;
    std::vector<std::vector<stream_origin>> origins;
    for (std::size_t i = 0; i < inputs.size(); ++i)
      origins.push_back(alone ? to_one(std::move(inputs[i].origins))
                              : by_key(std::move(inputs[i].origins), keys[i]));
    return add(std::move(n), std::move(origins));
  }

  // -- relations ----------------------------------------------------------------------------------

  lowered lower(const relation_ptr& r, bool update_before) {
    update_before = update_before && properties.changes(*r).update_after;
    auto key = std::pair(r.get(), update_before);
    auto known = done.find(key);
    if (known != done.end()) return known->second;
    kept.push_back(r);
    auto result = std::visit([&](const auto& n) { return lower(r, n, update_before); }, r->node);
    done.emplace(key, result);
    return result;
  }

  lowered lower_input(const relation_ptr& r, std::size_t i, bool update_before) {
    return lower(r->inputs[i], update_before || properties.needs_update_before(*r, i));
  }

  lowered lower(const relation_ptr& r, const scan_node& n, bool update_before) {
    return scan(r, n, {}, update_before);
  }

  lowered scan(const relation_ptr& r, const scan_node& n, ops::watermark_settings watermarks,
               bool update_before) {
    auto changes = n.source->changelog();
    stream_node node = make_node(n.table.substr(n.table.rfind('.') + 1), {});
    node.kind = node_kind::source;
    node.source = n.source->make(n.request);
    node.parallelism = n.source->parallelism();
    node.watermarks = std::move(watermarks);
    if (batch() && node.source->bounded() == boundedness::unbounded)
      throw binding_error(r->position, fmt::format("querying an unbounded table '{}' in batch mode "
                                                   "is not allowed; the table source is unbounded",
                                                   n.table));
    auto parallelism = node.source->fixed_parallelism();
    if (!parallelism) parallelism = node.parallelism;
    auto result = add(std::move(node), {});
    result.pinned = std::nullopt;
    if (changes.insert_only()) return result;
    // The order of changes counts from here to where they are spread by key.
    result.pinned = parallelism.value_or(settings.parallelism);
    return changes_of(r, fmt::format("table '{}'", n.table), changes, n.primary_key,
                      std::move(result), update_before);
  }

  /// What a source says that changes, as operators expect it: with UPDATE_BEFORE if they ask for
  /// it, and in batch mode as final rows.
  lowered changes_of(const relation_ptr& r, const std::string& what, const changelog_mode& changes,
                     const std::vector<std::size_t>& primary_key, lowered rows,
                     bool update_before) {
    const auto upserts = changes.update_after && !changes.update_before;
    if (!upserts && !batch()) return update_before ? rows : without_update_before(std::move(rows));
    if (primary_key.empty())
      throw binding_error(r->position,
                          upserts ? what + " gives updates by key, so it needs a PRIMARY KEY"
                                  : "not supported in batch mode: reading the changes of " + what
                                      + ", which has no PRIMARY KEY to tell the final rows by");
    return add_keyed(
      "ChangelogNormalize",
      make_changelog_normalize(r->types(), primary_key, update_before, settings.operators),
      {std::move(rows)}, {primary_key});
  }

  lowered without_update_before(lowered rows) {
    return add_stateless("DropUpdateBefore", make_drop_changes(true, false), std::move(rows));
  }

  lowered lower(const relation_ptr& r, const values_node& n, bool) {
    auto node = make_node("Values", {});
    node.kind = node_kind::source;
    node.source = make_values_source(r->types(), n.rows);
    auto result = add(std::move(node), {});
    result.pinned = 1;
    return result;
  }

  lowered lower(const relation_ptr& r, const stream_scan_node& n, bool update_before) {
    lowered result{{{n.node, n.port}}, program.node(n.node).parallelism};
    if (n.changes.insert_only()) return result;
    if (!result.pinned) result.pinned = settings.parallelism;
    return changes_of(r, "a table made of a stream", n.changes, n.primary_key, std::move(result),
                      update_before);
  }

  lowered lower(const relation_ptr& r, const filter_node& n, bool update_before) {
    std::vector<expression_ptr> columns;
    for (std::size_t i = 0; i < r->columns.size(); ++i) columns.push_back(column_of(r->input(), i));
    auto input = lower_input(r, 0, update_before);
    return calc(r->input(), n.condition, std::move(columns), std::move(input));
  }

  lowered lower(const relation_ptr& r, const project_node& n, bool update_before) {
    const auto& below = r->inputs[0];
    if (const auto* f = below->as<filter_node>()) {
      auto input = lower_input(below, 0, update_before);
      return calc(below->input(), f->condition, n.expressions, std::move(input));
    }
    auto input = lower_input(r, 0, update_before);
    return calc(*below, nullptr, n.expressions, std::move(input));
  }

  lowered calc(const relation& over, expression_ptr condition, std::vector<expression_ptr> columns,
               lowered input) {
    return add_stateless(
      "Calc",
      make_calc({over.types(), std::move(condition), std::move(columns)}, settings.operators),
      std::move(input));
  }

  lowered lower(const relation_ptr& r, const watermark_node& n, bool update_before) {
    if (batch()) return lower_input(r, 0, update_before);
    // In the source, where each split tells its own time.
    auto below = r->inputs[0];
    auto value = n.value;
    const auto* columns = below->as<project_node>();
    if (columns != nullptr) {
      value = rules::substitute(value, columns->expressions);
      below = below->inputs[0];
    }
    if (const auto* s = below->as<scan_node>()) {
      auto rows = scan(below, *s, watermarks(value), update_before);
      return columns == nullptr ? rows
                                : calc(*below, nullptr, columns->expressions, std::move(rows));
    }
    auto settings_here = watermarks(n.value);
    return add_stateless(
      "WatermarkAssigner",
      [settings_here] { return std::make_unique<ops::watermark_operator>(settings_here); },
      lower_input(r, 0, update_before));
  }

  ops::watermark_settings watermarks(expression_ptr value) const {
    return make_watermarks(std::move(value), settings.source_idle_timeout, settings.operators);
  }

  std::vector<aggregate_spec> specs(const std::vector<aggregate_call>& calls, bool retracts) {
    std::vector<aggregate_spec> result;
    for (const auto& c : calls) {
      auto f = retracts ? functions.aggregate(c.name, c.argument_types, true) : c.function;
      result.push_back({std::move(f), c.arguments, c.filter, c.distinct});
    }
    return result;
  }

  bool two_phases(const aggregate_node& n, bool retracts) const {
    if (settings.agg_phases == agg_phase_strategy::one_phase || retracts) return false;
    auto distinct = [](const aggregate_call& c) { return c.distinct; };
    if (std::any_of(n.calls.begin(), n.calls.end(), distinct)) return false;
    // A stream is aggregated in two phases only if its changes may be collapsed.
    return batch() || settings.batching.rows > 0;
  }

  lowered lower(const relation_ptr& r, const aggregate_node& n, bool update_before) {
    auto retracts = updates(properties.changes(r->input()));
    auto input = lower_input(r, 0, update_before);
    group_aggregate_spec spec{r->input().types(), n.keys,        specs(n.calls, retracts),
                              retracts,           update_before, settings.batching};
    if (!two_phases(n, retracts))
      return add_keyed("GroupAggregate", make_group_aggregate(spec, settings.operators),
                       {std::move(input)}, {n.keys});
    auto local = make_node("LocalGroupAggregate", make_local_aggregate(spec, settings.operators));
    local.parallelism = input.pinned;
    local.side_outputs.push_back({"partial", &columnar_rows()});
    auto id = program.add(std::move(local), {std::move(input.origins)});
    lowered rows{{{id, 0}}, {}};
    lowered partial{{{id, 1}}, {}};
    return add_keyed("GlobalGroupAggregate", make_global_aggregate(spec, settings.operators),
                     {std::move(rows), std::move(partial)}, {n.keys, first_columns(n.keys.size())});
  }

  lowered lower(const relation_ptr& r, const window_table_node& n, bool update_before) {
    if (n.window.kind == window_kind::session) {
      if (updates(properties.changes(r->input())))
        throw binding_error(r->position, "not supported yet: SESSION windows of rows that change");
      return add_keyed(
        "SessionWindowTableFunction",
        make_session_table(r->input().types(), n.window, n.partition, settings.operators),
        {lower_input(r, 0, update_before)}, {n.partition});
    }
    return add_stateless("WindowTableFunction",
                         make_window_table(r->input().types(), n.window, settings.operators),
                         lower_input(r, 0, update_before));
  }

  lowered lower(const relation_ptr& r, const window_aggregate_node& n, bool update_before) {
    auto retracts = updates(properties.changes(r->input()));
    window_aggregate_spec spec{r->input().types(),       n.window,     n.keys,
                               specs(n.calls, retracts), n.properties, retracts};
    return add_keyed("WindowAggregate", make_window_aggregate(std::move(spec), settings.operators),
                     {lower_input(r, 0, update_before)}, {n.keys});
  }

  lowered lower(const relation_ptr& r, const join_node& n, bool update_before) {
    join_spec spec;
    spec.type = n.type;
    spec.left = r->input(0).types();
    spec.right = r->input(1).types();
    spec.keys = n.keys;
    spec.condition = n.condition;
    spec.null_aware = n.null_aware;
    spec.left_retracts = updates(properties.changes(r->input(0)));
    spec.right_retracts = updates(properties.changes(r->input(1)));
    spec.emits_update_before = update_before;
    spec.left_key = best_of(properties.unique_keys(r->input(0)));
    spec.right_key = best_of(properties.unique_keys(r->input(1)));
    spec.build_left
      = n.type == join_type::inner && estimated_rows(r->input(0)) < estimated_rows(r->input(1));
    std::vector<std::size_t> left;
    std::vector<std::size_t> right;
    for (const auto& k : n.keys) {
      left.push_back(k.left);
      right.push_back(k.right);
    }
    std::vector<lowered> inputs;
    for (std::size_t i = 0; i < 2; ++i) inputs.push_back(lower_input(r, i, update_before));
    // A NULL on the right side of NOT IN concerns all rows of the left side.
    return add_keyed("Join", make_join(std::move(spec), settings.operators), std::move(inputs),
                     {left, right}, n.null_aware);
  }

  lowered lower(const relation_ptr& r, const union_node&, bool update_before) {
    lowered all;
    for (std::size_t i = 0; i < r->inputs.size(); ++i) {
      auto input = lower_input(r, i, update_before);
      all.origins.insert(all.origins.end(), input.origins.begin(), input.origins.end());
      // What is pinned to different numbers meets where it is spread by key.
      if (input.pinned) all.pinned = std::max(all.pinned.value_or(0), *input.pinned);
    }
    return all;
  }

  lowered lower(const relation_ptr& r, const sort_node& n, bool update_before) {
    auto input = lower_input(r, 0, update_before);
    auto types = r->input().types();
    auto alone = [&](const std::string& name, operator_factory make, lowered rows) {
      auto node = make_node(name, std::move(make));
      node.fixed_parallelism = 1;
      node.stateful = true;
      return add(std::move(node), {to_one(std::move(rows.origins))});
    };
    if (n.keys.empty()) {
      if (updates(properties.changes(r->input()))) {
        rank_spec spec;
        spec.input = types;
        spec.rank.first = n.offset + 1;
        spec.rank.last = n.limit ? n.offset + *n.limit : ~std::uint64_t{0};
        spec.input_retracts = true;
        spec.emits_update_before = update_before;
        return alone("Limit", make_rank(std::move(spec), settings.operators), std::move(input));
      }
      return alone("Limit", make_limit(types, n.offset, n.limit), std::move(input));
    }
    if (!batch()) {
      if (updates(properties.changes(r->input())))
        throw binding_error(r->position, "not supported in streaming mode: ORDER BY without LIMIT "
                                         "over rows that change; add LIMIT, or use batch mode");
      // Rows in the order in which they come are in the order of the clock.
      if (r->input().columns[n.keys[0].column].time == time_attribute::processing_time)
        return alone("TemporalSort", make_limit(types, 0, std::nullopt), std::move(input));
      return alone("TemporalSort", make_temporal_sort(types, n.keys), std::move(input));
    }
    if (n.limit)
      input = add_stateless("LocalSortLimit", make_sort(types, n, true, settings.operators),
                            std::move(input));
    return alone(n.limit ? "SortLimit" : "Sort", make_sort(types, n, false, settings.operators),
                 std::move(input));
  }

  lowered lower(const relation_ptr& r, const rank_node& n, bool update_before) {
    rank_spec spec;
    spec.input = r->input().types();
    spec.rank = n;
    spec.input_retracts = updates(properties.changes(r->input()));
    spec.emits_update_before = update_before;
    spec.unique_key = best_of(properties.unique_keys(r->input()));
    auto input = lower_input(r, 0, update_before);
    return add_keyed("Rank", make_rank(std::move(spec), settings.operators), {std::move(input)},
                     {n.partition});
  }

  lowered lower(const relation_ptr& r, const replicate_node&, bool update_before) {
    return add_stateless("ReplicateRows", make_replicate_rows(), lower_input(r, 0, update_before));
  }

  lowered lower(const relation_ptr&, const over_rank_node&, bool) {
    SLUICE_CHECK(false, "a rule makes a rank of every window function");
  }

  lowered lower(const relation_ptr& r, const sink_node& n, bool) {
    add_sink(r, n);
    return {};
  }

  // -- sinks --------------------------------------------------------------------------------------

  bool materializes(const relation& r, const sink_node& n, const changelog_mode& offered) {
    switch (settings.materialize) {
    case upsert_materialize::none:
      return false;
    case upsert_materialize::automatic:
      return properties.materializes(r, n);
    case upsert_materialize::force:
      return !n.primary_key.empty() && updates(offered);
    }
    return false;
  }

  void add_sink(const relation_ptr& r, const sink_node& n) {
    const auto& input = r->input();
    auto offered = properties.changes(input);
    auto accepted = n.sink->accept(offered);
    auto materialize = !accepted.insert_only() && materializes(*r, n, offered);
    auto rows = lower(r->inputs[0], accepted.update_before || materialize);
    if (needs_null_check(input, n))
      rows
        = add_stateless("NotNullEnforcer", make_not_null_enforcer(n.declared, settings.drop_nulls),
                        std::move(rows));
    if (settings.lengths != type_length_enforcer::ignore && has_lengths(n))
      rows = add_stateless(
        "LengthEnforcer",
        make_length_enforcer(n.declared, settings.lengths == type_length_enforcer::trim_pad),
        std::move(rows));
    if (materialize)
      rows = add_keyed("SinkUpsertMaterializer",
                       make_upsert_materialize(input.types(), n.primary_key, settings.operators),
                       {std::move(rows)}, {n.primary_key});
    auto distribution = n.sink->distribution();
    if (!distribution.empty())
      rows.origins = by_key(std::move(rows.origins), distribution);
    else if (updates(offered) && !n.primary_key.empty() && !materialize)
      spread_by_primary_key(rows, n);
    attach(std::move(rows), n.sink->make(), "Sink: " + n.table.substr(n.table.rfind('.') + 1),
           n.sink->parallelism());
  }

  /// Changes of one key go to one writer: they do already if nothing is spread on the way.
  void spread_by_primary_key(lowered& rows, const sink_node& n) {
    auto from = rows.pinned.value_or(settings.parallelism);
    if (n.sink->parallelism().value_or(from) == from) return;
    rows.origins = by_key(std::move(rows.origins), n.primary_key);
  }

  static bool needs_null_check(const relation& input, const sink_node& n) {
    for (std::size_t i = 0; i < n.declared.size(); ++i)
      if (!n.declared[i].type.nullable() && input.columns[i].type.nullable()) return true;
    return false;
  }

  /// Of declared types only: whatever a source says of its texts, nobody has looked at them.
  static bool has_lengths(const sink_node& n) {
    return std::any_of(n.declared.begin(), n.declared.end(),
                       [](const relation_column& c) { return has_length(c.type); });
  }

  void attach(lowered rows, std::shared_ptr<const sink_base> sink, const std::string& name,
              std::optional<std::uint32_t> parallelism) {
    auto node = make_node(name, [sink] { return std::make_unique<ops::sink_operator>(sink); });
    node.kind = node_kind::sink;
    node.output = nullptr;
    node.sink = sink;
    node.fixed_parallelism = sink->fixed_parallelism();
    if (!node.fixed_parallelism) node.parallelism = parallelism ? parallelism : rows.pinned;
    program.add(std::move(node), {std::move(rows.origins)});
  }

  sluice::detail::program& program;
  const function_registry& functions;
  lowering_settings settings;
  plan_properties properties;
  std::map<std::pair<const relation*, bool>, lowered> done;
  std::vector<relation_ptr> kept; ///< so that the addresses above stay theirs
};

lowering::lowering(sluice::detail::program& target, const function_registry& functions,
                   lowering_settings settings)
  : impl_(std::make_unique<impl>(target, functions, std::move(settings))) {}
lowering::~lowering() = default;

void lowering::add_sink(const relation_ptr& plan) {
  const auto* n = plan->as<sink_node>();
  SLUICE_CHECK(n != nullptr, "an INSERT ends in a sink");
  impl_->kept.push_back(plan);
  impl_->add_sink(plan, *n);
}

void lowering::add_result(const relation_ptr& plan, std::shared_ptr<const sink_base> sink,
                          bool update_before) {
  impl_->attach(add(plan, update_before), std::move(sink), "Sink: result", std::nullopt);
}

lowered lowering::add(const relation_ptr& plan, bool update_before) {
  return impl_->lower(plan, update_before);
}

} // namespace sluice::table
