/// The real broker of a test that runs under `tests/services/kafka.py run`.
#pragma once

#include "support/child_process.hpp"

#include <sys/wait.h>

#include <cstdlib>
#include <stdexcept>
#include <string>

namespace sluice::testing {

/// Errors of all methods: `std::runtime_error`.
class kafka_service {
public:
  /// Its address.
  static std::string servers() { return environment("SLUICE_KAFKA_BROKER"); }

  /// kill -9.
  static void kill() { act("kill"); }
  /// The start after it, with the same address and data.
  static void restart() { act("restart"); }

private:
  static std::string environment(const char* name) {
    auto* value = std::getenv(name);
    if (!value)
      throw std::runtime_error(std::string(name)
                               + " is not set: run under tests/services/kafka.py run");
    return value;
  }

  static void act(const char* action) {
    child_process run("python3", {environment("SLUICE_KAFKA_SERVICE"), action,
                                  environment("SLUICE_KAFKA_DIRECTORY")});
    auto status = run.wait_for(std::chrono::seconds(200));
    if (!status || !WIFEXITED(*status) || WEXITSTATUS(*status) != 0)
      throw std::runtime_error(std::string("kafka.py ") + action + " failed");
  }
};

} // namespace sluice::testing
