/// Bytes over a non-blocking socket, plain or inside TLS.
#pragma once

#include "sluice/net/data_plane.hpp"

#include <sys/uio.h>

#include <cstddef>
#include <memory>
#include <span>
#include <string>

namespace sluice::net {

/// What became of an attempt to read or write.
struct io_result {
  enum class state : std::uint8_t {
    ok,         ///< `bytes` are done, at least one
    wait_read,  ///< nothing is possible until the socket is readable
    wait_write, ///< nothing is possible until it is writable
    closed      ///< the peer has ended the stream
  };

  state what = state::ok;
  std::size_t bytes = 0;
};

/// Thread safety: one thread may read while another writes; `start` is alone.
/// Errors: `std::system_error` of the socket, `io_error` of TLS.
class transport {
public:
  virtual ~transport() = default;

  /// Does as much of the TLS handshake as possible; `ok` when it is over.
  virtual io_result start() = 0;

  virtual io_result read(char* to, std::size_t room) = 0;

  /// `bytes` were taken; they may wait inside, see `flush`.
  virtual io_result write(std::span<const iovec> from) = 0;

  /// Sends what waits inside; `ok` when there is nothing.
  virtual io_result flush() = 0;

  /// Bytes that only the two ends of this TLS session know; empty without TLS.
  virtual std::string session() const = 0;

  /// Tells the peer that nothing more is written; `ok` when it is said. Reading goes on.
  virtual io_result end() = 0;
};

/// Owned by the data plane; a connection keeps it alive.
class tls_context;

/// Errors: `io_error` that names the file.
std::shared_ptr<tls_context> make_tls_context(const tls_files& files);

/// Over the socket `fd`, which stays the caller's.
std::unique_ptr<transport> make_plain_transport(int fd);
std::unique_ptr<transport> make_tls_transport(int fd, std::shared_ptr<tls_context> context,
                                              bool dialler);

} // namespace sluice::net
