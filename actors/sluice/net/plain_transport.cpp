#include "sluice/net/internal/socket_io.hpp"
#include "sluice/net/transport.hpp"

#include <sys/socket.h>

#include <cerrno>
#include <system_error>

namespace sluice::net {

namespace internal {

namespace {

io_result result_of(ssize_t n, io_result::state wait) {
  using state = io_result::state;
  if (n >= 0) return {state::ok, static_cast<std::size_t>(n)};
  if (errno == EAGAIN) return {wait, 0};
  throw std::system_error(errno, std::system_category());
}

} // namespace

namespace {

io_result receive_by(int fd, void* to, std::size_t room, int flags) {
  ssize_t n = 0;
  do n = ::recv(fd, to, room, flags | MSG_DONTWAIT);
  while (n < 0 && errno == EINTR);
  if (n == 0) return {io_result::state::closed, 0};
  return result_of(n, io_result::state::wait_read);
}

} // namespace

io_result receive(int fd, char* to, std::size_t room) { return receive_by(fd, to, room, 0); }

io_result peek(int fd, const iovec& to) {
  return receive_by(fd, to.iov_base, to.iov_len, MSG_PEEK);
}

io_result send(int fd, std::span<const iovec> from) {
  msghdr message{};
  message.msg_iov = const_cast<iovec*>(from.data());
  message.msg_iovlen = from.size();
  ssize_t n = 0;
  do n = ::sendmsg(fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
  while (n < 0 && errno == EINTR);
  return result_of(n, io_result::state::wait_write);
}

} // namespace internal

namespace {

class plain_transport final : public transport {
public:
  explicit plain_transport(int fd) : fd_(fd) {}

  io_result start() override { return {}; }
  io_result read(char* to, std::size_t room) override { return internal::receive(fd_, to, room); }
  io_result write(std::span<const iovec> from) override { return internal::send(fd_, from); }
  io_result flush() override { return {}; }
  std::string session() const override { return {}; }

  io_result end() override {
    ::shutdown(fd_, SHUT_WR);
    return {};
  }

private:
  int fd_;
};

} // namespace

std::unique_ptr<transport> make_plain_transport(int fd) {
  return std::make_unique<plain_transport>(fd);
}

} // namespace sluice::net
