/// The yardsticks: each job as one thread of plain C++, as a good engineer would write it by hand.
/// They share the definition of the input with the Sluice programs, and nothing else.
#pragma once

#include "benchmark.hpp"

namespace bench {

outcome pipeline_loop(std::uint64_t records);
outcome keyed_sum_1k_loop(std::uint64_t records);
outcome keyed_sum_1m_loop(std::uint64_t records);
outcome tumbling_count_loop(std::uint64_t records);
outcome word_count_loop(std::uint64_t records);

} // namespace bench
