#include "sluice/net/io_pool.hpp"

#include <algorithm>

namespace sluice::net {

io_pool::io_pool(std::size_t threads) {
  for (std::size_t i = 0; i < std::max<std::size_t>(threads, 1); ++i) {
    contexts_.push_back(std::make_unique<boost::asio::io_context>(1));
    guards_.push_back(boost::asio::make_work_guard(*contexts_.back()));
  }
  for (auto& c : contexts_) threads_.emplace_back([context = c.get()] { context->run(); });
}

io_pool::~io_pool() { join(); }

boost::asio::io_context& io_pool::next() noexcept {
  return *contexts_[turn_.fetch_add(1, std::memory_order_relaxed) % contexts_.size()];
}

void io_pool::join() {
  guards_.clear();
  for (auto& t : threads_)
    if (t.joinable()) t.join();
}

} // namespace sluice::net
