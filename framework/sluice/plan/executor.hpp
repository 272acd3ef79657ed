/// The seam between a plan and what runs it.
#pragma once

#include "sluice/plan/job_graph.hpp"
#include "sluice/plan/job_handle.hpp"

#include <memory>

namespace sluice {

/// Runs job graphs. Thread safety: `submit` from any thread.
class executor {
public:
  virtual ~executor() = default;

  /// Starts the job and returns at once. Errors: `plan_error`, `state_error` for a snapshot that
  /// does not fit.
  virtual std::shared_ptr<job_control> submit(job_graph graph) = 0;
};

/// The executor of this process: one runtime, started at its first use. Defined by the runtime's
/// library, so programs link it (`sluice::sluice` does).
executor& default_executor();

} // namespace sluice
