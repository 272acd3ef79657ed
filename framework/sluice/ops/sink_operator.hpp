/// The end of a chain: hands records to a sink's writer, or to a user's function.
#pragma once

#include "sluice/io/sink.hpp"
#include "sluice/ops/operator.hpp"
#include "sluice/ops/process.hpp"
#include "sluice/ops/record_loop.hpp"

#include <memory>

namespace sluice::ops {

/// The counter of what sinks have been handed.
inline constexpr const char* records_written = "records_written";

/// Hosts a `sink_writer`.
class sink_operator final : public stream_operator {
public:
  explicit sink_operator(std::shared_ptr<const sink_base> sink)
    : sink_(std::move(sink)), writer_(sink_->make_writer()) {}

  void restore_writers(std::vector<std::string> states) override { restored_ = std::move(states); }

  void open(operator_context& context) override {
    stream_operator::open(context);
    written_ = context.make_counter(records_written);
    writer_->open(context, restored_);
  }

  void process(batch& b, std::uint32_t) override {
    auto size = b.size();
    writer_->write(b);
    written_->add(size);
    request_flush();
  }
  bool ready() const override { return writer_->ready(); }
  void on_idle() override {
    writer_->flush();
    request_flush();
  }
  void on_processing_time(timestamp) override { on_idle(); }

  prepare_commit_work prepare_commit(std::uint64_t checkpoint_id, bool end_of_input) override {
    return writer_->prepare_commit(checkpoint_id, end_of_input);
  }
  void commit(const std::vector<std::string>& committables) override {
    writer_->commit(committables);
  }

private:
  void request_flush() {
    if (auto at = writer_->flush_due()) context_->request_processing_time(*at);
  }

  std::shared_ptr<const sink_base> sink_;
  std::unique_ptr<sink_writer> writer_;
  std::shared_ptr<counter> written_;
  std::vector<std::string> restored_;
};

/// Calls a user's function per record: `f(const T&)`, or an object with `invoke(const T&)` and
/// optionally `open(runtime_context&)` and `finish()`.
template <class T, class F>
class function_sink_operator final : public stream_operator {
public:
  explicit function_sink_operator(F f) : f_(std::move(f)) {}

  void open(operator_context& context) override {
    stream_operator::open(context);
    written_ = context.make_counter(records_written);
    if constexpr (requires(runtime_context& c) { f_.open(c); }) {
      runtime_context user(context);
      detail::guarded({}, [&] { f_.open(user); });
    }
  }

  void process(batch& b, std::uint32_t) override {
    const auto* rows = batch_as<T>(b).data();
    detail::for_each_record(b, b.size(), [&](std::size_t i) {
      if constexpr (requires { f_.invoke(rows[i]); })
        f_.invoke(rows[i]);
      else
        std::invoke(f_, rows[i]);
    });
    written_->add(b.size());
  }

  void finish() override {
    if constexpr (requires { f_.finish(); }) detail::guarded({}, [&] { f_.finish(); });
  }

private:
  F f_;
  std::shared_ptr<counter> written_;
};

} // namespace sluice::ops
