#include "sluice/net/listener.hpp"

#include "sluice/core/errors.hpp"

#include <boost/asio/post.hpp>
#include <fmt/format.h>

#include <algorithm>

namespace sluice::net {

namespace {

namespace asio = boost::asio;
using tcp = asio::ip::tcp;

constexpr std::size_t lines_per_second = 10;

/// Until this process may have file descriptors or memory again.
constexpr auto pause_without_resources = std::chrono::milliseconds(100);

bool is_lack_of_resources(const boost::system::error_code& e) {
  return e == asio::error::no_descriptors || e == asio::error::no_memory
         || e == asio::error::no_buffer_space
         || e == boost::system::errc::too_many_files_open_in_system;
}

} // namespace

void refusal_log::add(std::string why) {
  if (!sink_) return;
  {
    std::lock_guard lock(mutex_);
    auto now = std::chrono::steady_clock::now();
    if (now - second_ >= std::chrono::seconds(1)) {
      second_ = now;
      said_ = 0;
    }
    if (said_ == lines_per_second) {
      ++left_out_;
      return;
    }
    ++said_;
    if (auto n = std::exchange(left_out_, 0); n > 0) why += fmt::format(" (and {} more before)", n);
  }
  sink_(std::move(why));
}

listener::listener(io_pool& pool, config c)
  : pool_(pool), config_(std::move(c)), acceptor_(pool.first()), timer_(pool.first()) {
  auto where = to_string(config_.at);
  boost::system::error_code error;
  auto address
    = asio::ip::make_address(config_.at.host == "localhost" ? "127.0.0.1" : config_.at.host, error);
  if (error) throw io_error(fmt::format("cannot listen at {}: not an address", where));
  tcp::endpoint at(address, config_.at.port);
  acceptor_.open(at.protocol(), error);
  if (!error) acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor_.bind(at, error);
  if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
  if (!error) port_ = acceptor_.local_endpoint(error).port();
  if (error) throw io_error(fmt::format("cannot listen at {}: {}", where, error.message()));
}

void listener::start(make_peer make) {
  make_ = std::move(make);
  asio::post(acceptor_.get_executor(), [self = shared_from_this()] { self->accept(); });
}

void listener::accept() {
  if (!acceptor_.is_open()) return;
  auto& context = pool_.next();
  acceptor_.async_accept(context, [self = shared_from_this(), &context](
                                    const boost::system::error_code& error, tcp::socket socket) {
    if (error == asio::error::operation_aborted) return;
    if (!error) self->accepted(std::move(socket), context);
    // One that is gone again is its own trouble; anything else is ours, and will not pass at once.
    if (error && error != asio::error::connection_aborted) return self->pause(error);
    self->accept();
  });
}

void listener::accepted(tcp::socket socket, asio::io_context& context) {
  auto c = make_(context, std::move(socket));
  bool crowded = false;
  {
    std::lock_guard lock(mutex_);
    if (stopped_) return;
    places_[c.get()] = {&unproven_, unproven_.insert(unproven_.end(), c)};
    crowded = unproven_.size() > std::max<std::size_t>(config_.max_unproven, 1);
  }
  if (crowded) drop_oldest("too many connections have not proved themselves");
  c->start();
}

/// Connections that wait in the system's queue are accepted later.
void listener::pause(const boost::system::error_code& error) {
  config_.refused(fmt::format("connections must wait: {}", error.message()));
  if (is_lack_of_resources(error)) drop_oldest(error.message());
  timer_.expires_after(pause_without_resources);
  timer_.async_wait([self = shared_from_this()](const boost::system::error_code& stopped) {
    if (!stopped) self->accept();
  });
}

void listener::drop_oldest(const std::string& why) {
  std::shared_ptr<peer> oldest;
  {
    std::lock_guard lock(mutex_);
    if (unproven_.empty()) return;
    // It stays in the books until it is closed, but its turn does not come again.
    oldest = unproven_.front();
    dropping_.splice(dropping_.end(), unproven_, unproven_.begin());
    places_[oldest.get()].in = &dropping_;
  }
  oldest->refuse(why);
}

void listener::proven(const std::shared_ptr<peer>& c) {
  std::lock_guard lock(mutex_);
  auto at = places_.find(c.get());
  if (at == places_.end()) return; // stopped
  proven_.splice(proven_.end(), *at->second.in, at->second.at);
  at->second.in = &proven_;
}

void listener::closed(const std::shared_ptr<peer>& c) {
  std::lock_guard lock(mutex_);
  auto at = places_.find(c.get());
  if (at == places_.end()) return;
  at->second.in->erase(at->second.at);
  places_.erase(at);
}

void listener::stop(const std::string& why) {
  order all;
  {
    std::lock_guard lock(mutex_);
    stopped_ = true;
    places_.clear();
    all.splice(all.end(), unproven_);
    all.splice(all.end(), dropping_);
    all.splice(all.end(), proven_);
  }
  for (auto& c : all) c->stop(why);
  asio::post(acceptor_.get_executor(), [self = shared_from_this()] {
    boost::system::error_code ignored; // it is closed in any case
    self->acceptor_.close(ignored);
    self->timer_.cancel();
  });
}

} // namespace sluice::net
