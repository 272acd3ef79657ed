/// The coordinator's memory: its jobs, on disk.
///
/// A directory with one file per job, replaced by atomic renames, and a lease: a file that the
/// process that owns the directory keeps locked. A lock goes with its process, so a coordinator
/// that was killed leaves none, and one that hangs keeps others out.
#pragma once

#include "sluice/plan/job_handle.hpp"
#include "sluice/runtime/checkpoint_storage.hpp"
#include "sluice/runtime/cluster_messages.hpp"

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace sluice::cluster {

/// What is known of a job.
struct job_record {
  std::uint64_t id = 0;
  std::string name;
  runtime::program_ref program;
  std::string fingerprint;
  std::uint32_t rescaled_to = 0;
  job_status status = job_status::created;
  std::string error; ///< why it failed
  std::int64_t created = 0;
  std::uint64_t runtime_us = 0;
  std::uint32_t num_restarts = 0;
  std::vector<std::string> checkpoints; ///< complete ones, oldest first

  bool ended() const noexcept {
    return status == job_status::finished || status == job_status::cancelled
           || status == job_status::failed;
  }
};

/// Thread safety: all methods from any thread.
class job_store {
public:
  /// With an empty directory, nothing outlives the process. Errors: `io_error`; `state_error` if
  /// another coordinator has the directory, or a record cannot be read.
  explicit job_store(std::string directory);
  job_store(const job_store&) = delete;
  job_store& operator=(const job_store&) = delete;

  std::vector<job_record> jobs() const;
  std::optional<job_record> find(std::uint64_t id) const;

  /// Gives a new job its number and keeps it. Errors: `io_error`.
  job_record add(job_record record);

  /// Changes a record by `change`, durably. Errors: `io_error`; `state_error` if there is none.
  template <class Change>
  void update(std::uint64_t id, Change&& change) {
    std::lock_guard lock(mutex_);
    auto& r = record(id);
    auto changed = r;
    change(changed);
    write(changed);
    r = std::move(changed);
  }

private:
  void load();
  void write(const job_record& r) const;
  job_record& record(std::uint64_t id);

  std::string directory_;
  std::unique_ptr<runtime::storage_lease> lease_;
  mutable std::mutex mutex_;
  std::vector<job_record> records_; // GUARDED_BY(mutex_)
};

} // namespace sluice::cluster
