#include "support/strangers.hpp"

#include <netinet/in.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <deque>
#include <random>
#include <string>

namespace sluice::testing {

namespace {

using random_source = std::mt19937_64;

int connect_to_loopback(std::uint16_t port) {
  auto fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  if (fd >= 0 && ::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0)
    return fd;
  if (fd >= 0) ::close(fd);
  return -1;
}

std::string noise(std::size_t size, random_source& random) {
  std::string bytes(size, '\0');
  for (auto& c : bytes) c = static_cast<char>(random());
  return bytes;
}

std::string big_endian(std::uint64_t value, int bytes) {
  std::string text;
  while (bytes-- > 0) text += static_cast<char>(value >> (8 * bytes));
  return text;
}

/// Operation, padding, flags, size of the payload, operation data, and two actors; some of them are
/// all that CAF needs to expect the payload.
std::string basp_header(random_source& random) {
  constexpr std::array<std::uint32_t, 3> sizes{0xffffffff, 0x7fffffff, 100};
  return big_endian(random() % 9, 1) + std::string(3, '\0') + big_endian(sizes[random() % 3], 4)
         + big_endian(random() % 3 == 0 ? 4 : random(), 8) + std::string(16, '\0')
         + std::string(50, 'x');
}

std::string half_a_handshake(random_source& random) {
  auto hello = std::string(random() % 2 == 0 ? "SluiceCP" : "SluiceDP") + '\1' + '\0';
  hello += noise(random() % 60, random);
  return random() % 2 == 0 ? hello : "\x16\x03\x01" + noise(random() % 600, random);
}

std::string words_of(random_source& random) {
  switch (random() % 5) {
  case 0:
    return {};
  case 1:
    return noise(random() % 4000, random);
  case 2:
    return "GET / HTTP/1.1\r\n\r\n";
  case 3:
    return basp_header(random);
  default:
    return half_a_handshake(random);
  }
}

using clock = std::chrono::steady_clock;

/// For all connections together to be hung up on.
constexpr auto patience = std::chrono::seconds(60);

/// Whether the other side does before `deadline`.
bool hangs_up(int fd, clock::time_point deadline) {
  auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - clock::now()).count();
  pollfd p{fd, POLLRDHUP, 0};
  return ::poll(&p, 1, static_cast<int>(std::max<std::int64_t>(left, 0))) > 0
         && (p.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
}

/// Descriptors that this process may have, but for a few that it needs otherwise.
std::size_t room_for_connections() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
  return limit.rlim_cur > 400 ? static_cast<std::size_t>(limit.rlim_cur) - 200 : 200;
}

} // namespace

strangers_result send_strangers(std::uint16_t port, int connections, unsigned seed) {
  random_source random(seed);
  strangers_result result;
  std::deque<int> open;
  auto room = room_for_connections();
  auto deadline = clock::now() + patience;
  auto let_go = [&] {
    result.hung_up += hangs_up(open.front(), deadline) ? 1 : 0;
    ::close(open.front());
    open.pop_front();
  };
  for (int i = 0; i < connections; ++i) {
    if (open.size() >= room) let_go();
    auto fd = connect_to_loopback(port);
    if (fd < 0) continue;
    ++result.connected;
    auto words = words_of(random);
    ::send(fd, words.data(), words.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    open.push_back(fd);
  }
  while (!open.empty()) let_go();
  return result;
}

} // namespace sluice::testing
