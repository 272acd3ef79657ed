/// What SET sets: the configuration of a session, with Flink's keys.
#pragma once

#include "sluice/plan/config.hpp"
#include "sluice/table/connect/options.hpp"
#include "sluice/table/lower/lowering.hpp"

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::table {

/// How a client shows results.
enum class result_mode : std::uint8_t {
  tableau,   ///< rows as they come
  table,     ///< the present rows, drawn anew as they change
  changelog, ///< changes as they come
};

/// Options of a session. Keys that do nothing here are refused by name; a few that only tune Flink
/// are taken with a note (see `note_on`). Not thread-safe.
class session_config {
public:
  session_config();

  /// Errors: `plan_error` for an unknown key ("did you mean") or a value of the wrong type.
  void set(const std::string& key, const std::string& value);
  void reset(const std::string& key);
  void reset_all();

  /// What was set, sorted by key.
  const std::map<std::string, std::string>& values() const noexcept { return given_; }

  /// What a user should know of a key that has no effect here, or nothing.
  static std::optional<std::string> note_on(std::string_view key);

  /// All keys, for completion and the documents.
  static std::span<const option_definition> definitions();

  // What the options mean.
  execution_mode mode() const;
  time_zone zone() const;
  result_mode results() const;
  bool dml_sync() const;
  /// Display width from which texts are cut.
  std::size_t max_column_width() const;
  /// Settings of a job; what the session does not say stays as in `base`.
  job_config job(job_config base) const;
  /// `query_start`: the present, UTC microseconds.
  lowering_settings lowering(execution_mode mode, std::uint32_t parallelism,
                             std::int64_t query_start) const;

private:
  const table_options& options() const noexcept { return checked_; }
  void check();

  std::map<std::string, std::string> given_;
  table_options checked_;
};

} // namespace sluice::table
