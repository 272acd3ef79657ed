/// Connections of CAF's network layer that somebody else has accepted.
#pragma once

#include "sluice/net/gate.hpp"

#include <caf/io/doorman.hpp>
#include <caf/io/network/multiplexer.hpp>
#include <caf/io/scribe.hpp>

#include <cstdint>
#include <limits>
#include <string>

namespace sluice::cluster {

/// To a broker, one who lets in; has no socket itself. It is published at a port that nobody
/// listens on, which CAF only uses to tell published actors apart.
///
/// Threading: on the thread of `backend`.
class gate_doorman final : public caf::io::doorman {
public:
  explicit gate_doorman(caf::io::network::multiplexer& backend)
    : doorman(caf::io::accept_handle::from_int(std::numeric_limits<std::int64_t>::max())),
      backend_(backend) {}

  /// Makes the socket a connection of its broker; closes it when the broker has ended.
  void admit(net::unique_fd fd) {
    if (detached()) return;
    auto scribe = backend_.new_scribe(fd.release());
    auto handle = scribe->hdl();
    parent()->add_scribe(std::move(scribe));
    doorman::new_connection(&backend_, handle);
  }

  bool new_connection() override { return false; } // nothing comes by itself
  void graceful_shutdown() override { detach(&backend_, false); }
  void launch() override {}
  std::string addr() const override { return {}; }
  std::uint16_t port() const override { return 1; }
  void add_to_loop() override {}
  void remove_from_loop() override {}

private:
  caf::io::network::multiplexer& backend_;
};

} // namespace sluice::cluster
