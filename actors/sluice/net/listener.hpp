/// Accepts connections and keeps those in bounds that have not proved themselves.
#pragma once

#include "sluice/net/connection.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <cstddef>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

namespace sluice::net {

/// Says what was refused, ten times a second at most.
class refusal_log {
public:
  explicit refusal_log(std::function<void(std::string)> sink) : sink_(std::move(sink)) {}

  /// From any thread.
  void add(std::string why);

private:
  std::function<void(std::string)> sink_;
  std::mutex mutex_;
  std::chrono::steady_clock::time_point second_{};
  std::size_t said_ = 0;
  std::size_t left_out_ = 0;
};

/// Threading: on the first thread of the pool, but for what says otherwise.
class listener : public std::enable_shared_from_this<listener> {
public:
  /// Binds; `start` accepts.
  /// Errors: `io_error`.
  explicit listener(plane_context& plane);

  std::uint16_t port() const noexcept { return port_; }

  void start(std::weak_ptr<plane_context> plane);

  /// From any thread; closes all connections that were accepted.
  void stop(const std::string& why);

  /// From any thread.
  void proven(const std::shared_ptr<connection>& c);
  void closed(const std::shared_ptr<connection>& c);

private:
  using order = std::list<std::shared_ptr<connection>>;
  struct place {
    order* in;
    order::iterator at;
  };

  void accept();
  void accepted(boost::asio::ip::tcp::socket socket, boost::asio::io_context& context);
  void pause(const boost::system::error_code& error);
  void drop_oldest(const std::string& why);

  boost::asio::ip::tcp::acceptor acceptor_;
  boost::asio::steady_timer timer_;
  std::weak_ptr<plane_context> plane_;
  std::uint16_t port_ = 0;
  std::size_t max_unproven_;

  std::mutex mutex_; // of what follows
  bool stopped_ = false;
  order unproven_; // oldest first
  order dropping_;
  order proven_;
  std::unordered_map<const connection*, place> places_;
};

} // namespace sluice::net
