#include "support/tcp_relay.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <stdexcept>

namespace sluice::testing {

namespace {

constexpr int poll_ms = 5; // how soon a relay sees what it was told
constexpr int patience_ms = 30'000;

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  return address;
}

} // namespace

int connect_to(std::uint16_t port) {
  auto fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  auto address = loopback(port);
  if (fd >= 0 && ::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0) {
    ::close(fd);
    return -1;
  }
  return fd;
}

void send_all(int fd, const std::string& bytes) {
  for (std::size_t at = 0; at < bytes.size();) {
    auto n = ::send(fd, bytes.data() + at, bytes.size() - at, MSG_NOSIGNAL);
    if (n <= 0) return;
    at += static_cast<std::size_t>(n);
  }
}

bool wait_for_end(int fd, std::string* answer) {
  char bytes[4096];
  while (true) {
    pollfd p{fd, POLLIN, 0};
    if (::poll(&p, 1, patience_ms) <= 0) return false;
    auto n = ::recv(fd, bytes, sizeof(bytes), 0);
    if (n <= 0) return true;
    if (answer) answer->append(bytes, static_cast<std::size_t>(n));
  }
}

tcp_relay::tcp_relay(std::uint16_t to, filter forward) : forward_(std::move(forward)), to_(to) {
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  auto address = loopback(0);
  socklen_t size = sizeof(address);
  if (::bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0
      || ::listen(listener_, 16) != 0
      || ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0)
    throw std::runtime_error("no port for a relay");
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { run(); });
}

tcp_relay::~tcp_relay() {
  stop_ = true;
  thread_.join();
  ::close(listener_);
}

void tcp_relay::run() {
  while (!stopped()) {
    pollfd p{listener_, POLLIN, 0};
    if (::poll(&p, 1, poll_ms) <= 0) continue;
    auto from = ::accept(listener_, nullptr, nullptr);
    if (from < 0) continue;
    serve(from);
    ::close(from);
  }
}

void tcp_relay::serve(int from) {
  auto to = connect_to(to_);
  std::size_t forwarded = 0;
  std::string bytes(64 * 1024, '\0');
  for (bool on = to >= 0; on && !stopped();) {
    pollfd p[2] = {{from, POLLIN, 0}, {to, POLLIN, 0}};
    if (::poll(p, 2, poll_ms) <= 0 || frozen_) continue;
    for (int i = 0; i < 2 && on; ++i) {
      if (p[i].revents == 0) continue;
      auto n = ::recv(p[i].fd, bytes.data(), bytes.size(), 0);
      on = n > 0;
      if (!on) break;
      auto part = bytes.substr(0, static_cast<std::size_t>(n));
      if (i == 0 && forward_) {
        on = forward_(part, forwarded);
        forwarded += static_cast<std::size_t>(n);
      }
      send_all(p[1 - i].fd, part);
    }
  }
  if (to >= 0) ::close(to);
}

} // namespace sluice::testing
