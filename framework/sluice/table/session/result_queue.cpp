#include "sluice/table/session/result_queue.hpp"

namespace sluice::table {

void result_queue::put(columnar_batch& rows) {
  auto batch = std::make_unique<columnar_batch>();
  rows.swap_contents(*batch);
  std::lock_guard lock(mutex_);
  if (closed_) return;
  rows_ += batch->size();
  batches_.push_back(std::move(batch));
  changed_.notify_all();
}

bool result_queue::full() const {
  std::lock_guard lock(mutex_);
  return rows_ >= max_rows && !closed_;
}

void result_queue::on_space(std::function<void()> wakeup) {
  std::lock_guard lock(mutex_);
  wakeups_.push_back(std::move(wakeup));
}

void result_queue::writer_ended() {
  std::lock_guard lock(mutex_);
  ended_ = true;
  changed_.notify_all();
}

std::unique_ptr<columnar_batch> result_queue::take(std::chrono::steady_clock::time_point deadline) {
  std::unique_lock lock(mutex_);
  changed_.wait_until(lock, deadline, [&] { return !batches_.empty() || ended_ || closed_; });
  if (batches_.empty()) {
    ended_ = false; // said; not before, or who takes the last rows would never hear of it
    return nullptr;
  }
  auto was_full = rows_ >= max_rows;
  auto batch = std::move(batches_.front());
  batches_.pop_front();
  rows_ -= batch->size();
  auto wakeups = was_full && rows_ < max_rows ? wakeups_ : std::vector<std::function<void()>>{};
  lock.unlock();
  for (auto& wake : wakeups) wake();
  return batch;
}

void result_queue::close() {
  std::unique_lock lock(mutex_);
  closed_ = true;
  batches_.clear();
  rows_ = 0;
  changed_.notify_all();
  auto wakeups = wakeups_;
  lock.unlock();
  for (auto& wake : wakeups) wake();
}

namespace {

class result_writer final : public sink_writer {
public:
  explicit result_writer(std::shared_ptr<result_queue> queue) : queue_(std::move(queue)) {}

  void open(io_context& context, const std::vector<std::string>&) override {
    queue_->on_space(context.wakeup());
  }
  void write(batch& records) override { queue_->put(as_columnar(records)); }
  bool ready() const override { return !queue_->full(); }

  std::function<writer_snapshot()> prepare_commit(std::uint64_t, bool end_of_input) override {
    if (end_of_input) queue_->writer_ended();
    return nullptr;
  }

private:
  std::shared_ptr<result_queue> queue_;
};

class result_sink final : public sink_base {
public:
  explicit result_sink(std::shared_ptr<result_queue> queue) : queue_(std::move(queue)) {}

  const element_type& type() const noexcept override { return columnar_rows(); }
  std::string name() const override { return "result"; }
  bool process_local() const noexcept override { return true; }
  std::unique_ptr<sink_writer> make_writer() const override {
    return std::make_unique<result_writer>(queue_);
  }

private:
  std::shared_ptr<result_queue> queue_;
};

} // namespace

std::shared_ptr<const sink_base> make_result_sink(std::shared_ptr<result_queue> queue) {
  return std::make_shared<result_sink>(std::move(queue));
}

} // namespace sluice::table
