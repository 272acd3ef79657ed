/// Part files on disk: in progress, pending, final.
#pragma once

#include "sluice/connect/file/internal/posix_file.hpp"
#include "sluice/io/sink.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::internal {

/// A complete file that waits for its checkpoint, and the name it gets then.
struct pending_file {
  std::string pending;
  std::string final_name;

  std::string encode() const;
  static pending_file decode(std::string_view data);

  friend bool operator==(const pending_file&, const pending_file&) = default;
};

/// Renames pending files to their final names, durably. Those that have it already are skipped.
///
/// Errors: `io_error` if a file has neither name: data of a complete checkpoint is missing.
void commit_files(const std::vector<std::string>& committables);

/// What a writer of part files leaves in a checkpoint.
struct part_files_state {
  /// Marks of the writers' lines: every in-progress and pending file ends with the mark of its
  /// writer's line. A line goes on from attempt to attempt, and never has two writers at a time,
  /// because every state is handed to one writer only.
  std::vector<std::string> lines;
  std::vector<pending_file> pending;

  std::string encode() const;
  static part_files_state decode(std::string_view data);
};

/// The part files of one writer. Used on the task's blocking strand only; all calls may block.
///
/// A file is named `.<final name>.inprogress.<line>` until it is committed. What an attempt leaves
/// without having reported it in a snapshot belongs to no checkpoint: it is removed by the
/// destructor or, after a crash, by the `restore` of the next attempt, which knows the line.
class part_files {
public:
  struct naming {
    std::string directory;
    std::string prefix;
    std::string suffix;
    std::uint32_t subtask = 0;
    bool buckets = false;
  };

  explicit part_files(naming names);
  ~part_files();

  /// Goes on with the lines of earlier writers, removes what dead attempts left in them.
  void restore(const std::vector<std::string>& states);

  /// Begins a new part in the directory (below it, in `bucket`, unless that is empty).
  void begin(const std::string& bucket);
  void write(std::string_view bytes);

  /// Makes the open part, if there is one, a pending file.
  void finish();

  /// REQUIRES: no open part. Every file not known to be committed is reported, also those of
  /// checkpoints that were given up.
  writer_snapshot snapshot();

  void commit(const std::vector<std::string>& committables);

private:
  void remove_leftovers(const std::string& directory) const;

  naming names_;
  std::string uuid_;
  std::vector<std::string> lines_;
  std::uint64_t counter_ = 0;
  posix_file open_;
  pending_file current_;
  std::vector<pending_file> unreported_;
  std::vector<pending_file> reported_;
};

} // namespace sluice::internal
