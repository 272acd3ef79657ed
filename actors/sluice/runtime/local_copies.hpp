/// Local recovery: a worker's own copies of what its tasks wrote into checkpoints, read instead of
/// the shared directory when a task comes back to the same machine (Flink: local recovery).
#pragma once

#include "sluice/runtime/messages.hpp"
#include "sluice/runtime/snapshot_store.hpp"

#include <memory>
#include <string>

namespace sluice::runtime {

class state_file_reader;

/// Copies of one job's state files in one directory. They are a convenience: what cannot be copied
/// or read is warned of, and the checkpoint's own file counts.
///
/// Thread safety: all methods from any thread. They block.
class local_copies {
public:
  explicit local_copies(std::string directory) : directory_(std::move(directory)) {}

  /// Copies `file` of the checkpoint at `path`, and drops the copies of older checkpoints but one.
  void keep(checkpoint_id id, const std::string& path, const std::string& file) const;

  /// The copy of a task's file, if there is one and it is what was written; else null.
  std::unique_ptr<state_file_reader> find(checkpoint_id id, const manifest::task& t) const;

  /// The job has ended.
  void remove() const;

private:
  std::string folder_of(checkpoint_id id) const;

  std::string directory_;
};

} // namespace sluice::runtime
