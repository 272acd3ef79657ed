/// SQL on a cluster: jobs run there, the rest of a session stays here.
#pragma once

#include "coordinator_link.hpp"

#include "sluice/table/session/table_environment.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::cli {

enum class remote_end { finished, failed, interrupted, left_alone };

/// `created`: tells it from a job of that number in another run of the coordinator.
struct submitted_job {
  std::uint64_t id = 0;
  std::int64_t created = 0;
};

/// A session whose jobs are a coordinator's. One thread.
class cluster_session {
public:
  /// `tables` must outlive it, and be set up before the first statement. `detach`: do not wait for
  /// the end of jobs.
  cluster_session(cluster::options o, table::table_environment& tables, bool detach);

  /// Whether a statement is for the cluster. A query is, and `run` refuses it.
  static bool takes(const sql::statement& statement);

  /// Later jobs need this statement, which this process has run.
  void remember(const sql::statement& statement, std::string_view text);

  /// Submits the job of a statement and waits for its end; Ctrl-C cancels it. Errors: as
  /// `plan_statement` and `coordinator_link`; `state_error` with the coordinator's words.
  remote_end run(const sql::statement& statement, std::string_view text);

private:
  remote_end wait_for(submitted_job job);
  void cancel(std::uint64_t job);

  coordinator_link coordinator_;
  table::table_environment& tables_;
  bool detach_;
  bool begun_ = false;
  std::map<std::string, std::string> settings_; ///< when the session began
  std::vector<std::string> statements_;
};

} // namespace sluice::cli
