#include "benchmark.hpp"
#include "loops.hpp"
#include "programs.hpp"
#include "text.hpp"

namespace bench {

namespace {

constexpr job all[] = {
  {"pipeline", "0..N, map x*2, filter x%3==0, sum; chained", 1, 800'000'000, 1, pipeline_program,
   pipeline_loop},
  {"pipeline_unchained", "the same, each operator its own actor", 1, 150'000'000, 1,
   pipeline_unchained_program, pipeline_loop},
  {"keyed_sum_1k", "running sum per key, 1,000 keys", 2, 150'000'000, 1, keyed_sum_1k_program,
   keyed_sum_1k_loop},
  {"keyed_sum_1m", "running sum per key, 1,000,000 keys", 2, 50'000'000, 1, keyed_sum_1m_program,
   keyed_sum_1m_loop},
  {"tumbling_count", "count per key and event-time window of 100,000 records, 1,000 keys", 2,
   100'000'000, 1, tumbling_count_program, tumbling_count_loop},
  {"word_count", "split lines, running count per word; records are words", 2, 40'000'000,
   words_per_line, word_count_program, word_count_loop},
};

} // namespace

std::span<const job> jobs() { return all; }

} // namespace bench
