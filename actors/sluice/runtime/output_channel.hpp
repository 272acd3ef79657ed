/// The sending end of a channel, and the edge that spreads records over its channels.
#pragma once

#include "sluice/ops/output.hpp"
#include "sluice/ops/partitioner.hpp"
#include "sluice/plan/job_graph.hpp"
#include "sluice/runtime/messages.hpp"

#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <random>
#include <vector>

namespace sluice::runtime {

/// Where the elements of a channel go. Implemented by the task.
class element_sender {
public:
  virtual void send(std::uint32_t output_channel, channel_element element) = 0;

protected:
  ~element_sender() = default;
};

/// Window of a channel at its start: what may be under way, unprocessed.
struct channel_window {
  std::uint32_t batches = max_window_batches;
  std::int64_t bytes = max_window_bytes;
};

/// Sends batches as far as credit goes and keeps the rest, in order.
///
/// Owner: one task. Invariant: batches sent and not given back never exceed the window (bytes may,
/// by one batch: a record larger than the window must get through).
class output_channel final : public partition_target {
public:
  output_channel(std::uint32_t id, const element_type& type, element_sender& sender,
                 channel_window window, std::size_t record_limit);

  /// Appends all of `b`, sending what fills up.
  void append(batch& b);

  /// Sends `b` as it is where that saves copying: one consumer, and the batch is well filled.
  void hand_over(batch& b);

  /// Event time behind everything appended so far.
  void watermark(timestamp w, bool exact);
  void status(bool idle);

  /// Sends `mark` behind everything else. False: it waits for credit, as what is before it does.
  bool control(barrier mark);

  using element_log = std::function<void(const channel_element&)>;

  /// Sends `mark` at once. Calls `log` for everything that it overtakes, in order.
  void overtake(barrier mark, const element_log& log);

  /// The same for the barrier of checkpoint `id`, if it waits in the queue.
  void overtake_queued(checkpoint_id id, const element_log& log);

  void end_of_input();

  /// Sends an element that waited here in an earlier attempt. REQUIRES: nothing new was sent.
  void resend(channel_element element) { submit(std::move(element)); }

  /// Sends the records collected so far.
  void flush();
  void flush_full() override { flush(); }

  /// `flush` if records or a watermark wait for `age` and longer.
  void flush_older_than(std::chrono::steady_clock::time_point now, duration age);

  void add_credit(credit_msg& credit);

  /// Takes back a batch that was sent, to be filled again.
  void recycle(std::unique_ptr<batch> b);

  /// Whether a batch can be sent at once and nothing waits.
  bool ready() const noexcept {
    return backlog_.empty() && credit_batches_ > 0 && credit_bytes_ > 0;
  }

  /// Whether anything waits for credit.
  bool drained() const noexcept { return backlog_.empty(); }

  bool has_pending() const noexcept { return !pending_batch_->empty() || waiting_time_; }

  std::uint64_t num_batches_sent() const noexcept { return batches_sent_; }

private:
  void submit(channel_element element);
  void dispatch(channel_element element);
  std::unique_ptr<batch> fresh_batch();

  std::uint32_t id_;
  element_sender& sender_;
  std::unique_ptr<batch> pending_batch_;
  std::vector<std::unique_ptr<batch>> free_;
  std::deque<channel_element> backlog_;
  std::int64_t credit_batches_;
  std::int64_t credit_bytes_;
  std::uint32_t window_batches_;
  std::uint64_t batches_sent_ = 0;
  std::optional<timestamp> waiting_time_;
  std::chrono::steady_clock::time_point pending_since_{};
  bool aging_ = false;
};

/// One output edge of one subtask.
class output_edge final : public batch_receiver {
public:
  output_edge(const job_edge& edge, std::uint32_t subtask, std::uint32_t max_parallelism,
              std::vector<std::unique_ptr<output_channel>> channels);

  void receive(batch& b) override;
  void receive_watermark(timestamp w, bool exact) override;
  void receive_status(bool idle) override;

  const job_edge& edge() const noexcept { return edge_; }

  /// What was sent last.
  timestamp watermark() const noexcept { return watermark_; }
  std::vector<std::unique_ptr<output_channel>>& channels() noexcept { return channels_; }

private:
  void broadcast(batch& b);

  const job_edge& edge_;
  std::vector<std::unique_ptr<output_channel>> channels_;
  std::vector<partition_target*> targets_;
  std::unique_ptr<record_partitioner> partitioner_;
  std::unique_ptr<batch> copy_;
  std::size_t next_ = 0;
  timestamp watermark_ = min_timestamp;
  std::minstd_rand random_;
};

} // namespace sluice::runtime
