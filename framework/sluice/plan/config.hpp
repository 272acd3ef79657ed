/// Settings of a job: how it runs, checkpoints and recovers.
#pragma once

#include "sluice/core/key_group.hpp"
#include "sluice/core/time.hpp"
#include "sluice/ops/operator.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>

namespace sluice {

enum class checkpointing_mode : std::uint8_t {
  exactly_once,  ///< barriers are aligned
  at_least_once, ///< no input is held for a barrier: records may be counted twice after a failure
};

/// Periodic checkpoints. Off unless an interval is set.
struct checkpoint_config {
  std::optional<duration> interval;
  /// Where checkpoints go. Required with an interval.
  std::string directory;
  checkpointing_mode mode = checkpointing_mode::exactly_once;
  /// Once a checkpoint has been under way for this long, its barriers overtake the records in their
  /// way, which become part of the checkpoint (unaligned). 0: they never do, unless `unaligned`.
  /// Only with exactly_once. Savepoints are always aligned.
  duration aligned_checkpoint_timeout{0};
  /// Barriers overtake: at once, or after `aligned_checkpoint_timeout` if there is one.
  bool unaligned = false;
  /// A checkpoint that takes longer is given up.
  duration timeout = std::chrono::minutes(10);
  /// Least time between the end of one and the start of the next.
  duration min_pause{0};
  /// How many checkpoints in a row may fail before the job does. Nothing: any number.
  std::optional<std::uint32_t> tolerable_failures = 0;
  /// How many complete checkpoints are kept; more than one lets a torn one be survived.
  std::uint32_t num_retained = 2;
  /// Keep checkpoints when the job ends by cancellation or success (they are always kept after a
  /// failure).
  bool externalized = false;
};

/// Whether a checkpoint may hold records that were on their way.
inline bool may_be_unaligned(const checkpoint_config& c) noexcept {
  return c.unaligned || c.aligned_checkpoint_timeout.count() > 0;
}

struct no_restart {};

struct fixed_delay_restart {
  std::uint32_t attempts = 3;
  duration delay = std::chrono::seconds(1);
};

struct exponential_delay_restart {
  duration initial = std::chrono::seconds(1);
  duration maximum = std::chrono::minutes(1);
  double multiplier = 1.5;
  /// Running this long without a failure starts again from `initial`.
  duration reset_after = std::chrono::hours(1);
};

struct failure_rate_restart {
  std::uint32_t max_failures = 1;
  duration interval = std::chrono::minutes(1);
  duration delay = std::chrono::seconds(1);
};

/// What happens after a failure. Default: restart (exponential delay) if checkpointing, else fail.
using restart_strategy
  = std::variant<no_restart, fixed_delay_restart, exponential_delay_restart, failure_rate_restart>;

/// Batch mode's memory limit per subtask of a keyed operator, in bytes, unless another is set.
inline constexpr std::size_t default_batch_memory_limit = 256 * 1024 * 1024;

/// All settings of one job.
struct job_config {
  std::string name = "sluice job";
  std::uint32_t parallelism = 1;
  std::uint32_t max_parallelism = default_max_parallelism;
  execution_mode mode = execution_mode::streaming;
  bool chaining = true;
  duration buffer_timeout = std::chrono::milliseconds(5);
  /// What may be under way to a task is worth about this time of its work; a fast one gets the
  /// whole window of 8 batches per channel. 0: everyone has the whole window.
  duration buffer_debloat_target = std::chrono::seconds(1);
  checkpoint_config checkpoints;
  std::optional<restart_strategy> restart;
  /// A checkpoint or savepoint to start from: its directory, or "latest" of the checkpoint
  /// directory.
  std::optional<std::string> restore_from;
  /// Drop state in the snapshot that the program has no operator for.
  bool allow_leftover_state = false;
  /// Where data goes that does not fit into the memory limits below. The files are never seen by
  /// name and are gone with the job, however it ends. Empty: the system's temporary directory
  /// (TMPDIR).
  std::string temp_directory;
  /// Bytes of records that wait at the head of a feedback loop in memory, per subtask; more go to
  /// disk.
  std::size_t feedback_memory_limit = 32 * 1024 * 1024;
  /// Batch mode: bytes of state that a subtask of a keyed operator keeps in memory; with more, the
  /// state and the input that follows go to disk, to be handled a range of keys at a time. Nothing:
  /// `default_batch_memory_limit`, or no limit if checkpointing is on (a checkpoint covers no
  /// spilled input).
  std::optional<std::size_t> batch_memory_limit;
  /// Whether somebody waits for the job and gets its failure as an exception. If not, the log is
  /// where it is seen, as an error.
  bool caller_waits = false;
};

} // namespace sluice
