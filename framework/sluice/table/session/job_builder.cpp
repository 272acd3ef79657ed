#include "sluice/table/session/job_builder.hpp"

#include <algorithm>
#include <chrono>

namespace sluice::table {

std::int64_t present() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
           std::chrono::system_clock::now().time_since_epoch())
    .count();
}

job_builder::job_builder(const table_environment::session& s, execution_mode mode,
                         std::int64_t start)
  : program_(*s.streams.program()) {
  program_.mark_executed();
  program_.graph.config = s.config.job(program_.graph.config);
  program_.graph.config.mode = mode;
  auto settings = s.config.lowering(mode, program_.graph.config.parallelism, start);
  rules_ = {mode, {settings.operators.zone, start, min_timestamp}};
  lowering_.emplace(program_, s.functions, std::move(settings));
}

job_graph job_builder::graph(const std::string& name) {
  auto g = program_.pending();
  if (g.config.name == job_config().name) g.config.name = name;
  return make_job_graph(g);
}

job_graph insert_job(const table_environment::session& s, const std::vector<relation_ptr>& plans,
                     const std::string& name, std::int64_t start) {
  auto unbounded = std::any_of(plans.begin(), plans.end(), [&](const relation_ptr& p) {
    return s.mode_of(p) == execution_mode::streaming;
  });
  job_builder job(s, unbounded ? execution_mode::streaming : execution_mode::batch, start);
  for (const auto& p : plans) job.lowering().add_sink(job.optimized(p));
  return job.graph(name);
}

} // namespace sluice::table
