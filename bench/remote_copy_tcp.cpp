#include "child.hpp"
#include "remote_copy.hpp"
#include "stopwatch.hpp"

#include <cerrno>
#include <cstring>
#include <system_error>
#include <vector>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

// The yardstick: one thread writes 64 KiB at a time, another one reads as much as there is.

namespace bench {

namespace {

constexpr std::size_t write_size = 64 * 1024;

void need(bool condition, const char* what) {
  if (!condition) throw std::system_error(errno, std::system_category(), what);
}

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  return address;
}

} // namespace

void receive_by_tcp() {
  auto listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  auto address = loopback(0);
  socklen_t size = sizeof(address);
  need(bind(listener, reinterpret_cast<sockaddr*>(&address), size) == 0, "bind");
  need(listen(listener, 1) == 0, "listen");
  need(getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size) == 0, "getsockname");
  say_first_number(ntohs(address.sin_port));
  auto fd = accept(listener, nullptr, nullptr);
  need(fd >= 0, "accept");
  std::vector<char> buffer(write_size);
  while (recv(fd, buffer.data(), buffer.size(), 0) > 0) {}
  need(send(fd, "!", 1, MSG_NOSIGNAL) == 1, "send");
  close(fd);
  close(listener);
}

copy_run copy_by_tcp(std::uint64_t batches) {
  child receiver("internal-remote", "tcp");
  auto fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  auto address = loopback(static_cast<std::uint16_t>(receiver.first_number()));
  need(connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0, "connect");
  int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  std::vector<char> buffer(write_size, 'x');
  stopwatch time;
  for (auto left = batches * remote_batch_bytes; left > 0;) {
    auto n = send(fd, buffer.data(), std::min<std::uint64_t>(left, buffer.size()), MSG_NOSIGNAL);
    need(n > 0, "send");
    left -= static_cast<std::uint64_t>(n);
  }
  shutdown(fd, SHUT_WR);
  char all = 0;
  need(recv(fd, &all, 1, 0) == 1, "recv");
  copy_run result{time.seconds(), time.cpu_seconds()};
  close(fd);
  result.cpu_seconds += receiver.finish();
  return result;
}

} // namespace bench
