/// The half of a socket sink that lives on the I/O threads.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/strand.hpp>

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

namespace sluice::internal {

/// Connects to a TCP server and sends what it is given, in order.
///
/// Ownership: shared by the writer and by the operations under way, so that either may go first.
/// Thread safety: all public methods from any thread.
class transmitter : public std::enable_shared_from_this<transmitter> {
public:
  transmitter(boost::asio::any_io_executor executor, std::string host, std::uint16_t port,
              std::size_t max_waiting, std::function<void()> wakeup,
              std::function<void(std::exception_ptr)> fail);

  void start();

  /// Takes over `bytes` (which becomes empty) and sends them behind what it has.
  void send(std::string& bytes);

  /// Whether less than the bound waits to be sent. If not, `wakeup` is called when that changes.
  bool ready() const noexcept { return waiting_.load() < max_waiting_; }

  /// Waits until all was handed to the operating system; with `finish`, ends the stream then.
  /// Blocks. Errors: `io_error` if that cannot be any more.
  void drain(bool finish);

  void close();

private:
  using tcp = boost::asio::ip::tcp;

  void connect();
  void write_next();
  void written(const boost::system::error_code& error, std::size_t size);
  void give_up(const std::string& what);

  boost::asio::strand<boost::asio::any_io_executor> strand_;
  tcp::resolver resolver_;
  tcp::socket socket_;
  std::string host_;
  std::uint16_t port_;
  std::size_t max_waiting_;
  std::function<void()> wakeup_;
  std::function<void(std::exception_ptr)> fail_;
  std::atomic<std::size_t> waiting_{0}; // bytes handed over and not sent

  // the strand's
  std::string sending_;
  bool connected_ = false;
  bool writing_ = false;
  bool closed_ = false;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::string queued_;  // guarded by mutex_
  std::string problem_; // guarded by mutex_
};

} // namespace sluice::internal
