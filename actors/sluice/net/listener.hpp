/// Accepts connections and keeps those in bounds that have not proved themselves.
#pragma once

#include "sluice/net/io_pool.hpp"
#include "sluice/net/peer.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
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

/// The owner stops it and has the pool joined before the pool goes.
///
/// Threading: on the first thread of the pool, but for what says otherwise.
class listener : public std::enable_shared_from_this<listener> {
public:
  struct config {
    endpoint at; ///< an address of this machine, or "localhost"; port 0: any that is free
    std::size_t max_unproven = 1;
    /// Told of trouble, and of connections that are refused.
    std::function<void(std::string)> refused;
  };

  /// What a new connection becomes.
  using make_peer = std::function<std::shared_ptr<peer>(boost::asio::io_context& context,
                                                        boost::asio::ip::tcp::socket socket)>;

  /// Binds; `start` accepts.
  /// Errors: `io_error`.
  listener(io_pool& pool, config c);

  std::uint16_t port() const noexcept { return port_; }

  void start(make_peer make);

  /// From any thread; closes all connections that were accepted.
  void stop(const std::string& why);

  /// From any thread.
  void proven(const std::shared_ptr<peer>& c);
  void closed(const std::shared_ptr<peer>& c);

private:
  using order = std::list<std::shared_ptr<peer>>;
  struct place {
    order* in;
    order::iterator at;
  };

  void accept();
  void accepted(boost::asio::ip::tcp::socket socket, boost::asio::io_context& context);
  void pause(const boost::system::error_code& error);
  void drop_oldest(const std::string& why);

  io_pool& pool_;
  config config_;
  boost::asio::ip::tcp::acceptor acceptor_;
  boost::asio::steady_timer timer_;
  make_peer make_;
  std::uint16_t port_ = 0;

  std::mutex mutex_; // of what follows
  bool stopped_ = false;
  order unproven_; // oldest first
  order dropping_;
  order proven_;
  std::unordered_map<const peer*, place> places_;
};

} // namespace sluice::net
