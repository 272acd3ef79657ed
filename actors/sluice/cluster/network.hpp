/// An actor system that talks to others.
#pragma once

#include "sluice/cluster/options.hpp"
#include "sluice/net/gate.hpp"
#include "sluice/runtime/interfaces.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/error.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

namespace sluice::cluster {

/// An actor system with CAF's network layer, which listens nowhere and dials nobody: it gets its
/// connections from gates, when both ends of them have proved that they belong to the cluster.
class network {
public:
  /// Errors: `io_error`.
  network(const options& o, std::uint32_t threads, std::unique_ptr<net::gate_link> link = nullptr);
  ~network();
  network(const network&) = delete;
  network& operator=(const network&) = delete;

  /// Dials the coordinator, before there are actors that would talk to it: most attempts of a
  /// worker that waits for one end here. Waits at most `timeout` for each answer. Errors:
  /// `plan_error` if it does not let this process in; `io_error` if it cannot be reached.
  static std::unique_ptr<net::gate_link> dial(const options& o, std::chrono::milliseconds timeout);

  caf::actor_system& system() noexcept { return *system_; }

  /// Lets others of the cluster find `coordinator` at the address of the options. Returns the port.
  /// To be called once. Errors: `io_error`.
  std::uint16_t publish(const runtime::coordinator_actor& coordinator);

  /// Finds the coordinator behind the link. Waits at most `timeout` for its answer. To be called
  /// once. Errors: `io_error` if there is none.
  runtime::coordinator_actor find_coordinator(std::chrono::milliseconds timeout);

private:
  options options_;
  // These carry what the system still says when it ends.
  std::unique_ptr<net::gate_link> link_;
  std::unique_ptr<net::gate> gate_;
  std::unique_ptr<caf::actor_system_config> config_;
  std::unique_ptr<caf::actor_system> system_;
};

/// What went wrong, for users: without the names that the actor framework has for it.
std::string plain_words(const caf::error& e);

/// Lets this process have as many files and connections open as the system allows it at all.
void raise_descriptor_limit() noexcept;

} // namespace sluice::cluster
