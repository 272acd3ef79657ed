#include "input.hpp"
#include "programs.hpp"
#include "stopwatch.hpp"
#include "totals.hpp"

#include "sluice/api/environment.hpp"
#include "sluice/api/keyed_stream.hpp"

namespace bench {

namespace {

template <std::uint64_t Keys>
outcome keyed_sum(std::uint64_t records, std::uint32_t parallelism) {
  sluice::stream_environment env;
  env.set_parallelism(parallelism);
  auto sums = std::make_shared<totals>();
  env.from_generator([](std::uint64_t n) { return make_event(n, Keys, 1); }, {.count = records})
    .key_by(&event::key)
    .sum(&event::value)
    .add_sink(add_up<event>(sums, &event::value));
  stopwatch time;
  env.execute("keyed sum");
  return sums->result(time);
}

} // namespace

outcome keyed_sum_1k_program(std::uint64_t records, std::uint32_t parallelism) {
  return keyed_sum<1'000>(records, parallelism);
}

outcome keyed_sum_1m_program(std::uint64_t records, std::uint32_t parallelism) {
  return keyed_sum<1'000'000>(records, parallelism);
}

} // namespace bench
