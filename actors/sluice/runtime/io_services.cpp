#include "sluice/runtime/io_services.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/thread_pool.hpp>

#include <mutex>
#include <optional>
#include <thread>

namespace sluice::runtime {

namespace {

namespace asio = boost::asio;

/// Enough for readers and writers of a machine's disks; more only contend.
constexpr std::size_t num_blocking_threads = 8;

class pool_strand final : public blocking_strand {
public:
  explicit pool_strand(asio::thread_pool& pool) : strand_(asio::make_strand(pool)) {}

  void post(std::function<void()> work) override { asio::post(strand_, std::move(work)); }

private:
  asio::strand<asio::thread_pool::executor_type> strand_;
};

class threaded_io_services final : public io_services {
public:
  ~threaded_io_services() override {
    if (pool_) pool_->join();
    if (io_thread_.joinable()) {
      guard_.reset();
      io_.stop();
      io_thread_.join();
    }
  }

  std::shared_ptr<blocking_strand> make_strand() override {
    std::call_once(pool_once_, [this] { pool_.emplace(num_blocking_threads); });
    return std::make_shared<pool_strand>(*pool_);
  }

  asio::any_io_executor io_executor() override {
    std::call_once(io_once_, [this] {
      guard_.emplace(io_.get_executor());
      io_thread_ = std::thread([this] { io_.run(); });
    });
    return io_.get_executor();
  }

  const clock& processing_clock() const noexcept override { return clock_; }

private:
  system_clock clock_;
  std::once_flag pool_once_;
  std::optional<asio::thread_pool> pool_;
  std::once_flag io_once_;
  asio::io_context io_{1};
  std::optional<asio::executor_work_guard<asio::io_context::executor_type>> guard_;
  std::thread io_thread_;
};

} // namespace

std::unique_ptr<io_services> make_io_services() { return std::make_unique<threaded_io_services>(); }

} // namespace sluice::runtime
