/// Prints records, a line each.
#pragma once

#include "sluice/core/text.hpp"
#include "sluice/io/sink.hpp"

#include <functional>
#include <memory>
#include <string>

namespace sluice {

struct print_options {
  /// Put in front of each line, as `name> `.
  std::string name;
  bool standard_error = false;
};

namespace detail {

/// Collects lines and writes them on the task's blocking strand: a slow terminal or a full pipe
/// holds up this sink, not a worker.
class print_writer : public sink_writer {
public:
  explicit print_writer(print_options options) : options_(std::move(options)) {}

  void open(io_context& context, const std::vector<std::string>& states) override;
  bool ready() const override;
  void flush() override;
  std::function<writer_snapshot()> prepare_commit(std::uint64_t, bool) override;

protected:
  std::string& begin_line() {
    text_ += prefix_;
    return text_;
  }
  void flush_if_long() {
    if (text_.size() >= 64 * 1024) flush();
  }

private:
  print_options options_;
  std::string prefix_;
  std::string text_;
  io_context* context_ = nullptr;
  struct shared;
  std::shared_ptr<shared> shared_;
};

} // namespace detail

/// The sink behind `print()`. With a parallelism above 1, lines begin with the subtask, as `2> `.
template <class T>
class print_sink final : public sink<T> {
public:
  explicit print_sink(print_options options = {}) : options_(std::move(options)) {}

  std::string name() const override { return "print"; }

  std::unique_ptr<sink_writer> make_writer() const override {
    class writer final : public detail::print_writer {
    public:
      using detail::print_writer::print_writer;
      void write(batch& records) override {
        for (auto& r : batch_as<T>(records)) {
          auto& line = begin_line();
          append_text(line, r);
          line += '\n';
          flush_if_long();
        }
      }
    };
    return std::make_unique<writer>(options_);
  }

private:
  print_options options_;
};

} // namespace sluice
