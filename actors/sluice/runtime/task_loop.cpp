/// Feedback loops: what an iteration head does besides passing records on.
///
/// The head never refuses what comes back, so a loop cannot block itself: it buffers. A loop over
/// bounded input is over when it is empty. To find out, the job sends a probe through all heads of
/// the loop; it travels in the channels like a barrier and pushes every record in front of it. If
/// it comes round and no record has come back since it left, on any head, the loop is empty.
#include "sluice/runtime/task.hpp"

#include <fmt/format.h>

namespace sluice::runtime {

void task::on_feedback(std::uint32_t channel, channel_element& e) {
  switch (e.kind) {
  case channel_element::type::records: {
    auto b = e.records.take();
    came_back_ += b->size();
    if (logging_ && !logging_->barrier_back.contains(channel)) {
      byte_writer out;
      b->encode(out);
      logging_->loop.push_back(out.take());
    }
    return_credit(channel, static_cast<std::int64_t>(b->bytes()), batch_box{});
    if (phase_ == phase::finishing || phase_ == phase::finished)
      throw error(
        fmt::format("{} records came back after the loop had ended: an operator in the loop "
                    "emits them at the end of its input",
                    b->size()));
    loop_buffer_.push_back(std::move(b));
    return;
  }
  case channel_element::type::barrier:
    if (e.mark.kind == barrier_kind::checkpoint) {
      // A barrier that overtook may come round from another head before this one has started: what
      // follows it does not belong to the checkpoint, so that has to be taken now.
      if (e.mark.overtake_at != max_timestamp && e.mark.id > last_checkpoint_
          && e.mark.id > gate_.settled())
        arm_overtake(e.mark);
      if (logging_ && logging_->id == e.mark.id) {
        logging_->barrier_back.insert(channel);
        write_snapshot_if_complete();
      }
    } else if (probes_missing_ > 0 && --probes_missing_ == 0) {
      self_->send<caf::message_priority::high>(
        spec_.job, loop_probed_msg{spec_.attempt, spec_.id, e.mark.id, came_back_});
    }
    return;
  case channel_element::type::watermark:
  case channel_element::type::status:
  case channel_element::type::end_of_input:
    return; // a loop's own time and end say nothing new
  }
}

void task::run_loop_buffer() {
  while (!loop_buffer_.empty() && may_produce()) {
    auto b = std::move(loop_buffer_.front());
    loop_buffer_.pop_front();
    chain_->process(*b, 0);
    flush_aged();
  }
  if (!loop_buffer_.empty()) blocked_ = true;
  if (loop_buffer_.empty() && probe_to_send_) send_pending_probe();
}

void task::on_probe_loop(probe_loop_msg m) {
  if (phase_ != phase::running) return;
  probe_to_send_ = m.round;
  run();
}

void task::send_pending_probe() {
  barrier mark{*std::exchange(probe_to_send_, std::nullopt), barrier_kind::loop_probe,
               spec_.id.vertex};
  came_back_ = 0;
  probes_missing_ = num_feedback_;
  forward_probe(mark);
}

void task::forward_probe(barrier mark) {
  auto& v = spec_.graph->vertices[spec_.id.vertex];
  for (auto& e : chain_->edges()) {
    auto index = v.outputs[static_cast<std::size_t>(&e - chain_->edges().data())];
    auto& loops = (*spec_.loops)[index];
    if (std::find(loops.begin(), loops.end(), mark.loop) == loops.end()) continue;
    for (auto& c : e->channels()) c->control(mark);
  }
}

void task::on_end_loop() {
  if (phase_ != phase::running || !inputs_ended_) return;
  guarded([&] { finish_inputs(); });
  run();
}

} // namespace sluice::runtime
