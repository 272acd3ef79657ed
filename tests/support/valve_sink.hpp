/// A sink that takes no records while its valve is closed: the dead-slow end of a job.
#pragma once

#include "sluice/io/sink.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

namespace sluice::testing {

/// Shared by a test and its sinks' writers. Not thread-safe: for the stepped runtime.
template <class T>
struct valve {
  bool open = false;
  std::vector<T> records;
  std::vector<std::function<void()>> wakeups;

  void open_up() {
    open = true;
    for (auto& wake : wakeups) wake();
  }
};

template <class T>
class valve_sink final : public sink<T> {
public:
  explicit valve_sink(std::shared_ptr<valve<T>> through) : through_(std::move(through)) {}

  std::string name() const override { return "valve"; }

  std::unique_ptr<sink_writer> make_writer() const override {
    class writer final : public sink_writer {
    public:
      explicit writer(std::shared_ptr<valve<T>> through) : through_(std::move(through)) {}
      void open(io_context& context, const std::vector<std::string>&) override {
        through_->wakeups.push_back(context.wakeup());
      }
      void write(batch& records) override {
        auto& typed = batch_as<T>(records);
        through_->records.insert(through_->records.end(), typed.begin(), typed.end());
      }
      bool ready() const override { return through_->open; }

    private:
      std::shared_ptr<valve<T>> through_;
    };
    return std::make_unique<writer>(through_);
  }

private:
  std::shared_ptr<valve<T>> through_;
};

} // namespace sluice::testing
