/// Runs the statements of scripts and of the shell, and shows what they give.
#pragma once

#include "cluster_session.hpp"

#include "sluice/table/session/table_environment.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace sluice::cli {

enum class run_outcome { succeeded, failed, interrupted };

/// One session of the command.
class sql_runner {
public:
  /// `interactive`: a person types; statements are answered and their failures do not end it.
  explicit sql_runner(bool interactive);

  table::table_environment& tables() noexcept { return tables_; }

  /// From now on, jobs run on a cluster. Errors: as `cluster_session`.
  void use_cluster(cluster::options o, bool detach) {
    cluster_.emplace(std::move(o), tables_, detach);
  }

  /// Runs all statements of a script, up to the first that fails. `file` is how errors call it.
  /// Errors: `coordinator_unreachable` where nobody types; all others are told.
  run_outcome run_script(const std::string& text, std::string_view file);

  /// Runs one statement. `script` is the whole text that positions count in; blanks in front of
  /// `statement` put it at its place there.
  run_outcome run_statement(const std::string& statement, std::string_view file,
                            std::string_view script);

private:
  run_outcome run_on_cluster(const sql::statement& parsed, const std::string& text);
  run_outcome show(table::table_result result, const sql::statement& of);
  run_outcome show_rows(table::table_result& result);
  run_outcome wait_for(table::table_result& result, const std::string& label);
  void say_ok();

  bool interactive_;
  table::table_environment tables_;
  std::optional<cluster_session> cluster_;
};

} // namespace sluice::cli
