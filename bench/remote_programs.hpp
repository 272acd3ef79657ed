/// Jobs of the remote suites: the same program in all processes.
#pragma once

#include "sluice/api/environment.hpp"

#include <cstdint>
#include <string>

namespace bench {

/// A record of 24 bytes from one process to another.
sluice::stream_environment remote_pipeline_program(std::uint64_t records, bool two_slots);

/// The job of keyed_sum_1k: all-to-all between two subtasks.
sluice::stream_environment remote_keyed_sum_program(std::uint64_t records);

/// `rate` records per second through four operators, each in another process than the one before.
/// What has arrived is written to the file that SLUICE_BENCH_FILE names.
sluice::stream_environment remote_latency_program(std::uint64_t records, std::uint64_t rate);

/// What remote_latency_program writes, for each record.
struct remote_arrival {
  std::uint64_t number;
  std::int64_t emitted_ns; ///< both of the steady clock, which processes of a machine share
  std::int64_t arrived_ns;
};

/// Counts per key with a kilobyte of state for each of `keys` keys, without end. Checkpoints go to
/// the directory that SLUICE_BENCH_DIRECTORY names; the steady clock's nanoseconds at the first
/// output of each attempt, to the file of SLUICE_BENCH_FILE.
sluice::stream_environment remote_recovery_program(std::uint64_t keys);

std::int64_t steady_ns();

/// What a worker of `sluice-bench internal-remote-job "KIND RECORDS"` does.
void run_remote_job(const std::string& what);

} // namespace bench
