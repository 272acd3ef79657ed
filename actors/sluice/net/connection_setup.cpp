// From dialling or accepting to the first frame.
#include "sluice/net/connection.hpp"

#include "sluice/core/errors.hpp"
#include "sluice/net/internal/socket_io.hpp"

#include <boost/asio/connect.hpp>
#include <fmt/format.h>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <system_error>

namespace sluice::net {

namespace {

namespace asio = boost::asio;
using tcp = asio::ip::tcp;

/// How long a peer that was refused may take to read why. Closing at once would reset the
/// connection, and throw away what the peer has not read.
constexpr auto last_words = std::chrono::milliseconds(500);

constexpr unsigned char tls_handshake_record = 0x16;
constexpr std::string_view protocol_version_alert("\x15\x03\x01\x00\x02\x02\x46", 7);

std::string seconds_text(duration d) {
  return fmt::format("{:g} s", static_cast<double>(d.count()) / 1e6);
}

void prepare_socket(int fd, duration dead_peer_timeout) {
  int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  // Data that nobody acknowledges; silence is found by pings.
  auto ms = static_cast<unsigned int>(
    std::chrono::ceil<std::chrono::milliseconds>(dead_peer_timeout).count());
  ::setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &ms, sizeof(ms));
}

} // namespace

// -- dialling -------------------------------------------------------------------------------------

void connection::dial() {
  set_deadline(plane_->config.connect_timeout, &connection::dial_late);
  boost::system::error_code not_numeric;
  auto address = asio::ip::make_address(peer_.host, not_numeric);
  if (!not_numeric) return connect({tcp::endpoint(address, peer_.port)});
  resolver_.async_resolve(peer_.host, std::to_string(peer_.port), tcp::resolver::numeric_service,
                          [self = shared_from_this()](const boost::system::error_code& error,
                                                      const tcp::resolver::results_type& found) {
                            if (self->lost()) return;
                            if (error)
                              return self->lose(
                                fmt::format("cannot connect to {}: the name is not known: {}",
                                            to_string(self->peer_), error.message()));
                            self->connect({found.begin(), found.end()});
                          });
}

void connection::connect(std::vector<tcp::endpoint> addresses) {
  asio::async_connect(
    socket_, addresses,
    [self = shared_from_this()](const boost::system::error_code& error, const tcp::endpoint&) {
      if (self->lost()) return;
      if (error)
        return self->lose(
          fmt::format("cannot connect to {}: {}", to_string(self->peer_), error.message()));
      self->connected();
    });
}

void connection::dial_late() {
  lose(fmt::format("cannot connect to {}: no answer for {}", to_string(peer_),
                   seconds_text(plane_->config.connect_timeout)));
}

void connection::set_deadline(duration after, void (connection::*then)()) {
  timer_.expires_after(after);
  timer_.async_wait([self = shared_from_this(), then](const boost::system::error_code& error) {
    if (!error && !self->lost()) (self.get()->*then)();
  });
}

// -- TLS and the secret ---------------------------------------------------------------------------

void connection::connected() {
  auto& config = plane_->config;
  auto fd = socket_.native_handle();
  prepare_socket(fd, config.dead_peer_timeout);
  set_deadline(config.handshake_timeout, &connection::setup_late);
  stage_ = plane_->tls && !dialled_ ? stage::greeting : stage::tls;
  try {
    transport_
      = plane_->tls ? make_tls_transport(fd, plane_->tls, dialled_) : make_plain_transport(fd);
  } catch (const std::exception& e) {
    return fail_setup(fmt::format("the peer {} failed: {}", to_string(peer_), e.what()));
  }
  setup_or_fail();
}

void connection::setup_late() {
  fail_setup(fmt::format("the peer {} did not finish the handshake within {}", to_string(peer_),
                         seconds_text(plane_->config.handshake_timeout)));
}

void connection::setup_or_fail() {
  if (lost()) return;
  try {
    while (setup_step()) {}
    return;
  } catch (const std::system_error& e) {
    fail_setup(fmt::format("the peer {} failed: {}", to_string(peer_), e.code().message()));
  } catch (const std::exception& e) {
    fail_setup(fmt::format("the peer {} {}", to_string(peer_), e.what()));
  }
}

/// False if there is nothing to do for now.
bool connection::setup_step() {
  if (stage_ == stage::greeting) return expect_tls();
  if (stage_ == stage::tls) return start_tls();
  if (stage_ == stage::proving) return prove();
  return false;
}

/// Whoever does not begin as TLS does is told in words that it understands.
bool connection::expect_tls() {
  unsigned char first = 0;
  auto r = internal::peek(socket_.native_handle(), {&first, 1});
  if (r.what == io_result::state::closed) throw io_error("hung up during the handshake");
  if (r.what != io_result::state::ok) return wait_in_setup(r.what);
  if (first != tls_handshake_record) {
    // OpenSSL would not answer to this; one of ours knows what an alert means.
    iovec alert{const_cast<char*>(protocol_version_alert.data()), protocol_version_alert.size()};
    internal::send(socket_.native_handle(), {&alert, 1});
    throw io_error("does not use TLS, and this process does");
  }
  stage_ = stage::tls;
  return true;
}

bool connection::start_tls() {
  try {
    auto r = transport_->start();
    if (r.what != io_result::state::ok) return wait_in_setup(r.what);
    handshake_ = std::make_unique<net::handshake>(
      dialled_ ? net::handshake::role::dialler : net::handshake::role::acceptor,
      plane_->config.secret, transport_->session(), plane_->port);
  } catch (const io_error& e) {
    throw io_error(fmt::format("failed: {}", e.what()));
  }
  stage_ = stage::proving;
  return true;
}

/// One message out or in.
bool connection::prove() {
  using state = io_result::state;
  proof_out_ += handshake_->take_output();
  io_result r;
  try {
    if (!proof_out_.empty()) {
      iovec part{proof_out_.data(), proof_out_.size()};
      r = transport_->write({&part, 1});
      proof_out_.erase(0, r.bytes);
      return r.what == state::ok || wait_in_setup(r.what);
    }
    r = transport_->flush();
    if (r.what != state::ok) return wait_in_setup(r.what);
    if (handshake_->done()) {
      opened();
      return false;
    }
    r = transport_->read(proof_in_.data() + proof_read_, handshake_->wanted() - proof_read_);
  } catch (const io_error& e) {
    throw io_error(fmt::format("failed: {}", e.what()));
  }
  std::string_view bytes(proof_in_.data(), proof_read_ + r.bytes);
  if (r.what == state::closed) {
    // A refusal may be shorter than any of our messages.
    auto stranger = !bytes.empty() && bytes.front() != 'S';
    throw io_error(stranger ? describe_stranger(bytes) : "hung up during the handshake");
  }
  if (r.what != state::ok) return wait_in_setup(r.what);
  proof_read_ = bytes.size();
  if (proof_read_ == handshake_->wanted()) {
    proof_read_ = 0;
    handshake_->feed(bytes);
  }
  return true;
}

bool connection::wait_in_setup(io_result::state what) {
  socket_.async_wait(what == io_result::state::wait_write ? tcp::socket::wait_write
                                                          : tcp::socket::wait_read,
                     [self = shared_from_this()](const boost::system::error_code& error) {
                       if (!error) self->setup_or_fail();
                     });
  return false;
}

void connection::opened() {
  stage_ = stage::open;
  if (!dialled_ && handshake_->peer_port() != 0) peer_.port = handshake_->peer_port();
  handshake_.reset();
  start_ticks();
  if (!dialled_) plane_->proven(shared_from_this());
  bool write = false;
  {
    std::lock_guard lock(mutex_);
    writable_ = true;
    write = !queue_.empty();
    if (write) writer_ = writer::own;
  }
  if (write) resume_writing();
  read_or_fail();
}

// -- refusing -------------------------------------------------------------------------------------

void connection::refuse(const std::string& why) {
  post([this, why] {
    if (stage_ == stage::lingering) return close_socket();
    if (stage_ == stage::open || lost()) return;
    auto text = fmt::format("the peer {} was dropped: {}", to_string(peer_), why);
    plane_->refused(text);
    lose(text);
  });
}

void connection::fail_setup(const std::string& why) {
  if (!dialled_) plane_->refused(why);
  if (handshake_) proof_out_ += handshake_->take_output();
  if (transport_ && stage_ == stage::proving && !proof_out_.empty()) {
    try {
      iovec part{proof_out_.data(), proof_out_.size()};
      transport_->write({&part, 1});
    } catch (const std::exception&) { // NOLINT(bugprone-empty-catch): then it is not told why
    }
  }
  lose(why, ending::linger);
}

void connection::linger() {
  stage_ = stage::lingering;
  ::shutdown(socket_.native_handle(), SHUT_WR);
  timer_.expires_after(last_words);
  timer_.async_wait([self = shared_from_this()](const boost::system::error_code& error) {
    if (!error && self->stage_ == stage::lingering) self->close_socket();
  });
  drain();
}

/// Reads what a refused peer still sends, until it goes.
void connection::drain() {
  if (stage_ != stage::lingering) return;
  char ignored[4096];
  auto n = ::recv(socket_.native_handle(), ignored, sizeof(ignored), MSG_DONTWAIT);
  if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) return close_socket();
  socket_.async_wait(tcp::socket::wait_read,
                     [self = shared_from_this()](const boost::system::error_code& error) {
                       if (!error) self->drain();
                     });
}

} // namespace sluice::net
