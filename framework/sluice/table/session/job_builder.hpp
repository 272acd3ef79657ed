/// Jobs made of plans. For the implementation of sessions.
#pragma once

#include "sluice/api/program.hpp"
#include "sluice/plan/job_graph.hpp"
#include "sluice/table/lower/lowering.hpp"
#include "sluice/table/rules/optimizer.hpp"
#include "sluice/table/session/table_environment.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace sluice::table {

/// The present, UTC microseconds.
std::int64_t present();

/// A job being put together from plans. The session must outlive it.
class job_builder {
public:
  /// `start`: what CURRENT_TIMESTAMP and the like are in the job, UTC microseconds.
  job_builder(const table_environment::session& s, execution_mode mode, std::int64_t start);

  relation_ptr optimized(const relation_ptr& plan) const { return optimize(plan, rules_); }
  class lowering& lowering() { return *lowering_; }

  job_graph graph(const std::string& name);

private:
  sluice::detail::program program_;
  optimizer_context rules_;
  std::optional<class lowering> lowering_;
};

/// The job of INSERTs. REQUIRES: at least one plan.
job_graph insert_job(const table_environment::session& s, const std::vector<relation_ptr>& plans,
                     const std::string& name, std::int64_t start);

} // namespace sluice::table
