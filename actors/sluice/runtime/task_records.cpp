/// What a task does with the elements that arrive: records, event time, barriers, ends.
#include "sluice/runtime/task.hpp"

#include <caf/send.hpp>

namespace sluice::runtime {

/// An element has come over the wire.
void task::arrive(std::uint32_t channel, channel_element& e) {
  using type = channel_element::type;
  if (e.kind == type::barrier && e.mark.kind == barrier_kind::checkpoint) {
    auto mark = e.mark;
    if (mark.id <= last_checkpoint_) { // taken already: this barrier was overtaken by others
      if (logging_ && logging_->id == mark.id) gate_.caught_up(channel);
      write_snapshot_if_complete();
      return;
    }
    if (mark.id <= gate_.settled()) return; // given up
    gate_.enqueue(channel, std::move(e));
    if (mark.overtake_at != max_timestamp) arm_overtake(mark);
    return;
  }
  if (gate_.overtaken(channel)) [[unlikely]] {
    if (e.kind == type::end_of_input) {
      gate_.caught_up(channel);
      write_snapshot_if_complete();
    } else {
      log_input(channel, e, logging_->in_flight);
    }
  }
  gate_.enqueue(channel, std::move(e));
}

void task::handle(input_gate::next n) {
  auto& e = n.element;
  switch (e.kind) {
  case channel_element::type::records:
    handle_records(std::move(n));
    break;
  case channel_element::type::watermark:
    if (auto w = gate_.advance(n.channel, e.time)) handle_watermark(*w, e.flag);
    break;
  case channel_element::type::status: {
    auto w = gate_.set_idle(n.channel, e.flag);
    if (gate_.all_idle() != status_idle_) {
      status_idle_ = !status_idle_;
      chain_->status(status_idle_);
    }
    if (w) handle_watermark(*w, false);
    break;
  }
  case channel_element::type::barrier: {
    auto hold = spec_.graph->config.checkpoints.mode == checkpointing_mode::exactly_once;
    after_alignment(gate_.align(n.channel, e.mark, hold));
    break;
  }
  case channel_element::type::end_of_input:
    handle_end(n.channel);
    break;
  }
}

void task::handle_records(input_gate::next n) {
  auto& b = *n.element.records;
  auto bytes = static_cast<std::int64_t>(b.bytes());
  spec_.probe->records_in.add(b.size());
  spec_.probe->bytes_in.add(static_cast<std::uint64_t>(bytes));
  if (gate_.at(n.channel).idle) {
    gate_.set_idle(n.channel, false);
    if (status_idle_) {
      status_idle_ = false;
      chain_->status(false);
    }
  }
  partial_bytes_ = bytes;
  partial_done_ = 0;
  if (feed_slice(b, gate_.at(n.channel).input, partial_done_))
    complete_batch(n, bytes);
  else
    partial_ = std::move(n);
}

/// The next part of a batch that takes too long, or makes too much, to be handled at once.
void task::handle_slice() {
  if (!feed_slice(*partial_->element.records, gate_.at(partial_->channel).input, partial_done_))
    return;
  auto done = std::move(*partial_);
  partial_.reset();
  complete_batch(done, partial_bytes_);
}

/// Most records to take on at once.
std::size_t task::slice_limit() const noexcept {
  return slices_ ? std::min(slices_->next(), slicer_.limit()) : slicer_.limit();
}

/// Passes the next records of `b`, from `done` on, to the chain. Returns whether all are handled.
bool task::feed_slice(batch& b, std::uint32_t input, std::size_t& done) {
  auto n = std::min(slice_limit(), b.size() - done);
  if (n == b.size()) {
    process(b, input);
    return true;
  }
  if (!slice_ || !(slice_->type() == b.type())) slice_ = b.make_empty();
  slice_->append_move(b, done, done + n);
  done += n;
  process(*slice_, input);
  slice_->clear();
  return done == b.size();
}

void task::process(batch& b, std::uint32_t input) {
  auto started = now_;
  auto records = b.size();
  if (spill_ && spill_->spilling() && !draining_) {
    spill_->add(b, input);
  } else {
    auto bytes = b.bytes();
    auto made = slices_ ? chain_->output_bytes() : 0;
    chain_->process(b, input);
    if (slices_) slices_->handled(records, chain_->output_bytes() - made);
    if (spill_ && !draining_) spill_->handled(bytes, chain_->head(), snapshot_in_progress_);
  }
  flush_aged();
  measure(records, started);
}

void task::complete_batch(input_gate::next& n, std::int64_t bytes) {
  n.element.records->clear();
  if (!n.restored) return_credit(n.channel, bytes, std::move(n.element.records));
  if (n.element.time != min_timestamp)
    if (auto w = gate_.advance(n.channel, n.element.time)) handle_watermark(*w, false);
}

/// Learns from how long `records` took, up to now.
void task::measure(std::size_t records, std::chrono::steady_clock::time_point since) {
  slicer_.handled(records, now_ - since);
  debloater_.handled(records);
  if (!debloater_.due(now_)) return;
  auto& p = *spec_.probe;
  debloater_.update(now_, p.busy_ns.get() + p.backpressured_ns.get() + nanos(now_ - run_started_));
  p.input_window_records.set(debloater_.records_in_windows());
}

/// A source whose chain is slow, or makes much of a record, is asked for few records.
void task::poll_less_or_more() {
  auto records = std::min(slice_limit(), full_poll_);
  if (records == poll_records_) return;
  poll_records_ = records;
  chain_->source()->set_batch_records(records);
}

void task::handle_watermark(timestamp w, bool exact) {
  if (time_stands_still_) return;
  spec_.probe->watermark.store(w, std::memory_order_relaxed);
  if (w == max_timestamp) watermark_done_ = true;
  chain_->watermark(w, exact);
}

void task::return_credit(std::uint32_t channel, std::int64_t bytes, batch_box recycled) {
  auto& from = peers_.inputs[channel];
  auto& credit = owed_[channel];
  credit.attempt = spec_.attempt;
  credit.channel = from.channel;
  ++credit.batches;
  credit.bytes += bytes;
  auto& granted = debloater_.granted(channel);
  if (auto& wanted = debloater_.wanted(channel); wanted != granted) [[unlikely]] {
    credit.window_batches
      = static_cast<std::int32_t>(wanted.batches) - static_cast<std::int32_t>(granted.batches);
    credit.batch_records = wanted.records;
    granted = wanted;
  }
  if (from.remote) {
    from.remote->recycle(std::move(recycled));
    // Each message is a packet and wakes two threads of the sender, which has enough left to go on.
    auto may_wait = credit.batches * 4 < granted.batches
                    && credit.bytes * 4 < max_remote_window_bytes && credit.window_batches == 0
                    && credit.batch_records == 0;
    if (!may_wait) from.remote->credit(std::exchange(credit, {}));
  } else {
    credit.recycled = std::move(recycled);
    self_->send<caf::message_priority::high>(from.from, std::exchange(credit, {}));
  }
}

void task::send(std::uint32_t output_channel, channel_element element) {
  auto [edge, target] = output_at_[output_channel];
  auto& to = peers_.outputs[edge][target];
  // Only barriers that may overtake are waited for: an aligned snapshot does not count those
  // queued.
  if (element.kind == channel_element::type::barrier && logging_ && logging_->barriers_queued > 0
      && element.mark.kind == barrier_kind::checkpoint && element.mark.id == logging_->id)
    --logging_->barriers_queued;
  if (element.kind == channel_element::type::records) {
    spec_.probe->records_out.add(element.records->size());
    spec_.probe->bytes_out.add(element.records->bytes());
  }
  if (to.remote) {
    to.remote->send(element);
    if (auto b = element.records.take()) channels_[output_channel]->recycle(std::move(b));
  } else {
    self_->send(to.to, element_msg{spec_.attempt, to.channel, std::move(element)});
  }
}

void task::handle_end(std::uint32_t channel) {
  auto w = gate_.end(channel);
  if (w) handle_watermark(*w, true);
  auto input = gate_.at(channel).input;
  bool on_disk = spill_ && spill_->spilling();
  if (!on_disk && !finished_on_restore_ && !gate_.at(channel).feedback && gate_.input_ended(input))
    chain_->finish_input(input);
  while (auto mark = gate_.realign()) after_alignment(mark);
  if (gate_.all_ended()) finish_inputs();
}

} // namespace sluice::runtime
