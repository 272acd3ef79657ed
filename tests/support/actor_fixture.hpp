/// Jobs under CAF's deterministic scheduler: no threads, no sleeping, time moves by hand, and the
/// order of messages and of blocking work is chosen by a seed.
#pragma once

#include "sluice/plan/executor.hpp"

#include <cstdint>
#include <future>
#include <memory>
#include <string>

namespace sluice::testing {

/// An executor that a test steps. One thread: the test's.
class stepped_runtime final : public executor {
public:
  explicit stepped_runtime(std::uint64_t seed = 0);
  ~stepped_runtime() override;

  std::shared_ptr<job_control> submit(job_graph graph) override;

  /// Handles one message or one piece of blocking work, chosen at random. False: nothing to do.
  bool step();

  /// Steps until nothing is left to do now, at most `limit` times; time does not move. Returns the
  /// number of steps.
  std::size_t run(std::size_t limit = ~std::size_t{0});

  /// Moves time and lets what waits for it happen.
  void advance(duration d);

  /// Runs, moving time when nothing else is left, until the job has ended. Fails the test if it
  /// does not end. With `ticks_per_1000` time also moves, by a millisecond, at so many of 1,000
  /// steps. Returns how often it stepped.
  std::size_t run_to_end(job_control& job, int ticks_per_1000 = 0);

  const clock& processing_clock() const noexcept;

  /// Moves time as work does that takes long: for a program's functions to call. Messages that wait
  /// for a time come when the next step has been done.
  void take_time(duration d);

  /// Asks for a checkpoint, or a savepoint where `savepoint_directory` says.
  std::future<std::string> request_checkpoint(job_control& job,
                                              std::string savepoint_directory = {},
                                              bool then_stop = false);

  /// Actors that are alive.
  std::size_t num_actors() const;

private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

} // namespace sluice::testing
