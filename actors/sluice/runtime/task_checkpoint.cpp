/// The checkpointing half of a task.
#include "sluice/runtime/state_file.hpp"
#include "sluice/runtime/task.hpp"

#include <caf/send.hpp>
#include <fmt/format.h>

#include <filesystem>

namespace sluice::runtime {

namespace {

void write_items(snapshot_writer& out, const std::string& uid, std::string_view name,
                 std::string_view schema, const std::vector<std::string>& items) {
  if (items.empty()) return;
  out.begin_state(uid, name, state_kind::operator_list, schema);
  for (std::uint32_t i = 0; i < items.size(); ++i) {
    out.begin_group(i);
    out.append(items[i]);
  }
}

/// Removes the first `n` records, which were moved out.
void drop_front(batch& b, std::size_t n) {
  if (n == 0) return;
  auto rest = b.make_empty();
  rest->append_move(b, n, b.size());
  b.swap_contents(*rest);
}

/// One batch at a time: some are read back from disk.
void write_loop(snapshot_writer& out, const std::string& uid, std::string_view schema,
                const std::vector<stored_batch>& loop) {
  if (loop.empty()) return;
  out.begin_state(uid, loop_state_name, state_kind::operator_list, schema);
  for (std::uint32_t i = 0; i < loop.size(); ++i) {
    out.begin_group(i);
    out.append(loop[i].fetch());
  }
}

} // namespace

void checkpoint_paths::set(checkpoint_id id, std::string path) {
  std::lock_guard lock(mutex_);
  paths_.erase(paths_.begin(), paths_.lower_bound(id > 8 ? id - 8 : 0));
  paths_[id] = std::move(path);
}

std::string checkpoint_paths::path_of(checkpoint_id id) const {
  std::lock_guard lock(mutex_);
  auto at = paths_.find(id);
  return at == paths_.end() ? std::string{} : at->second;
}

void task::on_trigger(trigger_msg m) {
  if (phase_ != phase::running || m.id <= last_checkpoint_) return;
  barrier mark{m.id, barrier_kind::checkpoint, 0, m.overtake_at, m.halt};
  if (chain_->source() && !replaying_.empty()) {
    // Its records are behind those that an earlier checkpoint left to replay.
    postponed_trigger_ = m;
    if (m.overtake_at != max_timestamp) guarded([&] { arm_overtake(mark); });
    return;
  }
  if (chain_->source() || inputs_ended_) {
    guarded([&] { take_checkpoint(mark); });
    return;
  }
  // An iteration head gets the barrier from its inputs, unless they end before it comes.
  if (is_head_) missed_trigger_ = mark;
  // What the senders had sent before they finished may still take long to handle. With aligned
  // checkpoints there is nothing to be gained, as the task has finished when it could take one.
  if (m.inputs_finished && m.overtake_at != max_timestamp) guarded([&] { arm_overtake(mark); });
  run();
}

void task::after_alignment(const std::optional<barrier>& mark) {
  if (!mark) return;
  if (mark->kind == barrier_kind::checkpoint)
    take_checkpoint(*mark);
  else if (is_head_)
    probe_came_in_ = mark->id; // its own goes out when its buffer is empty
  else
    forward_probe(*mark);
}

// -- overtaking
// ------------------------------------------------------------------------------------------

/// `mark` overtakes when its time has come, which may be now.
void task::arm_overtake(const barrier& mark) {
  waiting_mark_ = mark;
  const auto left = time_until(mark.overtake_at);
  if (left.count() == 0) {
    overtake(mark.id);
  } else if (std::exchange(overtake_armed_, mark.id) != mark.id) {
    self_->delayed_send<caf::message_priority::high>(caf::actor_cast<task_actor>(self_), left,
                                                     overtake_msg{mark.id});
  }
}

void task::on_overtake(overtake_msg m) {
  if (!active()) return;
  guarded([&] { overtake(m.id); });
  run();
}

void task::overtake(checkpoint_id id) {
  if (!waiting_mark_ || waiting_mark_->id != id) return;
  if (logging_ && logging_->id == id) {
    for (std::uint32_t i = 0; i < channels_.size(); ++i)
      channels_[i]->overtake_queued(
        id, [&](const channel_element& e) { log_output(i, e, logging_->in_flight); });
    write_snapshot_if_complete();
  } else if (id > last_checkpoint_ && phase_ == phase::running) {
    overtake_inputs(*waiting_mark_);
  }
}

/// Takes the checkpoint without waiting for the inputs: what they have brought and the task has not
/// handled goes into it, and so does what they bring until their barriers come.
void task::overtake_inputs(barrier mark) {
  in_flight_log overtaken;
  for (auto& r : replaying_) {
    drop_front(*r.records, std::exchange(replay_done_, 0));
    overtaken.add_internal(*spec_.graph, r.operator_index, *r.records);
  }
  if (partial_) {
    drop_front(*partial_->element.records, std::exchange(partial_done_, 0));
    log_input(partial_->channel, partial_->element, overtaken);
  }
  gate_.overtake(mark, [&](std::uint32_t channel, const channel_element& e) {
    log_input(channel, e, overtaken);
  });
  mark.overtake_at = min_timestamp; // nor wait for anything further down
  take_checkpoint(mark, std::move(overtaken));
}

void task::log_input(std::uint32_t channel, const channel_element& e, in_flight_log& log) const {
  log.add(channel_end::input, peers_.inputs[channel].edge, ordinals_[channel], e);
}

void task::log_output(std::uint32_t output_channel, const channel_element& e,
                      in_flight_log& log) const {
  auto [edge, target] = output_at_[output_channel];
  log.add(channel_end::output, spec_.graph->vertices[spec_.id.vertex].outputs[edge], target, e);
}

// -- the snapshot
// ------------------------------------------------------------------------------------------

void task::take_checkpoint(barrier mark, in_flight_log overtaken) {
  auto start = spec_.io->steady_now();
  last_checkpoint_ = mark.id;
  if (mark.halt) halted_by_ = mark.id;
  if (missed_trigger_ && missed_trigger_->id <= mark.id) missed_trigger_.reset();
  // Downstream first: it can align while this task looks at its state.
  auto unaligned
    = mark.overtake_at != max_timestamp && mark.overtake_at <= spec_.io->processing_clock().now();
  std::size_t queued = 0;
  for (std::uint32_t i = 0; i < channels_.size(); ++i) {
    auto log = [&](const channel_element& e) { log_output(i, e, overtaken); };
    if (unaligned)
      channels_[i]->overtake(mark, log);
    else
      queued += !channels_[i]->control(mark);
  }
  if (snapshot_in_progress_) {
    gate_.abort(mark.id);
    decline(mark.id, "its snapshot before is still being written");
    return;
  }
  if (spill_ && spill_->spilling()) {
    gate_.abort(mark.id);
    decline(mark.id, "it has exceeded the memory limit of batch mode, and what it has on disk is "
                     "no part of checkpoints; raise set_batch_memory_limit()");
    return;
  }
  auto pending = look_at_state(mark.id);
  pending->in_flight = std::move(overtaken);
  snapshot_in_progress_ = true;
  logging_ = std::move(pending);
  // Records that are in the loop now belong to the checkpoint: those that wait here, and those
  // that come back before the barrier does.
  if (loop_batch_) {
    stored_batch rest;
    rest.bytes = encoded(*loop_batch_, loop_done_);
    logging_->loop.push_back(std::move(rest));
  }
  if (loop_buffer_) loop_buffer_->list(logging_->loop);
  if (queued > 0 && mark.overtake_at != max_timestamp) {
    logging_->barriers_queued = queued;
    arm_overtake(mark);
  }
  write_snapshot_if_complete();
  spec_.probe->state_bytes.set(chain_->state_bytes());
  spec_.probe->longest_stop_ns.raise(nanos(spec_.io->steady_now() - start));
}

std::shared_ptr<task::pending_snapshot> task::look_at_state(checkpoint_id id) {
  auto pending = std::make_shared<pending_snapshot>();
  pending->id = id;
  for (std::uint32_t i = 0; i < chain_->size(); ++i) {
    auto& op = chain_->at(i);
    for (auto& s : op.snapshot()) pending->states.emplace_back(chain_->node(i).uid, std::move(s));
    if (auto work = chain_->prepare_commit(i, id, false))
      pending->works.emplace_back(i, std::move(work));
  }
  // Or they would be lost if the job died between the end of this checkpoint and its commits.
  for (auto& [earlier, by_operator] : uncommitted_)
    for (auto& [i, list] : by_operator) {
      auto& all = pending->committables[i];
      all.insert(all.end(), list.begin(), list.end());
    }
  if (auto* source = chain_->source()) pending->splits = source->snapshot_splits();
  return pending;
}

void task::decline(checkpoint_id id, std::string why) {
  self_->send<caf::message_priority::high>(
    spec_.job, snapshot_declined_msg{spec_.attempt, spec_.id, id, std::move(why)});
}

void task::write_snapshot_if_complete() {
  if (logging_ && logging_->barrier_back.size() == num_feedback_ && logging_->barriers_queued == 0
      && !gate_.any_overtaken())
    write_snapshot(logging_->id);
}

void task::write_snapshot(checkpoint_id id) {
  auto pending = std::move(logging_);
  logging_.reset();
  spec_.probe->in_flight_bytes.set(pending->in_flight.bytes());
  snapshot_ack_msg ack;
  ack.attempt = spec_.attempt;
  ack.task = spec_.id;
  ack.id = id;
  ack.splits = std::move(pending->splits);
  ack.in_flight_bytes = pending->in_flight.bytes();
  ack.in_flight_edges = pending->in_flight.edges();
  auto nothing = pending->states.empty() && pending->works.empty() && pending->loop.empty()
                 && pending->committables.empty() && pending->in_flight.empty();
  if (nothing || (pending->discarded && pending->works.empty())) {
    snapshot_in_progress_ = false;
    if (!pending->discarded) self_->send<caf::message_priority::high>(spec_.job, std::move(ack));
    return;
  }
  post_snapshot(std::move(pending), std::move(ack));
}

/// Hands the snapshot to the strands: first the sinks' part, behind the writes it covers, then the
/// file.
void task::post_snapshot(std::shared_ptr<pending_snapshot> pending, snapshot_ack_msg ack) {
  auto& v = spec_.graph->vertices[spec_.id.vertex];
  std::vector<std::string> uids;
  for (auto node : v.chain) uids.push_back(spec_.graph->node(node).uid);
  auto loop_schema = is_head_ ? chain_->node(0).output->schema() : std::string{};
  auto directory = spec_.checkpoint_paths->path_of(pending->id);
  auto file = fmt::format("task-{}-{}.state", spec_.id.vertex, spec_.id.subtask);
  auto handle = caf::actor_cast<task_actor>(self_);
  auto job = spec_.job;
  auto graph = spec_.graph;
  auto local = spec_.local;

  auto write = [=](std::map<std::uint32_t, writer_snapshot> parts) mutable {
    strand_done_msg done;
    done.step = strand_done_msg::what::prepared;
    done.id = pending->id;
    for (auto& [i, part] : parts)
      if (!part.committables.empty()) done.committables[i] = part.committables;
    if (pending->discarded) {
      // What sinks have prepared is not dropped: it must be committed with a later checkpoint.
      caf::anon_send<caf::message_priority::high>(handle, std::move(done));
      return;
    }
    try {
      state_file_writer out((std::filesystem::path(directory) / file).string());
      for (auto& [uid, state] : pending->states) {
        state->write(out, uid);
        state.reset();
      }
      for (auto& [i, part] : parts) {
        if (!part.state.empty())
          write_items(out, uids[i], writer_state_name, "writer", {part.state});
        auto& list = pending->committables[i];
        list.insert(list.end(), part.committables.begin(), part.committables.end());
      }
      for (auto& [i, list] : pending->committables)
        write_items(out, uids[i], committables_name, "committable", list);
      write_loop(out, uids[0], loop_schema, pending->loop);
      pending->in_flight.write(out, *graph, ack.task.vertex);
      auto result = out.finish();
      ack.file = file;
      ack.bytes = done.bytes = result.bytes;
      ack.checksum = result.checksum;
      caf::anon_send<caf::message_priority::high>(handle, std::move(done));
      caf::anon_send<caf::message_priority::high>(job, std::move(ack));
      if (local) local->keep(pending->id, directory, file);
    } catch (const std::exception& e) {
      caf::anon_send<caf::message_priority::high>(handle, std::move(done));
      caf::anon_send<caf::message_priority::high>(
        job, snapshot_declined_msg{ack.attempt, ack.task, ack.id, e.what()});
    }
  };

  auto state_strand = state_strand_;
  strand_->post([=]() mutable {
    auto parts = std::make_shared<std::map<std::uint32_t, writer_snapshot>>();
    std::uint32_t index = 0;
    try {
      for (auto& [i, work] : pending->works) {
        index = i;
        (*parts)[i] = work();
      }
    } catch (...) {
      strand_done_msg done;
      done.step = strand_done_msg::what::failed;
      done.id = index;
      done.error = std::current_exception();
      caf::anon_send<caf::message_priority::high>(handle, std::move(done));
      return;
    }
    state_strand->post([write, parts]() mutable { write(std::move(*parts)); });
  });
}

void task::on_complete(checkpoint_complete_msg m) {
  if (phase_ == phase::gone || phase_ == phase::failed || !chain_) return;
  guarded([&] {
    if (auto* source = chain_->source();
        source && phase_ == phase::running && m.id != ~checkpoint_id{0})
      source->checkpoint_complete(m.id);
    commit(m.id, m.final_output);
    settle();
  });
}

void task::on_aborted(checkpoint_aborted_msg m) {
  if (!active()) return;
  gate_.abort(m.id);
  if (missed_trigger_ && missed_trigger_->id <= m.id) missed_trigger_.reset();
  if (waiting_mark_ && waiting_mark_->id <= m.id) waiting_mark_.reset();
  if (postponed_trigger_ && postponed_trigger_->id <= m.id) postponed_trigger_.reset();
  if (logging_ && logging_->id <= m.id) {
    logging_->discarded = true;
    guarded([&] { write_snapshot(logging_->id); });
  }
  if (halted_by_ && *halted_by_ <= m.id) {
    halted_by_.reset();
    on_timer({spec_.io->processing_clock().now()}); // those that came meanwhile were not handled
  }
  run();
}

void task::commit(checkpoint_id up_to, bool final_output) {
  auto work = std::make_shared<std::map<std::uint32_t, std::vector<std::string>>>();
  auto collect = [&](std::map<std::uint32_t, std::vector<std::string>>& from) {
    for (auto& [i, list] : from) (*work)[i].insert((*work)[i].end(), list.begin(), list.end());
    from.clear();
  };
  while (!uncommitted_.empty() && uncommitted_.begin()->first <= up_to) {
    collect(uncommitted_.begin()->second);
    uncommitted_.erase(uncommitted_.begin());
  }
  if (final_output) collect(final_committables_);
  auto last = up_to == ~checkpoint_id{0};
  if (work->empty() && !last) return;
  auto handle = caf::actor_cast<task_actor>(self_);
  strand_->post([work, handle, chain = chain_, up_to] {
    strand_done_msg done;
    done.step = strand_done_msg::what::committed;
    std::uint32_t index = 0;
    try {
      for (auto& [i, list] : *work) {
        index = i;
        chain->at(i).commit(list);
      }
      done.id = up_to;
    } catch (...) {
      done.step = strand_done_msg::what::failed;
      done.id = index;
      done.error = std::current_exception();
    }
    caf::anon_send<caf::message_priority::high>(handle, std::move(done));
  });
}

} // namespace sluice::runtime
