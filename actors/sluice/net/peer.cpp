#include "sluice/net/peer.hpp"

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

template <class T>
void set_option(int fd, int level, int option, T value) {
  ::setsockopt(fd, level, option, &value, sizeof(value));
}

void prepare_socket(int fd, const admission& ask) {
  using std::chrono::ceil;
  set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  auto ms = ceil<std::chrono::milliseconds>(ask.dead_peer_timeout).count();
  set_option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, static_cast<unsigned int>(ms));
  if (!ask.keep_alive) return;
  // Probes begin early enough for TCP_USER_TIMEOUT to find them unanswered.
  auto seconds = static_cast<int>(ceil<std::chrono::seconds>(ask.dead_peer_timeout / 4).count());
  set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, seconds);
  set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, seconds);
  set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
}

} // namespace

peer::peer(std::shared_ptr<const admission> ask, asio::io_context& context, endpoint to)
  : ask_(std::move(ask)), context_(context), dialled_(true), socket_(context), timer_(context),
    resolver_(context), peer_(std::move(to)), stage_(stage::dialling) {}

peer::peer(std::shared_ptr<const admission> ask, asio::io_context& context, tcp::socket socket)
  : ask_(std::move(ask)), context_(context), dialled_(false), socket_(std::move(socket)),
    timer_(context), resolver_(context), stage_(stage::tls) {
  boost::system::error_code error;
  auto from = socket_.remote_endpoint(error);
  if (!error) peer_ = {from.address().to_string(), from.port()};
}

peer::~peer() = default;

void peer::start() {
  post([this] {
    if (!in_setup()) return;
    if (dialled_)
      dial();
    else
      connected();
  });
}

// -- dialling -------------------------------------------------------------------------------------

void peer::dial() {
  set_deadline(ask_->connect_timeout, &peer::dial_late);
  boost::system::error_code not_numeric;
  auto address = asio::ip::make_address(peer_.host, not_numeric);
  if (!not_numeric) return connect({tcp::endpoint(address, peer_.port)});
  resolver_.async_resolve(peer_.host, std::to_string(peer_.port), tcp::resolver::numeric_service,
                          [self = shared_from_this()](const boost::system::error_code& error,
                                                      const tcp::resolver::results_type& found) {
                            if (!self->in_setup()) return;
                            if (error)
                              return self->give_up(
                                fmt::format("cannot connect to {}: the name is not known: {}",
                                            to_string(self->peer_), error.message()));
                            self->connect({found.begin(), found.end()});
                          });
}

void peer::connect(std::vector<tcp::endpoint> addresses) {
  asio::async_connect(
    socket_, addresses,
    [self = shared_from_this()](const boost::system::error_code& error, const tcp::endpoint&) {
      if (!self->in_setup()) return;
      if (error)
        return self->give_up(
          fmt::format("cannot connect to {}: {}", to_string(self->peer_), error.message()));
      self->connected();
    });
}

void peer::dial_late() {
  give_up(fmt::format("cannot connect to {}: no answer for {}", to_string(peer_),
                      seconds_text(ask_->connect_timeout)));
}

void peer::set_deadline(duration after, void (peer::*then)()) {
  timer_.expires_after(after);
  timer_.async_wait([self = shared_from_this(), then](const boost::system::error_code& error) {
    if (!error && self->in_setup()) (self.get()->*then)();
  });
}

// -- TLS and the secret ---------------------------------------------------------------------------

void peer::connected() {
  auto fd = socket_.native_handle();
  prepare_socket(fd, *ask_);
  set_deadline(ask_->handshake_timeout, &peer::setup_late);
  stage_ = ask_->tls && !dialled_ ? stage::greeting : stage::tls;
  try {
    transport_ = ask_->tls ? make_tls_transport(fd, ask_->tls, dialled_) : make_plain_transport(fd);
  } catch (const std::exception& e) {
    return fail_setup(fmt::format("the peer {} failed: {}", to_string(peer_), e.what()));
  }
  setup_or_fail();
}

void peer::setup_late() {
  fail_setup(fmt::format("the peer {} did not finish the handshake within {}", to_string(peer_),
                         seconds_text(ask_->handshake_timeout)));
}

void peer::setup_or_fail() {
  if (!in_setup()) return;
  try {
    while (setup_step()) {}
    return;
  } catch (const std::system_error& e) {
    fail_setup(fmt::format("the peer {} failed: {}", to_string(peer_), e.code().message()));
  } catch (const std::exception& e) {
    auto final = dynamic_cast<const refusal*>(&e) != nullptr;
    fail_setup(fmt::format("the peer {} {}", to_string(peer_), e.what()), final);
  }
}

/// False if there is nothing to do for now.
bool peer::setup_step() {
  if (stage_ == stage::greeting) return expect_tls();
  if (stage_ == stage::tls) return start_tls();
  if (stage_ == stage::proving) return prove();
  return false;
}

/// Whoever does not begin as TLS does is told in words that it understands.
bool peer::expect_tls() {
  unsigned char first = 0;
  auto r = internal::peek(socket_.native_handle(), {&first, 1});
  if (r.what == io_result::state::closed) throw io_error("hung up during the handshake");
  if (r.what != io_result::state::ok) return wait_in_setup(r.what);
  if (first != tls_handshake_record) {
    // OpenSSL would not answer to this; one of ours knows what an alert means.
    iovec alert{const_cast<char*>(protocol_version_alert.data()), protocol_version_alert.size()};
    internal::send(socket_.native_handle(), {&alert, 1});
    throw refusal("does not use TLS, and this process does");
  }
  stage_ = stage::tls;
  return true;
}

bool peer::start_tls() {
  try {
    auto r = transport_->start();
    if (r.what != io_result::state::ok) return wait_in_setup(r.what);
    handshake_
      = std::make_unique<handshake>(dialled_ ? handshake::role::dialler : handshake::role::acceptor,
                                    ask_->terms, transport_->session(), ask_->port);
  } catch (const refusal& e) {
    throw refusal(fmt::format("failed: {}", e.what()));
  } catch (const io_error& e) {
    throw io_error(fmt::format("failed: {}", e.what()));
  }
  stage_ = stage::proving;
  return true;
}

/// One message out or in.
bool peer::prove() {
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
      become_open();
      return false;
    }
    r = transport_->read(proof_in_.data() + proof_read_, handshake_->wanted() - proof_read_);
  } catch (const refusal& e) {
    throw refusal(fmt::format("failed: {}", e.what()));
  } catch (const io_error& e) {
    throw io_error(fmt::format("failed: {}", e.what()));
  }
  std::string_view bytes(proof_in_.data(), proof_read_ + r.bytes);
  if (r.what == state::closed) {
    // A refusal may be shorter than any of our messages.
    auto stranger = !bytes.empty() && bytes.front() != 'S';
    if (stranger) throw refusal(describe_stranger(bytes));
    throw io_error("hung up during the handshake");
  }
  if (r.what != state::ok) return wait_in_setup(r.what);
  proof_read_ = bytes.size();
  if (proof_read_ == handshake_->wanted()) {
    proof_read_ = 0;
    handshake_->feed(bytes);
  }
  return true;
}

bool peer::wait_in_setup(io_result::state what) {
  socket_.async_wait(what == io_result::state::wait_write ? tcp::socket::wait_write
                                                          : tcp::socket::wait_read,
                     [self = shared_from_this()](const boost::system::error_code& error) {
                       if (!error) self->setup_or_fail();
                     });
  return false;
}

void peer::become_open() {
  stage_ = stage::open;
  if (!dialled_ && handshake_->peer_port() != 0) peer_.port = handshake_->peer_port();
  handshake_.reset();
  timer_.cancel();
  opened();
}

// -- refusing -------------------------------------------------------------------------------------

void peer::refuse(const std::string& why) {
  post([this, why] {
    if (stage_ == stage::lingering) return close_socket();
    if (!in_setup()) return;
    auto text = fmt::format("the peer {} was dropped: {}", to_string(peer_), why);
    ask_->refused(text);
    give_up(text);
  });
}

void peer::give_up(const std::string& why) {
  stage_ = stage::lingering; // the socket is not for `failed` to close
  failed(why, false);
  close_socket();
}

void peer::fail_setup(const std::string& why, bool final) {
  if (!dialled_) ask_->refused(why);
  if (handshake_) proof_out_ += handshake_->take_output();
  if (transport_ && stage_ == stage::proving && !proof_out_.empty()) {
    try {
      iovec part{proof_out_.data(), proof_out_.size()};
      transport_->write({&part, 1});
    } catch (const std::exception&) { // NOLINT(bugprone-empty-catch): then it is not told why
    }
  }
  stage_ = stage::lingering;
  failed(why, final);
  linger();
}

void peer::linger() {
  ::shutdown(socket_.native_handle(), SHUT_WR);
  timer_.expires_after(last_words);
  timer_.async_wait([self = shared_from_this()](const boost::system::error_code& error) {
    if (!error && self->stage_ == stage::lingering) self->close_socket();
  });
  drain();
}

/// Reads what a refused peer still sends, until it goes.
void peer::drain() {
  if (stage_ != stage::lingering) return;
  char ignored[4096];
  auto n = ::recv(socket_.native_handle(), ignored, sizeof(ignored), MSG_DONTWAIT);
  if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) return close_socket();
  socket_.async_wait(tcp::socket::wait_read,
                     [self = shared_from_this()](const boost::system::error_code& error) {
                       if (!error) self->drain();
                     });
}

void peer::close_socket() {
  stage_ = stage::over;
  timer_.cancel();
  resolver_.cancel();
  boost::system::error_code ignored; // it is gone in any case
  socket_.close(ignored);
  closed();
}

} // namespace sluice::net
