/// From optimised plans to operators of a program.
#pragma once

#include "sluice/api/program.hpp"
#include "sluice/table/function/registry.hpp"
#include "sluice/table/ops/operators.hpp"
#include "sluice/table/plan/relation.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace sluice::table {

enum class agg_phase_strategy : std::uint8_t { automatic, one_phase, two_phase };
/// What a sink's CHAR(n), VARCHAR(n), BINARY(n) and VARBINARY(n) do with values of other lengths.
enum class type_length_enforcer : std::uint8_t { ignore, trim_pad, error };
enum class upsert_materialize : std::uint8_t { none, automatic, force };

/// Settings of a session that decide which operators there are.
struct lowering_settings {
  execution_mode mode = execution_mode::streaming; ///< `streaming` or `batch`
  operator_settings operators;
  agg_phase_strategy agg_phases = agg_phase_strategy::automatic;
  mini_batch batching;
  upsert_materialize materialize = upsert_materialize::automatic;
  type_length_enforcer lengths = type_length_enforcer::ignore;
  bool drop_nulls = false; ///< instead of failing, where a sink takes none
  std::optional<duration> source_idle_timeout;
  std::uint32_t parallelism = 1;
};

/// Where the rows of a lowered relation come out.
struct lowered {
  /// Several for a union.
  std::vector<sluice::detail::stream_origin> origins;
  /// The parallelism that whoever follows has to keep, so that the order of rows is kept.
  std::optional<std::uint32_t> pinned;
};

/// Adds the operators of optimised plans to a program. One per program that is executed: parts that
/// plans share are added once.
class lowering {
public:
  /// `functions` and `target` must outlive this object.
  lowering(sluice::detail::program& target, const function_registry& functions,
           lowering_settings settings);
  ~lowering();

  /// Adds an INSERT: `plan` is a `sink_node`.
  void add_sink(const relation_ptr& plan);

  /// Adds a query whose rows go to `sink` of columnar batches, which wants UPDATE_BEFORE rows or
  /// not. `ordered`: as the query orders them, so by one subtask.
  void add_result(const relation_ptr& plan, std::shared_ptr<const sink_base> sink,
                  bool update_before);

  /// Adds a query and tells where its rows come out.
  lowered add(const relation_ptr& plan, bool update_before);

private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

} // namespace sluice::table
