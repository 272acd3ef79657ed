/// How files are found, cut and read, and how they are written.
#pragma once

#include "sluice/core/batch.hpp"
#include "sluice/core/time.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace sluice {

struct file_source_options {
  /// Only files whose name (whose path below the directory, if there is a '/' in it) matches, with
  /// *, ? and [] as in a shell. Empty: all.
  std::string glob = {};

  /// Only files whose absolute path matches as a whole, a regular expression (ECMAScript). Empty:
  /// all.
  std::string regex = {};

  /// Only files for whose path it is true. Called by one thread at a time. Empty: all.
  std::function<bool(const std::string& path)> select = {};

  /// Whether directories in the directory are read too.
  bool recursive = true;

  /// Looks for new files this often, for ever. A file is read once: write it elsewhere (or under a
  /// name that starts with '.' or '_') and move it in. Nothing: what is there at the start.
  std::optional<duration> monitor_interval = std::nullopt;

  /// Bigger files are cut into splits of about this size, which readers share.
  std::uint64_t split_bytes = std::uint64_t{32} << 20;

  /// Bytes read at a time. Two such blocks are in memory for every reader.
  std::size_t block_bytes = std::size_t{1} << 20;
};

/// How part files are called.
enum class part_names : std::uint8_t {
  counted, ///< `<prefix>-<uuid>-<subtask>-<counter><suffix>`
  by_task, ///< `<prefix>-<uuid>-task-<subtask>-file-<counter><suffix>`
};

/// Sorts the records of a sink into directories below its own. Used by one writer.
class file_bucketer {
public:
  virtual ~file_bucketer() = default;

  /// The number of each record's directory. Numbers stay the same for the life of the object.
  virtual void assign(const batch& records, std::vector<std::uint32_t>& buckets) = 0;

  /// The path of a directory below the sink's, without '/' at its ends.
  virtual const std::string& name_of(std::uint32_t bucket) const = 0;
};

struct file_sink_options {
  /// Files are named as `names` tells. Other files of the directory are left alone.
  std::string prefix = "part";
  std::string suffix = {};
  part_names names = part_names::counted;

  /// The uuid in the names of the files of all writers; empty: each writer has one of its own.
  std::string uuid = {};

  /// For bounded jobs: whether the files that were there before are removed when the job has
  /// ended, in directories that get files (without `bucketer`: in any case). Needs `uuid`.
  bool overwrite = false;

  /// Makes what sorts records into directories, one for each writer. Not together with `bucket`.
  std::function<std::unique_ptr<file_bucketer>()> bucketer = {};

  /// An empty file that says that files of a directory are complete; made at every commit in
  /// directories that `bucketer` names. Empty: none.
  std::string success_file = {};

  /// Sorts files into directories by the time (UTC) of writing: a pattern of yyyy MM dd HH mm and
  /// other characters, such as "yyyy-MM-dd--HH". Empty: no such directories.
  std::string bucket = {};

  /// A file is finished when it has this size or age (whether records come or not), and at every
  /// checkpoint.
  std::uint64_t max_part_bytes = std::uint64_t{128} << 20;
  duration rollover_interval = std::chrono::minutes(30);

  /// How often to look whether a file is that old; zero: at the moment when it is.
  duration check_interval = duration::zero();

  /// Bytes written at a time, and how many such blocks may wait to be written.
  std::size_t block_bytes = std::size_t{256} << 10;
  std::size_t max_waiting_blocks = 16;
};

} // namespace sluice
