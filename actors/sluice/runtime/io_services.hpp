/// Threads for what must not run on an actor: blocking work and Boost.Asio.
#pragma once

#include "sluice/core/clock.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <chrono>
#include <functional>
#include <memory>

namespace sluice::runtime {

/// Runs work one after the other, in order, on threads that may block.
///
/// Thread safety: `post` from any thread. Work that was posted runs even if the strand is dropped.
class blocking_strand {
public:
  virtual ~blocking_strand() = default;
  virtual void post(std::function<void()> work) = 0;
};

/// What a runtime has besides actors. Tests replace it by something that they step by hand.
class io_services {
public:
  virtual ~io_services() = default;
  virtual std::shared_ptr<blocking_strand> make_strand() = 0;
  virtual boost::asio::any_io_executor io_executor() = 0;
  virtual const clock& processing_clock() const noexcept = 0;

  /// Time for measuring how long things take.
  virtual std::chrono::steady_clock::time_point steady_now() const noexcept {
    return std::chrono::steady_clock::now();
  }
};

/// Real threads, started when first needed. The destructor waits for posted work.
std::unique_ptr<io_services> make_io_services();

} // namespace sluice::runtime
