/// Checkpoints on disk: state files of tasks, and the manifest that makes them a checkpoint.
///
/// A checkpoint is a folder `chk-<id>` (`savepoint-<id>-<random>` for savepoints) with one file per
/// task and a `manifest`, written last and put in place by an atomic rename. A folder without a
/// manifest is not a checkpoint. Everything carries a checksum (XXH3-64).
#pragma once

#include "sluice/io/source.hpp"
#include "sluice/runtime/messages.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace sluice::runtime {

/// Of state files and manifests; a file of another version is refused.
inline constexpr std::uint32_t checkpoint_format_version = 2;

/// What a checkpoint consists of.
struct manifest {
  struct task {
    std::vector<std::string> uids; ///< operators of the chain
    std::vector<std::string> names;
    std::uint32_t subtask = 0;
    std::uint32_t parallelism = 1;
    std::string file; ///< empty: no state
    std::uint64_t bytes = 0;
    std::uint64_t checksum = 0;
    bool finished = false;             ///< had handled all its input before the checkpoint
    std::uint64_t in_flight_bytes = 0; ///< of the file: elements that barriers overtook
  };
  /// An edge with elements that barriers overtook.
  struct in_flight_edge {
    std::string key; ///< see `edge_keys`
    std::string description;
    std::string from_uid;
    std::string to_uid;
    std::string how; ///< partitioning
    std::string schema;
    std::uint32_t from_parallelism = 1;
    std::uint32_t to_parallelism = 1;
  };
  struct source {
    std::string uid;
    std::vector<std::string> known; ///< ids of all splits found so far
    std::vector<std::string> ids;   ///< splits that are not read to their end ...
    std::vector<std::string> data;  ///< ... and their positions
  };
  struct output {
    std::string uid;
    std::vector<std::string> committables; ///< of tasks that had finished
  };

  std::string job_name;
  std::uint64_t id = 0;
  bool savepoint = false;
  bool job_finished = false;
  std::int64_t created = 0;                   ///< microseconds since the epoch
  std::vector<std::string> uids;              ///< of all operators
  std::vector<std::uint32_t> max_parallelism; ///< of each
  std::vector<task> tasks;
  std::vector<source> sources;
  std::vector<output> outputs;
  std::vector<in_flight_edge> in_flight;
};

/// All functions block. Errors: `io_error`, `state_error`.
namespace snapshot_store {

/// Makes the folder of checkpoint `id` and returns its path.
std::string create(const std::string& directory, std::uint64_t id, bool savepoint);

/// Writes and renames the manifest: the checkpoint is complete after this, and not before.
void commit(const std::string& path, const manifest& m);

/// Reads and checks the manifest of the checkpoint at `path`, and that its files are there.
manifest load(const std::string& path);

/// Removes a checkpoint; the manifest goes first, so that no half of one remains.
void remove(const std::string& path) noexcept;

/// Paths of the complete checkpoints in `directory`, newest first.
std::vector<std::string> list(const std::string& directory);

/// Greatest checkpoint number ever used in `directory`; 0 if none.
std::uint64_t last_id(const std::string& directory);

} // namespace snapshot_store

} // namespace sluice::runtime
