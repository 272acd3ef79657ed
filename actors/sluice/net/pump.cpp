#include "sluice/net/pump.hpp"

#include "sluice/net/internal/socket_io.hpp"

#include <boost/asio/post.hpp>

#include <sys/socket.h>

#include <system_error>

namespace sluice::net {

namespace {

using state = io_result::state;

/// Buffers that are moved before other connections get their turn.
constexpr int steps_per_turn = 32;

bool is_gone(const std::system_error& e) {
  return e.code().value() == EPIPE || e.code().value() == ECONNRESET;
}

} // namespace

pump::pump(boost::asio::ip::tcp::socket socket, std::unique_ptr<transport> outer,
           boost::asio::local::stream_protocol::socket inner, duration patience)
  : socket_(std::move(socket)), outer_(std::move(outer)), inner_(std::move(inner)),
    timer_(socket_.get_executor()), patience_(patience) {}

void pump::start(std::function<void(const std::shared_ptr<pump>&)> over) {
  boost::asio::post(socket_.get_executor(), [self = shared_from_this(), over = std::move(over)] {
    self->over_ = over;
    self->turn();
  });
}

void pump::turn() {
  if (!socket_.is_open()) return;
  try {
    for (int i = 0; i < steps_per_turn; ++i) {
      wanted_ = {};
      if (step()) continue;
      if (in_.closed && out_.closed) return close();
      for (auto w : {wait::outer_read, wait::outer_write, wait::inner_read, wait::inner_write})
        if (wanted_[static_cast<std::size_t>(w)]) await(w);
      return;
    }
    boost::asio::post(socket_.get_executor(), [self = shared_from_this()] { self->turn(); });
  } catch (const std::exception&) { // a broken connection looks like a closed one
    close();
  }
}

/// False if nothing can be moved for now.
bool pump::step() {
  auto a = inward();
  auto b = outward();
  moved_ |= a || b;
  return a || b;
}

// -- from the connection to the local socket ------------------------------------------------------

bool pump::inward() {
  if (in_.closed) return false;
  if (in_.empty()) return fill_inward();
  iovec part{in_.buffer.data() + in_.begin, in_.end - in_.begin};
  try {
    auto r = internal::send(inner_.native_handle(), {&part, 1});
    if (r.what != state::ok) return blocked_inside(wait::inner_write);
    in_.begin += r.bytes;
  } catch (const std::system_error& e) {
    if (!is_gone(e)) throw;
    // What it wrote before is still on its way, and would be lost if the peer wrote to a closed
    // socket.
    deaf_ = true;
    in_.begin = in_.end;
    one_is_closed();
  }
  return true;
}

bool pump::fill_inward() {
  auto r = outer_->read(in_.buffer.data(), in_.buffer.size());
  if (r.what == state::closed) {
    in_.ended = in_.closed = true;
    ::shutdown(inner_.native_handle(), SHUT_WR);
    one_is_closed();
    return true;
  }
  if (r.what != state::ok) return blocked_outside(r.what);
  in_.begin = 0;
  in_.end = deaf_ ? 0 : r.bytes;
  return true;
}

// -- from the local socket to the connection ------------------------------------------------------

bool pump::outward() {
  if (out_.closed) return false;
  if (out_.empty()) {
    auto r = outer_->flush();
    if (r.what != state::ok) return blocked_outside(r.what);
    return out_.ended ? end_outward() : fill_outward();
  }
  iovec part{out_.buffer.data() + out_.begin, out_.end - out_.begin};
  auto r = outer_->write({&part, 1});
  if (r.what != state::ok) return blocked_outside(r.what);
  out_.begin += r.bytes;
  return true;
}

bool pump::fill_outward() {
  io_result r;
  try {
    r = internal::receive(inner_.native_handle(), out_.buffer.data(), out_.buffer.size());
  } catch (const std::system_error& e) {
    // The local end was closed with bytes in it that nobody had read.
    if (!is_gone(e)) throw;
    r.what = state::closed;
    deaf_ = true;
  }
  if (r.what == state::closed) {
    out_.ended = true;
    return true;
  }
  if (r.what != state::ok) return blocked_inside(wait::inner_read);
  out_.begin = 0;
  out_.end = r.bytes;
  return true;
}

bool pump::end_outward() {
  auto r = outer_->end();
  if (r.what != state::ok) return blocked_outside(r.what);
  out_.closed = true;
  one_is_closed();
  return true;
}

// -- waiting --------------------------------------------------------------------------------------

bool pump::blocked_outside(state what) {
  auto w = what == state::wait_read ? wait::outer_read : wait::outer_write;
  wanted_[static_cast<std::size_t>(w)] = true;
  return false;
}

bool pump::blocked_inside(wait what) {
  wanted_[static_cast<std::size_t>(what)] = true;
  return false;
}

void pump::await(wait what) {
  auto& awaited = awaited_[static_cast<std::size_t>(what)];
  if (awaited) return;
  awaited = true;
  auto then = [self = shared_from_this(), &awaited](const boost::system::error_code& error) {
    awaited = false;
    if (!error) self->turn();
  };
  using base = boost::asio::socket_base;
  auto for_reading = what == wait::outer_read || what == wait::inner_read;
  auto type = for_reading ? base::wait_read : base::wait_write;
  if (what == wait::outer_read || what == wait::outer_write)
    socket_.async_wait(type, std::move(then));
  else
    inner_.async_wait(type, std::move(then));
}

// -- its end --------------------------------------------------------------------------------------

/// Nobody can tell a peer that will answer from one that never does: it has to go on.
void pump::one_is_closed() {
  if (!finishing_) watch();
}

void pump::watch() {
  moved_ = false;
  timer_.expires_after(patience_);
  timer_.async_wait([self = shared_from_this()](const boost::system::error_code& error) {
    if (error) return;
    if (self->moved_ && !self->finishing_)
      self->watch();
    else
      self->close();
  });
}

void pump::finish(duration last_words) {
  boost::asio::post(socket_.get_executor(), [self = shared_from_this(), last_words] {
    if (!self->socket_.is_open()) return;
    self->finishing_ = true;
    self->patience_ = last_words;
    self->watch();
  });
}

void pump::close() {
  if (!socket_.is_open()) return;
  timer_.cancel();
  boost::system::error_code ignored; // they are gone in any case
  socket_.close(ignored);
  inner_.close(ignored);
  if (auto over = std::exchange(over_, nullptr)) over(shared_from_this());
}

} // namespace sluice::net
