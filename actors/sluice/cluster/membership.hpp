/// Which workers there are and who uses their slots. Plain logic, no actor.
#pragma once

#include "sluice/runtime/interfaces.hpp"

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace sluice::cluster {

using runtime::job_host;
using time_point = std::chrono::steady_clock::time_point;

/// Workers, their slots, and the jobs that wait for some. Owner: the coordinator actor.
class membership {
public:
  struct worker {
    job_host host;
    std::uint32_t slots = 0;
    std::map<std::uint64_t, std::uint32_t> used; ///< by job
    time_point last_seen;

    std::uint32_t free() const noexcept;
  };

  std::uint64_t add(job_host host, std::uint32_t slots, time_point now);
  void remove(std::uint64_t id) { workers_.erase(id); }

  /// False: there is no such worker.
  bool seen(std::uint64_t id, time_point now);
  std::vector<std::uint64_t> silent_since(time_point t) const;

  const std::map<std::uint64_t, worker>& workers() const noexcept { return workers_; }
  std::uint32_t free_slots() const noexcept;
  std::uint32_t all_slots() const noexcept;

  // -- slots
  // ---------------------------------------------------------------------------------------

  /// A job wants slots: it gets in line. It replaces an earlier wish of the same job.
  void request(runtime::slot_request_msg wish);

  /// The job needs nothing any more: neither slots nor a place in the line.
  void release(std::uint64_t job);

  struct grant {
    runtime::job_actor to;
    runtime::slots_granted_msg slots;
  };

  /// The next wish that can be granted. Those behind one that cannot are tried, too: a wide job
  /// does not keep narrow ones from running.
  std::optional<grant> next_grant();

  /// Slots that a job waits for; nothing: it does not wait.
  std::optional<std::uint32_t> waiting(std::uint64_t job) const;

private:
  std::map<std::uint64_t, worker> workers_;
  std::uint64_t last_worker_ = 0;
  std::deque<runtime::slot_request_msg> line_;
};

} // namespace sluice::cluster
