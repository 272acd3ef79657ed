#include "programs.hpp"
#include "stopwatch.hpp"
#include "totals.hpp"

#include "sluice/api/environment.hpp"
#include "sluice/api/keyed_stream.hpp"

namespace bench {

namespace {

outcome run_pipeline(sluice::stream_environment env, std::uint64_t records) {
  auto sums = std::make_shared<totals>();
  env
    .from_generator([](std::uint64_t n) { return static_cast<std::int64_t>(n); },
                    {.count = records})
    .map([](std::int64_t x) { return x * 2; })
    .filter([](std::int64_t x) { return x % 3 == 0; })
    .add_sink(add_up<std::int64_t>(sums, std::identity{}));
  stopwatch time;
  env.execute("pipeline");
  return sums->result(time);
}

} // namespace

outcome pipeline_program(std::uint64_t records, std::uint32_t parallelism) {
  sluice::stream_environment env;
  env.set_parallelism(parallelism);
  return run_pipeline(env, records);
}

outcome pipeline_unchained_program(std::uint64_t records, std::uint32_t parallelism) {
  sluice::stream_environment env;
  env.set_parallelism(parallelism).disable_operator_chaining();
  return run_pipeline(env, records);
}

} // namespace bench
