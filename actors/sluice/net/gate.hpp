/// Where strangers become members: connections that others may use once both ends are proved.
#pragma once

#include "sluice/net/data_plane.hpp"
#include "sluice/net/handshake.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace sluice::net {

/// Owns a file descriptor.
class unique_fd {
public:
  explicit unique_fd(int fd = -1) noexcept : fd_(fd) {}
  unique_fd(unique_fd&& other) noexcept : fd_(other.release()) {}
  unique_fd& operator=(unique_fd&& other) noexcept;
  ~unique_fd();

  int get() const noexcept { return fd_; }
  int release() noexcept;

private:
  int fd_;
};

/// What both sides of a gate must agree on, and how long they wait.
struct gate_terms {
  std::optional<tls_files> tls;
  /// Shared by the cluster, may be empty. Never sent: both sides prove that they know it.
  std::string secret;
  /// Of Sluice, by `release_number`; others are refused. 0: any will do.
  std::uint32_t release = 0;

  duration connect_timeout = std::chrono::seconds(5);   ///< of dialling, name look-up included
  duration handshake_timeout = std::chrono::seconds(5); ///< of TLS and the secret
  /// The connection breaks when the peer's system has not answered for so long.
  duration dead_peer_timeout = std::chrono::seconds(5);
};

struct gate_config {
  gate_terms terms;
  std::string bind_address = "127.0.0.1";
  std::uint16_t port = 0; ///< 0: any that is free
  /// Connections that have not proved themselves yet; beyond, the oldest is dropped.
  std::size_t max_unauthenticated = 256;
  /// Told of connections that were refused here, with peer and reason, from a thread of the gate.
  /// At most ten a second; the next line counts those left out. May be empty.
  std::function<void(std::string)> on_refused;
};

/// Listens, and lets in who has proved to be of the cluster. Nobody else gets a byte past it, and
/// what it keeps for strangers is bounded.
///
/// Without TLS, who was let in gets the connected socket itself. With TLS it gets one end of a pair
/// of local sockets, and the gate carries bytes between the other end and the connection. Either
/// is a non-blocking stream socket to read, write and shut down.
class gate {
public:
  /// Listens from now on. `admit` is called by a thread of the gate, and must not block.
  /// Errors: throws `io_error` when the address cannot be bound, or a certificate, key or CA cannot
  /// be read or do not fit each other.
  gate(gate_config config, std::function<void(unique_fd, const endpoint& from)> admit);

  /// What was written to sockets of TLS connections is still sent, for a second at most; then they
  /// are closed.
  ~gate();
  gate(const gate&) = delete;
  gate& operator=(const gate&) = delete;

  /// The port listened at.
  std::uint16_t port() const noexcept;

  /// Lets nobody in any more: `admit` is not running, and is not called again, when this returns.
  /// Connections stay. Not to be called by `admit`.
  void close();

private:
  class impl;
  std::unique_ptr<impl> impl_;
};

/// A connection to a gate.
class gate_link {
public:
  /// As the destructor of `gate`.
  virtual ~gate_link() = default;

  /// The socket to talk through; can be taken once.
  virtual unique_fd take() = 0;
};

/// Dials a gate and proves itself. Blocks for `connect_timeout` and `handshake_timeout` at most, if
/// the system's name service does not take longer.
/// Errors: throws `io_error` that names the peer and what is wrong with it; `refusal` if it is
/// wrong the next time, too.
std::unique_ptr<gate_link> dial_gate(const endpoint& at, const gate_terms& terms);

} // namespace sluice::net
