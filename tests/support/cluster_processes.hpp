/// A cluster of processes of one program, on loopback.
#pragma once

#include "support/child_process.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace sluice::testing {

/// Starts processes, kills, stops and waits for them. All are killed at the end of the scope.
class cluster_processes {
public:
  using settings = std::map<std::string, std::string>; ///< environment variables
  using words = std::vector<std::string>;

  /// `command`: the program and its arguments. Logs, and the coordinator's data, go to `directory`.
  cluster_processes(words command, std::string directory);
  ~cluster_processes();

  /// `launcher`: words before the command.
  void start_coordinator(const settings& extra = {}, const words& launcher = {});
  void start_worker(const settings& extra = {}, const words& launcher = {});
  /// In place of worker `index`, which has ended, and like it.
  void start_worker(int index);
  /// Of another program, or with other arguments.
  void start_worker_of(const words& command);
  /// Exit code; -1 if it does not end in time.
  int run_second_coordinator(std::chrono::milliseconds limit);

  void kill_coordinator() { coordinator_->kill(); }
  void kill_worker(int index) { worker(index).kill(); }
  void stop_worker(int index) { worker(index).signal_stop(); }
  void continue_worker(int index) { worker(index).signal_continue(); }

  /// The exit code. Nothing: it still runs.
  std::optional<int> wait_for_coordinator(std::chrono::milliseconds limit);
  std::optional<int> wait_for_worker(int index, std::chrono::milliseconds limit);

  /// The most memory that it ever had, in bytes. REQUIRES: it runs.
  std::size_t peak_memory_of_coordinator() const { return coordinator_->peak_memory(); }
  std::size_t peak_memory_of_worker(int index) { return worker(index).peak_memory(); }

  /// What all processes have logged.
  std::string log() const;
  /// Waits until `text` is in it.
  bool wait_for_log(const std::string& text, std::chrono::milliseconds limit) const;

  std::uint16_t port() const noexcept { return port_; }
  const words& command() const noexcept { return command_; }

private:
  struct worker_entry {
    settings extra;
    words launcher;
    std::unique_ptr<child_process> process;
  };

  child_process& worker(int index) { return *workers_.at(static_cast<std::size_t>(index)).process; }
  std::unique_ptr<child_process> start(const std::string& role, const settings& extra,
                                       const words& launcher, const words& command);

  words command_;
  std::string directory_;
  std::uint16_t port_;
  int started_ = 0;
  std::unique_ptr<child_process> coordinator_;
  std::vector<worker_entry> workers_;
};

/// A port of loopback that nobody listens on.
std::uint16_t free_port();

} // namespace sluice::testing
