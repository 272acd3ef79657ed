/// The jobs as Sluice programs, through the public API only.
#pragma once

#include "benchmark.hpp"

namespace bench {

outcome pipeline_program(std::uint64_t records, std::uint32_t parallelism);
outcome pipeline_unchained_program(std::uint64_t records, std::uint32_t parallelism);
outcome keyed_sum_1k_program(std::uint64_t records, std::uint32_t parallelism);
outcome keyed_sum_1m_program(std::uint64_t records, std::uint32_t parallelism);
outcome tumbling_count_program(std::uint64_t records, std::uint32_t parallelism);
outcome word_count_program(std::uint64_t records, std::uint32_t parallelism);

} // namespace bench
