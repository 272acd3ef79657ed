#include "sluice/runtime/output_channel.hpp"

#include <algorithm>

namespace sluice::runtime {

namespace {

/// A batch that grew beyond this gives its memory back instead of being recycled.
constexpr std::size_t max_recycled_bytes = 256 * 1024;

constexpr std::size_t max_batch_bytes = 64 * 1024;

} // namespace

output_channel::output_channel(std::uint32_t id, const element_type& type, element_sender& sender,
                               channel_window window, std::size_t record_limit)
  : id_(id), sender_(sender), pending_batch_(type.make_batch()), credit_batches_(window.batches),
    credit_bytes_(window.bytes), window_batches_(window.batches) {
  pending = pending_batch_.get();
  max_records = record_limit;
  max_bytes = std::max(max_batch_bytes, type.record_size());
}

void output_channel::append(batch& b) {
  if (pending_batch_->has_timestamps() != b.has_timestamps() && !pending_batch_->empty()) flush();
  for (std::size_t begin = 0; begin < b.size();) {
    auto room = max_records - std::min(max_records, pending_batch_->size());
    auto end = std::min(b.size(), begin + std::max<std::size_t>(room, 1));
    pending_batch_->append_move(b, begin, end);
    if (pending_batch_->size() >= max_records || pending_batch_->bytes() >= max_bytes) flush();
    begin = end;
  }
}

void output_channel::hand_over(batch& b) {
  if (!pending_batch_->empty() || b.size() > max_records || b.size() < max_records / 2) {
    append(b);
    return;
  }
  pending_batch_->swap_contents(b);
  flush();
}

void output_channel::watermark(timestamp w, bool exact) {
  if (exact) {
    flush();
    channel_element e;
    e.kind = channel_element::type::watermark;
    e.time = w;
    e.flag = true;
    submit(std::move(e));
    return;
  }
  waiting_time_ = w;
}

void output_channel::status(bool idle) {
  flush();
  channel_element e;
  e.kind = channel_element::type::status;
  e.flag = idle;
  submit(std::move(e));
}

bool output_channel::control(barrier mark) {
  flush();
  channel_element e;
  e.kind = channel_element::type::barrier;
  e.mark = mark;
  submit(std::move(e));
  return backlog_.empty();
}

void output_channel::overtake(barrier mark, const element_log& log) {
  flush();
  for (auto& e : backlog_) log(e);
  channel_element e;
  e.kind = channel_element::type::barrier;
  e.mark = mark;
  dispatch(std::move(e));
}

void output_channel::overtake_queued(checkpoint_id id, const element_log& log) {
  auto is_mark = [id](const channel_element& e) {
    return e.kind == channel_element::type::barrier && e.mark.kind == barrier_kind::checkpoint
           && e.mark.id == id;
  };
  auto at = std::find_if(backlog_.begin(), backlog_.end(), is_mark);
  if (at == backlog_.end()) return;
  std::for_each(backlog_.begin(), at, log);
  auto mark = std::move(*at);
  backlog_.erase(at);
  dispatch(std::move(mark));
}

void output_channel::end_of_input() {
  flush();
  channel_element e;
  e.kind = channel_element::type::end_of_input;
  submit(std::move(e));
}

void output_channel::flush() {
  aging_ = false;
  channel_element e;
  if (!pending_batch_->empty()) {
    e.kind = channel_element::type::records;
    if (waiting_time_) e.time = *std::exchange(waiting_time_, std::nullopt);
    auto full = std::exchange(pending_batch_, fresh_batch());
    pending = pending_batch_.get();
    e.records = batch_box(std::move(full));
    submit(std::move(e));
  } else if (waiting_time_) {
    e.kind = channel_element::type::watermark;
    e.time = *std::exchange(waiting_time_, std::nullopt);
    submit(std::move(e));
  }
}

void output_channel::flush_older_than(std::chrono::steady_clock::time_point now, duration age) {
  if (!has_pending()) return;
  if (!aging_) {
    aging_ = true; // the partitioner appends without looking at the clock: count from now
    pending_since_ = now;
  } else if (pending_since_ <= now - age) {
    flush();
  }
}

void output_channel::submit(channel_element element) {
  if (backlog_.empty()
      && (element.kind != channel_element::type::records
          || (credit_batches_ > 0 && credit_bytes_ > 0)))
    dispatch(std::move(element));
  else
    backlog_.push_back(std::move(element));
}

void output_channel::dispatch(channel_element element) {
  if (element.kind == channel_element::type::records) {
    --credit_batches_;
    credit_bytes_ -= static_cast<std::int64_t>(element.records->bytes());
    ++batches_sent_;
  }
  sender_.send(id_, std::move(element));
}

void output_channel::add_credit(credit_msg& credit) {
  // Apart: their types' sum would be unsigned.
  credit_batches_ += credit.batches;
  credit_batches_ += credit.window_batches;
  credit_bytes_ += credit.bytes;
  window_batches_ += static_cast<std::uint32_t>(credit.window_batches);
  if (credit.batch_records > 0) max_records = credit.batch_records;
  if (auto b = credit.recycled.take()) recycle(std::move(b));
  while (!backlog_.empty()
         && (backlog_.front().kind != channel_element::type::records
             || (credit_batches_ > 0 && credit_bytes_ > 0))) {
    auto next = std::move(backlog_.front());
    backlog_.pop_front();
    dispatch(std::move(next));
  }
}

void output_channel::recycle(std::unique_ptr<batch> b) {
  if (free_.size() >= window_batches_) return;
  b->clear();
  b->trim(max_recycled_bytes);
  free_.push_back(std::move(b));
}

std::unique_ptr<batch> output_channel::fresh_batch() {
  if (free_.empty()) return pending_batch_->make_empty();
  auto b = std::move(free_.back());
  free_.pop_back();
  return b;
}

output_edge::output_edge(const job_edge& edge, std::uint32_t subtask, std::uint32_t max_parallelism,
                         std::vector<std::unique_ptr<output_channel>> channels)
  : edge_(edge), channels_(std::move(channels)), next_(subtask), random_(subtask + 1) {
  for (auto& c : channels_) targets_.push_back(c.get());
  if (edge.partitioner && (channels_.size() > 1 || edge.send_hashes))
    partitioner_ = edge.partitioner(static_cast<std::uint32_t>(channels_.size()), max_parallelism,
                                    edge.send_hashes);
}

void output_edge::receive(batch& b) {
  switch (edge_.how) {
  case partitioning::forward:
  case partitioning::global:
    channels_.front()->hand_over(b);
    return;
  case partitioning::broadcast:
    broadcast(b);
    return;
  case partitioning::hash:
  case partitioning::custom:
    if (partitioner_)
      partitioner_->partition(b, targets_);
    else
      channels_.front()->hand_over(b);
    return;
  case partitioning::rebalance:
  case partitioning::rescale:
    // A batch, not a record, is what goes round: it is as even in the long run and far cheaper.
    next_ = (next_ + 1) % channels_.size();
    channels_[next_]->hand_over(b);
    return;
  case partitioning::shuffle:
    channels_[random_() % channels_.size()]->hand_over(b);
    return;
  }
}

void output_edge::broadcast(batch& b) {
  if (!copy_) copy_ = b.make_empty();
  for (std::size_t i = 0; i + 1 < channels_.size(); ++i) {
    copy_->clear();
    copy_->append_copy(b, 0, b.size());
    channels_[i]->hand_over(*copy_);
  }
  copy_->clear();
  channels_.back()->hand_over(b);
}

void output_edge::receive_watermark(timestamp w, bool exact) {
  if (edge_.feedback) return; // a loop's time would wait for itself
  watermark_ = std::max(watermark_, w);
  for (auto& c : channels_) c->watermark(w, exact);
}

void output_edge::receive_status(bool idle) {
  if (edge_.feedback) return;
  for (auto& c : channels_) c->status(idle);
}

} // namespace sluice::runtime
