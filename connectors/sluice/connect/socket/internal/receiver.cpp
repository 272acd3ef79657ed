#include "sluice/connect/socket/internal/receiver.hpp"

#include "sluice/core/errors.hpp"

#include <boost/asio/connect.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <fmt/format.h>

namespace sluice::internal {

namespace asio = boost::asio;
using boost::system::error_code;

receiver::receiver(asio::any_io_executor executor, std::string host, std::uint16_t port,
                   socket_source_options options, std::function<void()> wakeup,
                   std::function<void(std::exception_ptr)> fail)
  : strand_(asio::make_strand(executor)), resolver_(strand_), socket_(strand_), timer_(strand_),
    host_(std::move(host)), port_(port), options_(options), wakeup_(std::move(wakeup)),
    fail_(std::move(fail)) {}

void receiver::start() {
  asio::post(strand_, [self = shared_from_this()] { self->connect(); });
}

bool receiver::take(std::string& out) {
  std::lock_guard lock(mutex_);
  out += incoming_;
  incoming_.clear();
  if (paused_) {
    paused_ = false;
    asio::post(strand_, [self = shared_from_this()] { self->receive(); });
  }
  return !ended_;
}

void receiver::close() {
  asio::post(strand_, [self = shared_from_this()] {
    error_code ignored;
    self->closed_ = true;
    self->resolver_.cancel();
    self->timer_.cancel();
    self->socket_.close(ignored);
  });
}

void receiver::connect() {
  if (closed_) return;
  resolver_.async_resolve(
    host_, std::to_string(port_),
    [self = shared_from_this()](const error_code& error, const tcp::resolver::results_type& found) {
      if (self->closed_) return;
      if (error) return self->disconnected(error);
      asio::async_connect(self->socket_, found, [self](const error_code& code, auto&&) {
        if (self->closed_) return;
        if (code) return self->disconnected(code);
        self->connected();
      });
    });
}

void receiver::connected() {
  was_connected_ = true;
  tries_ = 0;
  receive();
}

void receiver::disconnected(const error_code& reason) {
  error_code ignored;
  socket_.close(ignored);
  if (options_.max_retry < 0 || tries_ < options_.max_retry) {
    ++tries_;
    retry_later();
  } else if (was_connected_) {
    end();
  } else {
    give_up(fmt::format("cannot connect to {}:{}: {}", host_, port_, reason.message()));
  }
}

void receiver::retry_later() {
  timer_.expires_after(options_.retry_interval);
  timer_.async_wait([self = shared_from_this()](const error_code& error) {
    if (!error) self->connect();
  });
}

void receiver::receive() {
  if (closed_ || !socket_.is_open()) return;
  socket_.async_read_some(asio::buffer(block_),
                          [self = shared_from_this()](const error_code& error, std::size_t size) {
                            if (self->closed_) return;
                            if (size > 0) return self->received(size);
                            if (error == asio::error::eof) return self->disconnected(error);
                            self->give_up(fmt::format("lost the connection to {}:{}: {}",
                                                      self->host_, self->port_, error.message()));
                          });
}

void receiver::received(std::size_t size) {
  {
    std::lock_guard lock(mutex_);
    incoming_.append(block_.data(), size);
    paused_ = incoming_.size() >= options_.max_buffered_bytes;
    if (paused_) size = 0;
  }
  wakeup_();
  if (size > 0) receive();
}

void receiver::end() {
  {
    std::lock_guard lock(mutex_);
    ended_ = true;
  }
  wakeup_();
}

void receiver::give_up(const std::string& what) { fail_(std::make_exception_ptr(io_error(what))); }

} // namespace sluice::internal
