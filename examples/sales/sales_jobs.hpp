/// The three jobs of the sales demo. Each is started here and waited for by its caller.
#pragma once

#include "sluice/sluice.hpp"

#include <cstdint>
#include <string>

namespace sales {

struct category_sales {
  std::string category;
  double total = 0;
};

/// Writes a CSV with every fault that real ones have. The same seed makes the same file.
sluice::job_handle start_generate(const std::string& to, std::uint64_t num_rows,
                                  std::uint64_t seed);

/// Reads the dirty file; writes the rows worth counting, with their numbers repaired.
sluice::job_handle start_clean(const std::string& from, const std::string& to,
                               std::uint32_t parallelism);

/// Adds up what was sold in each category of the clean file.
sluice::result_range<category_sales> start_summarise(const std::string& from,
                                                     std::uint32_t parallelism);

} // namespace sales
