/// What two processes compare before one makes tasks for the other.
#pragma once

#include "sluice/plan/job_graph.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace sluice {

/// Describes, a line each, all that must be the same in the processes of a job: the version of
/// Sluice, operators, types and their encodings, chains and edges. Settings that only the process
/// that supervises the job looks at are left out.
std::string fingerprint(const job_graph& graph);

/// Nothing if the fingerprints are equal; else the first line in which they differ, for people.
std::optional<std::string> fingerprint_difference(std::string_view expected,
                                                  std::string_view found);

} // namespace sluice
