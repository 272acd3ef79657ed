/// A network that can be told to misbehave: stands between two processes.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <thread>

namespace sluice::testing {

/// Forwards connections to a port on loopback, one after the other.
class tcp_relay {
public:
  /// Sees all bytes on their way from the one who dialled; `offset` counts them from the
  /// connection's first. May change them; false: hang up behind them.
  using filter = std::function<bool(std::string& bytes, std::size_t offset)>;

  explicit tcp_relay(std::uint16_t to, filter forward = {});
  ~tcp_relay();

  std::uint16_t port() const noexcept { return port_; }

  /// From now on, nothing gets through in either direction, and no connection ends.
  void freeze() noexcept { frozen_ = true; }

private:
  void run();
  void serve(int from);
  bool stopped() const noexcept { return stop_; }

  filter forward_;
  std::uint16_t to_;
  std::uint16_t port_ = 0;
  int listener_ = -1;
  std::atomic<bool> frozen_{false};
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

/// A connection to a port on loopback; the caller closes it. -1: it is refused.
int connect_to(std::uint16_t port);

/// Sends all of it, or as much as the peer takes.
void send_all(int fd, const std::string& bytes);

/// Whether the peer ends the connection within `patience`; what it says before goes to `answer`.
bool wait_for_end(int fd, std::string* answer = nullptr);

} // namespace sluice::testing
