/// Thousands of random programs, message order chosen by a seed: the result must be that of a
/// sequential evaluation, with and without chaining; and a job can be cancelled at any moment.
#include "support/actor_fixture.hpp"
#include "support/random_program.hpp"
#include "support/temporary_directory.hpp"

#include <boost/test/unit_test.hpp>

#include <cstdlib>
#include <random>

namespace sluice::testing {

BOOST_AUTO_TEST_SUITE(random_graphs)

namespace {

/// SLUICE_SEED runs a single seed again; SLUICE_RANDOM_PROGRAMS sets how many are tried.
std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
  auto* text = std::getenv(name);
  return text ? std::strtoull(text, nullptr, 10) : otherwise;
}

std::pair<std::uint64_t, std::uint64_t> seeds(std::uint64_t count) {
  if (auto* one = std::getenv("SLUICE_SEED")) {
    auto seed = std::strtoull(one, nullptr, 10);
    return {seed, seed + 1};
  }
  return {1, 1 + from_environment("SLUICE_RANDOM_PROGRAMS", count)};
}

/// Returns how many bytes went to disk, by what has spilled them.
std::pair<std::uint64_t, std::uint64_t> check_program(std::uint64_t seed, bool chaining,
                                                      bool tiny_memory) {
  std::pair<std::uint64_t, std::uint64_t> spilled; // of loops, of keyed operators
  BOOST_TEST_CONTEXT("seed " << seed << (chaining ? " chained" : " unchained")) {
    auto program = make_random_program(seed, {chaining, false, tiny_memory});
    stepped_runtime runtime(seed);
    auto job = runtime.submit(make_job_graph(program.env.program()->pending()));
    runtime.run_to_end(*job);
    BOOST_REQUIRE(job->wait_until({}).has_value());
    BOOST_TEST((sorted(program.results->per_sink) == program.expected));
    BOOST_TEST(runtime.num_actors() == 0u);
    for (auto& t : job->metrics().tasks)
      if (auto at = t.counters.find("spilled_bytes"); at != t.counters.end())
        (t.task.starts_with("iterate") ? spilled.first : spilled.second) += at->second;
  }
  return spilled;
}

} // namespace

BOOST_AUTO_TEST_CASE(a_random_program_gives_the_result_of_a_sequential_evaluation) {
  auto [first, last] = seeds(1500);
  for (auto seed = first; seed < last; ++seed) {
    check_program(seed, true, false);
    check_program(seed, false, false);
  }
}

BOOST_AUTO_TEST_CASE(a_random_program_with_hardly_any_memory_gives_the_same_result) {
  auto [first, last] = seeds(500);
  std::uint64_t loops = 0;
  std::uint64_t keyed = 0;
  for (auto seed = first; seed < last; ++seed) {
    auto spilled = check_program(seed, seed % 2 == 0, true);
    loops += spilled.first > 0;
    keyed += spilled.second > 0;
  }
  if (last - first < 100) return;
  BOOST_TEST(loops > (last - first) / 20);
  BOOST_TEST(keyed > (last - first) / 20);
}

BOOST_AUTO_TEST_CASE(a_random_program_can_be_cancelled_at_any_moment) {
  auto [first, last] = seeds(500);
  for (auto seed = first; seed < last; ++seed) {
    BOOST_TEST_CONTEXT("seed " << seed) {
      auto program = make_random_program(seed, {seed % 2 == 0, false, seed % 3 == 0});
      stepped_runtime runtime(seed);
      auto job = runtime.submit(make_job_graph(program.env.program()->pending()));
      runtime.run(static_cast<std::size_t>(seed * 7919 % 3000));
      job->cancel();
      runtime.run_to_end(*job);
      try {
        BOOST_TEST(job->wait_until({}).has_value()); // it had ended before
      } catch (const job_cancelled&) {
        BOOST_TEST((job->status() == job_status::cancelled));
      }
      BOOST_TEST(runtime.num_actors() == 0u);
    }
  }
}

BOOST_AUTO_TEST_CASE(every_record_counts_once_whatever_fails_and_whenever) {
  auto [first, last] = seeds(600);
  temporary_directory directory;
  for (auto seed = first; seed < last; ++seed) {
    BOOST_TEST_CONTEXT("seed " << seed) {
      auto program = make_random_program(seed, {seed % 2 == 0, true, seed % 3 == 0});
      program.fuse->explosions_left = static_cast<int>(seed % 4);
      program.fuse->records_left = static_cast<std::int64_t>(seed * 31 % 400);
      auto& env = program.env;
      env.enable_checkpointing(std::chrono::milliseconds(20),
                               directory.path() + "/" + std::to_string(seed));
      env.checkpoint_settings().tolerable_failures = std::nullopt;
      env.set_restart_strategy(fixed_delay_restart{10, std::chrono::milliseconds(5)});
      stepped_runtime runtime(seed);
      auto job_of_seed = make_job_graph(env.program()->pending());
      auto job = runtime.submit(job_of_seed);
      runtime.run_to_end(*job, 1 + static_cast<int>(seed % 60));
      BOOST_REQUIRE(job->wait_until({}).has_value());
      std::vector<std::vector<std::int64_t>> results;
      for (auto& c : program.committed) results.push_back(c->all());
      BOOST_TEST_INFO(explain(job_of_seed));
      for (std::size_t i = 0; i < results.size(); ++i)
        BOOST_TEST_INFO("sink " << i << " got " << results[i].size() << " records, expected "
                                << program.expected[i].size());
      BOOST_TEST((sorted(results) == program.expected));
      BOOST_TEST(runtime.num_actors() == 0u);
    }
  }
}

namespace {

/// Runs a program of failing operators, whose records take time, to its end or first failure.
/// Returns whether it ended well; adds to `in_flight` what its last checkpoint found in queues.
bool run_unaligned(random_program& program, std::uint64_t seed, const std::string& directory,
                   restart_strategy restart, std::uint64_t& in_flight) {
  auto& env = program.env;
  env.enable_checkpointing(std::chrono::milliseconds(20), directory);
  env.checkpoint_settings().tolerable_failures = std::nullopt;
  env.checkpoint_settings().externalized = true;
  if (seed % 11 == 0) env.checkpoint_settings().timeout = std::chrono::milliseconds(15);
  env.enable_unaligned_checkpoints(std::chrono::milliseconds(seed % 3 == 0 ? 0 : seed % 40));
  env.restore_from("latest");
  env.set_restart_strategy(restart);
  stepped_runtime runtime(seed);
  std::mt19937_64 random(seed);
  program.fuse->work = [&] {
    if (random() % 16 == 0) runtime.take_time(std::chrono::microseconds(random() % 4000));
  };
  auto graph = make_job_graph(env.program()->pending());
  BOOST_TEST_INFO_SCOPE(explain(graph));
  auto job = runtime.submit(std::move(graph));
  runtime.run_to_end(*job, 1 + static_cast<int>(seed % 60));
  program.fuse->work = nullptr;
  in_flight += job->metrics().checkpoints.last_persisted_in_flight_bytes;
  BOOST_TEST(runtime.num_actors() == 0u);
  try {
    return job->wait_until({}).has_value();
  } catch (const job_error& e) {
    BOOST_REQUIRE_MESSAGE(std::string(e.what()).find("boom") != std::string::npos, e.what());
    return false;
  }
}

void check_results(const random_program& program) {
  std::vector<std::vector<std::int64_t>> results;
  for (auto& c : program.committed) results.push_back(c->all());
  BOOST_TEST((sorted(results) == program.expected));
}

} // namespace

BOOST_AUTO_TEST_CASE(every_record_counts_once_when_barriers_overtake) {
  auto [first, last] = seeds(600);
  temporary_directory directory;
  std::uint64_t in_flight = 0;
  for (auto seed = first; seed < last; ++seed) {
    BOOST_TEST_CONTEXT("seed " << seed) {
      auto program = make_random_program(seed, {seed % 2 == 0, true, seed % 3 == 0});
      program.fuse->explosions_left = static_cast<int>(seed % 4);
      program.fuse->records_left = static_cast<std::int64_t>(seed * 31 % 400);
      BOOST_REQUIRE(run_unaligned(program, seed, directory.path() + "/" + std::to_string(seed),
                                  fixed_delay_restart{10, std::chrono::milliseconds(5)},
                                  in_flight));
      check_results(program);
    }
  }
  if (last - first > 100) BOOST_TEST(in_flight > 0u); // or none of this was tested
}

BOOST_AUTO_TEST_CASE(every_record_counts_once_when_unaligned_checkpoints_are_rescaled) {
  auto [first, last] = seeds(600);
  temporary_directory directory;
  std::uint64_t in_flight = 0;
  for (auto seed = first; seed < last; ++seed) {
    BOOST_TEST_CONTEXT("seed " << seed) {
      auto path = directory.path() + "/" + std::to_string(seed);
      auto explosions = static_cast<int>(1 + seed % 3);
      program_options options{seed % 2 == 0, true};
      for (int round = 0;; ++round) {
        BOOST_REQUIRE(round <= explosions);
        BOOST_TEST_INFO_SCOPE("round " << round);
        options.rescale = round == 0 ? 0 : seed * 10 + static_cast<std::uint64_t>(round);
        auto program = make_random_program(seed, options);
        options.committed = program.committed;
        program.fuse->explosions_left = round < explosions ? 1 : 0;
        program.fuse->records_left = static_cast<std::int64_t>(seed * 31 % 400);
        if (!run_unaligned(program, seed + static_cast<std::uint64_t>(round) * 1000000, path,
                           no_restart{}, in_flight))
          continue;
        check_results(program);
        break;
      }
    }
  }
  if (last - first > 100) BOOST_TEST(in_flight > 0u);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace sluice::testing
