/// Asks a coordinator.
#pragma once

#include "sluice/cluster/options.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

namespace sluice::cluster {

/// A connection to a coordinator. One thread at a time.
class control_client {
public:
  /// Errors: `plan_error` if the coordinator does not let this process in; `io_error` if it cannot
  /// be reached.
  explicit control_client(const options& o);
  ~control_client();

  /// Returns the answer as JSON. `verb` is one of coordinator_control.cpp. Errors: `state_error`
  /// with the coordinator's words; `io_error` if it does not answer.
  std::string ask(const std::string& verb, std::uint64_t job = 0, const std::string& text = {},
                  std::chrono::milliseconds timeout = std::chrono::minutes(16));

private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

} // namespace sluice::cluster
