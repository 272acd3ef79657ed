/// What the demos show on a terminal: a progress bar and a table.
#pragma once

#include "sluice/plan/job_handle.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace terminal {

/// Waits for `job`. Meanwhile, if standard error is a terminal, a bar there shows how far it is.
/// Errors: as `job_handle::wait`.
void wait_with_progress(sluice::job_handle job, const std::string& label, std::uint64_t total,
                        const std::function<std::uint64_t(const sluice::job_metrics&)>& done);

/// Sum of the counters of this name, which connectors keep.
std::uint64_t counted(const sluice::job_metrics& metrics, const std::string& counter);

/// Bytes that the job's file sources have read.
std::uint64_t bytes_read(const sluice::job_metrics& metrics);

/// Records that tasks have sent to other tasks.
std::uint64_t records_sent(const sluice::job_metrics& metrics);

/// Prints a table with lines around its cells: the first row is the header, the first column text,
/// the others numbers.
void print_table(const std::vector<std::vector<std::string>>& rows);

} // namespace terminal
