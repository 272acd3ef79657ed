/// What a task does with the elements that an unaligned checkpoint found on their way.
#include "sluice/runtime/task.hpp"

#include <algorithm>
#include <utility>

namespace sluice::runtime {

/// Puts back into the queues what the checkpoint found there.
void task::restore_inputs() {
  for (auto& in : std::exchange(replay_.inputs, {})) {
    std::vector<std::uint32_t> channels;
    for (std::uint32_t i = 0; i < peers_.inputs.size(); ++i)
      if (peers_.inputs[i].edge == in.edge) channels.push_back(i);
    gate_.restore(channels.at(in.ordinal % channels.size()), std::move(in.element));
  }
}

/// Sends, before anything new, what the checkpoint found waiting to be sent.
void task::replay_outputs() {
  for (auto& out : std::exchange(replay_.outputs, {})) {
    auto& edge = *chain_->edges()[out.edge];
    if (out.ordinal)
      edge.channels().at(*out.ordinal)->resend(std::move(out.element));
    else
      edge.receive(*out.element.records);
  }
  for (auto& i : std::exchange(replay_.internals, {})) replaying_.push_back(std::move(i));
}

/// Gives an operator of the chain a part of what had come to it over an edge that is a link now.
void task::replay_slice() {
  auto& next = replaying_.front();
  auto& b = *next.records;
  auto end = std::min(b.size(), replay_done_ + slicer_.limit());
  auto started = now_;
  auto slice = b.make_empty();
  slice->append_move(b, replay_done_, end);
  chain_->inject(next.operator_index, *slice);
  flush_aged();
  measure(end - replay_done_, started);
  replay_done_ = end;
  if (replay_done_ < b.size()) return;
  replaying_.pop_front();
  replay_done_ = 0;
  if (replaying_.empty() && postponed_trigger_)
    on_trigger(*std::exchange(postponed_trigger_, std::nullopt));
}

} // namespace sluice::runtime
