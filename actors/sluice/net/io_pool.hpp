/// The data plane's threads.
#pragma once

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include <atomic>
#include <cstddef>
#include <memory>
#include <thread>
#include <vector>

namespace sluice::net {

/// One `io_context` per thread, so that what happens to one connection happens on one thread.
class io_pool {
public:
  explicit io_pool(std::size_t threads);
  io_pool(const io_pool&) = delete;
  ~io_pool();

  boost::asio::io_context& first() noexcept { return *contexts_.front(); }

  /// Takes turns.
  boost::asio::io_context& next() noexcept;

  /// Waits until nothing is left to do.
  void join();

private:
  using guard = boost::asio::executor_work_guard<boost::asio::io_context::executor_type>;

  std::vector<std::unique_ptr<boost::asio::io_context>> contexts_;
  std::vector<guard> guards_;
  std::vector<std::thread> threads_;
  std::atomic<std::size_t> turn_{0};
};

} // namespace sluice::net
