/// An actor system that talks to others.
#pragma once

#include "sluice/cluster/options.hpp"
#include "sluice/runtime/interfaces.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/scoped_actor.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

namespace sluice::cluster {

/// An actor system with CAF's network layer, TLS included if the options say so.
class network {
public:
  /// Errors: `io_error` if certificate, key or CA cannot be used.
  network(const options& o, std::uint32_t threads);

  caf::actor_system& system() noexcept { return *system_; }

  /// Lets others find `coordinator` at the address of the options. Returns the port. Errors:
  /// `io_error`.
  std::uint16_t publish(const runtime::coordinator_actor& coordinator);

  /// Finds the coordinator. Waits at most `timeout` for each of its answers. Errors: `io_error`
  /// that says what to check.
  runtime::coordinator_actor find_coordinator(std::chrono::milliseconds timeout);

private:
  options options_;
  std::unique_ptr<caf::actor_system_config> config_;
  std::unique_ptr<caf::actor_system> system_;
};

/// Proves to the coordinator that this process knows the secret, and has it proved. Errors:
/// `plan_error` if they do not fit; `io_error` if there is no answer.
void prove_membership(caf::scoped_actor& self, const runtime::coordinator_actor& coordinator,
                      const std::string& secret, std::chrono::milliseconds timeout);

} // namespace sluice::cluster
