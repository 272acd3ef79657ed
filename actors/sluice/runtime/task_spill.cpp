/// What of a task goes to disk: feedback past its limit, and batch mode past its.
#include "sluice/runtime/task.hpp"

#include <caf/send.hpp>

namespace sluice::runtime {

namespace {

/// Batches from disk that a task handles before it lets its mailbox have a say.
constexpr int batches_per_turn = 16;

} // namespace

spill_services task::make_spill_services() {
  auto handle = caf::actor_cast<task_actor>(self_);
  spill_services s;
  s.directory = spec_.graph->config.temp_directory;
  s.strand = spec_.io->make_strand();
  s.spilled_bytes = spec_.probe->make_counter("spilled_bytes");
  s.on_task = [handle](std::function<void()> work) {
    strand_done_msg m;
    m.step = strand_done_msg::what::apply;
    m.work = std::make_shared<std::function<void()>>(std::move(work));
    caf::anon_send<caf::message_priority::high>(handle, std::move(m));
  };
  s.fail = [handle](std::exception_ptr error) {
    strand_done_msg m;
    m.step = strand_done_msg::what::failed;
    m.error = std::move(error);
    caf::anon_send<caf::message_priority::high>(handle, std::move(m));
  };
  return s;
}

void task::set_up_spilling() {
  auto& graph = *spec_.graph;
  auto& config = graph.config;
  auto& v = graph.vertices[spec_.id.vertex];
  auto& head = graph.node(v.chain.front());
  if (is_head_)
    loop_buffer_ = std::make_unique<feedback_buffer>(make_spill_services(), *head.output,
                                                     config.feedback_memory_limit);
  if (config.mode != execution_mode::batch || !head.keyed) return;
  // A loop ends before its operators' input does: what they kept until then would come too late.
  for (auto index : v.inputs)
    if ((*spec_.loops)[index] != no_loop) return;
  // Keys are finished at the end of the input, whatever goes to disk: so time, too, is only then.
  time_stands_still_ = true;
  if (config.checkpoints.interval) return;
  keyed_spill::place where{head.name, spec_.id.subtask, v.parallelism, v.max_parallelism};
  spill_
    = std::make_unique<keyed_spill>(make_spill_services(), std::move(where),
                                    config.batch_memory_limit.value_or(default_batch_memory_limit));
  for (auto index : v.inputs) spill_->add_input(graph.edges[index].input, graph.edges[index]);
}

/// The inputs have ended: true while records are still on disk.
bool task::drain_spilled() {
  if (!spill_ || !spill_->spilling()) return false;
  draining_ = true;
  spill_->end_of_input();
  return true;
}

void task::run_spilled() {
  for (int turn = 0; turn < batches_per_turn; ++turn) {
    if (!may_produce()) {
      blocked_ = true;
      spec_.probe->credit_waits.add(1);
      return;
    }
    if (spilled_at_hand_) {
      auto all = feed_slice(spill_->batch_at_hand(), spill_->input_at_hand(), spilled_done_);
      spilled_at_hand_ = !all;
      continue;
    }
    switch (spill_->next(chain_->head())) {
    case keyed_spill::step::waiting:
      return;
    case keyed_spill::step::records:
      spilled_at_hand_ = true;
      spilled_done_ = 0;
      break;
    case keyed_spill::step::keys:
      chain_->head().finish_keys();
      break;
    case keyed_spill::step::done:
      draining_ = false;
      finish_inputs();
      return;
    }
  }
  yield();
}

} // namespace sluice::runtime
