#include "sluice/connect/socket/internal/transmitter.hpp"

#include "sluice/core/errors.hpp"

#include <boost/asio/connect.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>
#include <fmt/format.h>

namespace sluice::internal {

namespace asio = boost::asio;
using boost::system::error_code;

transmitter::transmitter(asio::any_io_executor executor, std::string host, std::uint16_t port,
                         std::size_t max_waiting, std::function<void()> wakeup,
                         std::function<void(std::exception_ptr)> fail)
  : strand_(asio::make_strand(executor)), resolver_(strand_), socket_(strand_),
    host_(std::move(host)), port_(port), max_waiting_(max_waiting), wakeup_(std::move(wakeup)),
    fail_(std::move(fail)) {}

void transmitter::start() {
  asio::post(strand_, [self = shared_from_this()] { self->connect(); });
}

void transmitter::send(std::string& bytes) {
  if (bytes.empty()) return;
  {
    std::lock_guard lock(mutex_);
    waiting_ += bytes.size();
    if (queued_.empty())
      queued_.swap(bytes);
    else
      queued_ += bytes;
  }
  bytes.clear();
  asio::post(strand_, [self = shared_from_this()] { self->write_next(); });
}

void transmitter::drain(bool finish) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return waiting_ == 0 || !problem_.empty(); });
  if (!problem_.empty()) throw io_error(problem_);
  lock.unlock();
  if (!finish) return;
  asio::post(strand_, [self = shared_from_this()] {
    error_code ignored;
    self->socket_.shutdown(tcp::socket::shutdown_send, ignored);
  });
}

void transmitter::close() {
  {
    std::lock_guard lock(mutex_);
    if (problem_.empty())
      problem_ = fmt::format("the connection to {}:{} was closed", host_, port_);
  }
  changed_.notify_all();
  asio::post(strand_, [self = shared_from_this()] {
    error_code ignored;
    self->closed_ = true;
    self->resolver_.cancel();
    self->socket_.close(ignored);
  });
}

void transmitter::connect() {
  if (closed_) return;
  auto refused = [](transmitter& self, const error_code& error) {
    self.give_up(
      fmt::format("cannot connect to {}:{}: {}", self.host_, self.port_, error.message()));
  };
  resolver_.async_resolve(host_, std::to_string(port_),
                          [self = shared_from_this(), refused](
                            const error_code& error, const tcp::resolver::results_type& found) {
                            if (self->closed_) return;
                            if (error) return refused(*self, error);
                            asio::async_connect(self->socket_, found,
                                                [self, refused](const error_code& code, auto&&) {
                                                  if (self->closed_) return;
                                                  if (code) return refused(*self, code);
                                                  self->connected_ = true;
                                                  self->write_next();
                                                });
                          });
}

void transmitter::write_next() {
  if (closed_ || !connected_ || writing_) return;
  {
    std::lock_guard lock(mutex_);
    sending_.clear();
    sending_.swap(queued_);
  }
  if (sending_.empty()) return;
  writing_ = true;
  asio::async_write(socket_, asio::buffer(sending_),
                    [self = shared_from_this()](const error_code& error, std::size_t size) {
                      self->written(error, size);
                    });
}

void transmitter::written(const error_code& error, std::size_t size) {
  writing_ = false;
  if (closed_) return;
  if (error)
    return give_up(fmt::format("cannot write to {}:{}: {}", host_, port_, error.message()));
  std::size_t before = 0;
  {
    std::lock_guard lock(mutex_);
    before = waiting_.fetch_sub(size);
  }
  changed_.notify_all();
  if (before >= max_waiting_ && before - size < max_waiting_) wakeup_();
  write_next();
}

void transmitter::give_up(const std::string& what) {
  {
    std::lock_guard lock(mutex_);
    problem_ = what;
  }
  changed_.notify_all();
  fail_(std::make_exception_ptr(io_error(what)));
}

} // namespace sluice::internal
