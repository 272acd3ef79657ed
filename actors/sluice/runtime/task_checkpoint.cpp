/// The checkpointing half of a task.
#include "sluice/runtime/task.hpp"

#include <caf/send.hpp>
#include <fmt/format.h>

#include <filesystem>

namespace sluice::runtime {

namespace {

using steady = std::chrono::steady_clock;

void write_items(snapshot_writer& out, const std::string& uid, std::string_view name,
                 std::string_view schema, const std::vector<std::string>& items) {
  if (items.empty()) return;
  out.begin_state(uid, name, state_kind::operator_list, schema);
  for (std::uint32_t i = 0; i < items.size(); ++i) {
    out.begin_group(i);
    out.append(items[i]);
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
  if (!chain_->source() && !inputs_ended_) {
    // An iteration head gets the barrier from its inputs, unless they end before it comes.
    missed_trigger_ = m.id;
    return;
  }
  guarded([&] { take_checkpoint(barrier{m.id, barrier_kind::checkpoint, 0}); });
}

void task::after_alignment(const std::optional<barrier>& mark) {
  if (!mark) return;
  if (mark->kind == barrier_kind::checkpoint)
    take_checkpoint(*mark);
  else
    forward_probe(*mark);
}

void task::take_checkpoint(barrier mark) {
  auto start = steady::now();
  last_checkpoint_ = mark.id;
  if (missed_trigger_ && *missed_trigger_ <= mark.id) missed_trigger_.reset();
  // Downstream first: it can align while this task looks at its state.
  for (auto* c : channels_) c->control(mark);
  if (snapshot_in_progress_) {
    decline(mark.id, "its snapshot before is still being written");
    return;
  }
  auto pending = std::make_shared<pending_snapshot>();
  pending->id = mark.id;
  for (std::uint32_t i = 0; i < chain_->size(); ++i) {
    auto& op = chain_->at(i);
    for (auto& s : op.snapshot()) pending->states.emplace_back(chain_->node(i).uid, std::move(s));
    if (auto work = op.prepare_commit(mark.id, false))
      pending->works.emplace_back(i, std::move(work));
  }
  if (auto* source = chain_->source()) pending->splits = source->snapshot_splits();
  snapshot_in_progress_ = true;
  logging_ = std::move(pending);
  if (num_feedback_ > 0) {
    // Records that are in the loop now belong to the checkpoint: those that wait here, and those
    // that come back before the barrier does.
    for (auto& b : loop_buffer_) {
      byte_writer out;
      b->encode(out);
      logging_->loop.push_back(out.take());
    }
  } else {
    write_snapshot(mark.id);
  }
  spec_.probe->state_bytes.set(chain_->state_bytes());
  spec_.probe->longest_stop_ns.raise(static_cast<std::uint64_t>(
    std::chrono::duration_cast<std::chrono::nanoseconds>(steady::now() - start).count()));
}

void task::decline(checkpoint_id id, std::string why) {
  self_->send<caf::message_priority::high>(
    spec_.job, snapshot_declined_msg{spec_.attempt, spec_.id, id, std::move(why)});
}

/// Hands the snapshot to the strands: first the sinks' part, behind the writes it covers, then the
/// file.
void task::write_snapshot(checkpoint_id id) {
  auto pending = std::move(logging_);
  auto& v = spec_.graph->vertices[spec_.id.vertex];
  std::vector<std::string> uids;
  for (auto node : v.chain) uids.push_back(spec_.graph->node(node).uid);
  auto loop_schema = is_head_ ? chain_->node(0).output->schema() : std::string{};
  auto directory = spec_.checkpoint_paths->path_of(id);
  auto file = fmt::format("task-{}-{}.state", spec_.id.vertex, spec_.id.subtask);

  snapshot_ack_msg ack;
  ack.attempt = spec_.attempt;
  ack.task = spec_.id;
  ack.id = id;
  ack.splits = std::move(pending->splits);
  auto handle = caf::actor_cast<task_actor>(self_);
  auto job = spec_.job;

  if (pending->states.empty() && pending->works.empty() && pending->loop.empty()) {
    snapshot_in_progress_ = false;
    self_->send<caf::message_priority::high>(job, std::move(ack));
    return;
  }

  auto write = [=](std::map<std::uint32_t, writer_snapshot> parts) mutable {
    strand_done_msg done;
    done.step = strand_done_msg::what::prepared;
    done.id = id;
    try {
      state_file_writer out((std::filesystem::path(directory) / file).string());
      for (auto& [uid, state] : pending->states) {
        state->write(out, uid);
        state.reset();
      }
      for (auto& [i, part] : parts) {
        std::vector<std::string> writer;
        if (!part.state.empty()) writer.push_back(part.state);
        write_items(out, uids[i], writer_state_name, "writer", writer);
        write_items(out, uids[i], committables_name, "committable", part.committables);
      }
      write_items(out, uids[0], loop_state_name, loop_schema, pending->loop);
      auto result = out.finish();
      ack.file = file;
      ack.bytes = done.bytes = result.bytes;
      ack.checksum = result.checksum;
      for (auto& [i, part] : parts)
        if (!part.committables.empty()) done.committables[i] = std::move(part.committables);
      caf::anon_send<caf::message_priority::high>(handle, std::move(done));
      caf::anon_send<caf::message_priority::high>(job, std::move(ack));
    } catch (const std::exception& e) {
      for (auto& [i, part] : parts)
        if (!part.committables.empty()) done.committables[i] = std::move(part.committables);
      caf::anon_send<caf::message_priority::high>(handle, std::move(done));
      caf::anon_send<caf::message_priority::high>(
        job, snapshot_declined_msg{ack.attempt, ack.task, id, e.what()});
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
  });
}

void task::on_aborted(checkpoint_aborted_msg m) {
  if (!active()) return;
  gate_.abort(m.id);
  if (missed_trigger_ && *missed_trigger_ <= m.id) missed_trigger_.reset();
  // Not dropped: what sinks have prepared must be committed with a later checkpoint.
  if (logging_ && logging_->id <= m.id) write_snapshot(logging_->id);
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
