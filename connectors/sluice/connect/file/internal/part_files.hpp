/// Part files on disk: in progress, pending, final.
#pragma once

#include "sluice/connect/file/file_options.hpp"
#include "sluice/connect/file/internal/posix_file.hpp"
#include "sluice/io/sink.hpp"

#include <cstdint>
#include <map>
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

/// What is done besides renaming when files are committed.
struct commit_extras {
  /// Files without it in their names are removed from the directories that get files; a committable
  /// without a pending file stands for such a directory. Empty: nothing is removed.
  std::string keep_only = {};
  /// Made in the directories of the files, but not in `base`. Empty: none.
  std::string success_file = {};
  std::string base = {};
};

/// Renames pending files to their final names, durably. Those that have it already are skipped.
///
/// Errors: `io_error` if a file has neither name: data of a complete checkpoint is missing.
void commit_files(const std::vector<std::string>& committables, const commit_extras& extras = {});

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
    part_names names = part_names::counted;
    std::string uuid = {}; ///< empty: one of its own
    commit_extras extras = {};
  };

  explicit part_files(naming names);
  ~part_files();

  /// Goes on with the lines of earlier writers, removes what dead attempts left in them.
  void restore(const std::vector<std::string>& states);

  /// Begins a new part in the directory (below it, in `bucket`, unless that is empty). REQUIRES: no
  /// other part of that bucket is open.
  void begin(const std::string& bucket);
  /// REQUIRES: a part of the bucket is open; also of `finish`.
  void write(const std::string& bucket, std::string_view bytes);

  /// Makes the open part of a bucket a pending file.
  void finish(const std::string& bucket);

  /// Has the directory emptied by the commit even if no file gets there. REQUIRES: `keep_only`.
  void replace_directory();

  /// REQUIRES: no open part. Every file not known to be committed is reported, also those of
  /// checkpoints that were given up.
  writer_snapshot snapshot();

  void commit(const std::vector<std::string>& committables);

private:
  struct open_part {
    posix_file file;
    pending_file names;
  };

  void remove_leftovers(const std::string& directory) const;
  void skip_used_names(const std::string& directory);

  naming names_;
  std::string uuid_;
  std::vector<std::string> lines_;
  std::uint64_t counter_ = 0;
  std::map<std::string, open_part> open_; // by bucket
  std::vector<pending_file> unreported_;
  std::vector<pending_file> reported_;
};

} // namespace sluice::internal
