/// The half of a socket source that lives on the I/O threads.
#pragma once

#include "sluice/connect/socket/socket_options.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>

#include <array>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

namespace sluice::internal {

/// Connects to a TCP server and receives, as long as somebody takes the bytes.
///
/// Ownership: shared by the reader and by the operations under way, so that either may go first.
/// Thread safety: `take` and `close` from any thread; the rest on the strand.
class receiver : public std::enable_shared_from_this<receiver> {
public:
  receiver(boost::asio::any_io_executor executor, std::string host, std::uint16_t port,
           socket_source_options options, std::function<void()> wakeup,
           std::function<void(std::exception_ptr)> fail);

  void start();

  /// Appends what has been received to `out`. False: nothing more will come.
  bool take(std::string& out);

  void close();

private:
  using tcp = boost::asio::ip::tcp;

  void connect();
  void connected();
  void disconnected(const boost::system::error_code& reason);
  void receive();
  void received(std::size_t size);
  void retry_later();
  void end();
  void give_up(const std::string& what);

  boost::asio::strand<boost::asio::any_io_executor> strand_;
  tcp::resolver resolver_;
  tcp::socket socket_;
  boost::asio::steady_timer timer_;
  std::string host_;
  std::uint16_t port_;
  socket_source_options options_;
  std::function<void()> wakeup_;
  std::function<void(std::exception_ptr)> fail_;
  int tries_ = 0;
  bool was_connected_ = false;
  bool closed_ = false;
  std::array<char, 64 * 1024> block_;

  std::mutex mutex_;
  std::string incoming_; // guarded by mutex_
  bool paused_ = false;  // guarded by mutex_: nothing is being read
  bool ended_ = false;   // guarded by mutex_
};

} // namespace sluice::internal
