/// How files are found, cut and read, and how they are written.
#pragma once

#include "sluice/core/time.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace sluice {

struct file_source_options {
  /// Only files whose name (whose path below the directory, if there is a '/' in it) matches, with
  /// *, ? and [] as in a shell. Empty: all.
  std::string glob = {};

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

struct file_sink_options {
  /// Files are named `<prefix>-<uuid>-<subtask>-<counter><suffix>`.
  std::string prefix = "part";
  std::string suffix = {};

  /// Sorts files into directories by the time (UTC) of writing: a pattern of yyyy MM dd HH mm and
  /// other characters, such as "yyyy-MM-dd--HH". Empty: no such directories.
  std::string bucket = {};

  /// A file is finished when it has this size or age (whether records come or not), and at every
  /// checkpoint.
  std::uint64_t max_part_bytes = std::uint64_t{128} << 20;
  duration rollover_interval = std::chrono::minutes(30);

  /// Bytes written at a time, and how many such blocks may wait to be written.
  std::size_t block_bytes = std::size_t{256} << 10;
  std::size_t max_waiting_blocks = 16;
};

} // namespace sluice
