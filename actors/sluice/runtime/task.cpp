#include "sluice/runtime/task.hpp"

#include "sluice/core/type_name.hpp"
#include "sluice/runtime/log.hpp"

#include <caf/send.hpp>

#include <cxxabi.h>

namespace sluice::runtime {

namespace {

using steady = std::chrono::steady_clock;

/// Batches that a task handles before it lets its mailbox have a say.
constexpr int batches_per_turn = 16;

/// And how long it goes on at most, if its records are slow.
constexpr auto longest_turn = std::chrono::milliseconds(10);

/// Records of a full batch of `e`.
std::uint32_t full_batch(const job_edge& e) {
  return e.buffer_timeout.count() == 0 ? 1u : static_cast<std::uint32_t>(e.type->batch_records());
}

std::uint64_t nanos(steady::duration d) {
  return static_cast<std::uint64_t>(
    std::chrono::duration_cast<std::chrono::nanoseconds>(d).count());
}

} // namespace

failure describe(std::exception_ptr error, const std::string& operator_name,
                 std::uint32_t subtask) {
  failure f;
  f.operator_name = operator_name;
  f.subtask = subtask;
  try {
    std::rethrow_exception(error);
  } catch (const user_function_error& e) {
    f.record_time = e.record_time();
    f.what = e.what();
  } catch (const plan_error& e) {
    f.what = e.what();
    f.fatal = true;
  } catch (const state_error& e) {
    f.what = e.what();
    f.fatal = true;
  } catch (const std::exception& e) {
    f.what = e.what();
  } catch (...) {
    auto* type = abi::__cxa_current_exception_type();
    f.what = "an exception of type " + (type ? readable_type_name(*type) : std::string("unknown"));
  }
  return f;
}

// -- set-up
// ------------------------------------------------------------------------------------------

void task::init(task_actor::pointer self, task_spec spec) {
  self_ = self;
  spec_ = std::move(spec);
  strand_ = spec_.io->make_strand();
  state_strand_ = spec_.io->make_strand();
  auto& v = spec_.graph->vertices[spec_.id.vertex];
  is_head_ = spec_.graph->node(v.chain.front()).kind == node_kind::iteration_head;
}

chain_services task::make_services() {
  chain_services s;
  s.graph = spec_.graph;
  s.vertex = spec_.id.vertex;
  s.subtask = spec_.id.subtask;
  s.probe = spec_.probe;
  s.io = spec_.io;
  s.strand = strand_;
  auto handle = caf::actor_cast<task_actor>(self_);
  s.wakeup = [handle] { caf::anon_send<caf::message_priority::high>(handle, wakeup_msg{}); };
  s.fail = [handle](std::uint32_t index, std::exception_ptr error) {
    strand_done_msg m;
    m.step = strand_done_msg::what::failed;
    m.id = index;
    m.error = std::move(error);
    caf::anon_send<caf::message_priority::high>(handle, std::move(m));
  };
  s.request_timer = [this](timestamp at) { request_timer(at); };
  return s;
}

void task::request_timer(timestamp at) {
  if (armed_timer_ && *armed_timer_ <= at) return;
  armed_timer_ = at;
  send_timer(at);
}

void task::send_timer(timestamp at) {
  self_->delayed_send<caf::message_priority::high>(caf::actor_cast<task_actor>(self_),
                                                   time_until(at), timer_msg{at});
}

/// At most a day, as CAF counts nanoseconds, which centuries overflow.
std::chrono::microseconds task::time_until(timestamp at) const {
  constexpr std::chrono::microseconds longest = std::chrono::hours(24);
  const auto now = spec_.io->processing_clock().now();
  if (at <= now) return std::chrono::microseconds(0);
  return at > saturating_add(now, longest.count()) ? longest : std::chrono::microseconds(at - now);
}

void task::on_connect(connect_msg& m) {
  phase_ = phase::restoring;
  peers_ = std::move(m);
  auto& graph = *spec_.graph;
  debloater_ = buffer_debloater(graph.config.buffer_debloat_target);
  std::map<std::uint32_t, std::uint32_t> channels_of_edge;
  for (auto& in : peers_.inputs) {
    auto& e = graph.edges[in.edge];
    input_gate::channel c;
    c.input = e.input;
    c.feedback = e.feedback;
    c.loops = (*spec_.loops)[in.edge];
    num_feedback_ += e.feedback;
    gate_.add_channel(std::move(c));
    ordinals_.push_back(channels_of_edge[in.edge]++);
    debloater_.add_channel(full_batch(e), !e.feedback);
  }
  auto handle = caf::actor_cast<task_actor>(self_);
  auto content = std::make_shared<task_state_content>();
  restored_ = content;
  strand_->post([handle, content, spec = spec_] {
    strand_done_msg done;
    try {
      if (spec.from)
        *content = load_task_state(*spec.from, *spec.graph, spec.id.vertex, spec.id.subtask);
    } catch (...) {
      done.step = strand_done_msg::what::failed;
      done.error = std::current_exception();
    }
    caf::anon_send<caf::message_priority::high>(handle, std::move(done));
  });
}

void task::build_chain() {
  auto& graph = *spec_.graph;
  auto& v = graph.vertices[spec_.id.vertex];
  std::vector<std::unique_ptr<output_edge>> edges;
  for (std::size_t k = 0; k < v.outputs.size(); ++k) {
    auto& e = graph.edges[v.outputs[k]];
    auto target = e.feedback ? duration(0) : graph.config.buffer_debloat_target;
    auto start = buffer_debloater::initial(target, full_batch(e));
    channel_window window;
    window.batches = start.batches;
    std::vector<std::unique_ptr<output_channel>> channels;
    for (std::size_t i = 0; i < peers_.outputs[k].size(); ++i) {
      auto id = static_cast<std::uint32_t>(output_at_.size());
      output_at_.emplace_back(static_cast<std::uint32_t>(k), static_cast<std::uint32_t>(i));
      channels.push_back(
        std::make_unique<output_channel>(id, *e.type, *this, window, start.records));
      channels_.push_back(channels.back().get());
    }
    auto most = graph.vertices[e.to].max_parallelism;
    edges.push_back(std::make_unique<output_edge>(e, spec_.id.subtask, most, std::move(channels)));
  }
  chain_ = std::make_shared<operator_chain>(make_services(), std::move(edges));
  if (chain_->may_expand()) slices_.emplace();
  set_up_spilling();
  auto* source = chain_->source();
  if (!source) return;
  full_poll_ = chain_->node(0).output->batch_records();
  for (auto& e : chain_->edges())
    if (e->edge().buffer_timeout.count() == 0) full_poll_ = 1;
  poll_less_or_more();
}

void task::open_restored() {
  build_chain();
  auto& content = *restored_;
  for (std::size_t i = 0; i < content.operators.size(); ++i)
    chain_->at(i).restore_writers(content.operators[i].writers);
  chain_->open();
  for (std::uint32_t i = 0; i < content.operators.size(); ++i) {
    auto& op = content.operators[i];
    chain_->at(i).states().restore(chain_->node(i).name, op.states,
                                   spec_.graph->config.allow_leftover_state);
    if (!op.committables.empty()) uncommitted_[0][i] = op.committables;
    for (auto& bytes : op.loop) {
      auto b = chain_->node(i).output->make_batch();
      byte_reader in(bytes);
      b->decode(in);
      loop_buffer_->push(std::move(b), nullptr, [] {});
    }
  }
  finished_on_restore_ = content.finished;
  chain_->restored();
  replay_ = std::move(content.in_flight);
  restore_inputs();
  restored_.reset();
  if (!uncommitted_.empty()) commit(0, false); // the attempt before may have died before it did
  phase_ = phase::ready;
  log_step(spec_.from ? "restored" : "deployed");
  self_->send<caf::message_priority::high>(spec_.job, task_ready_msg{spec_.attempt, spec_.id});
}

void task::log_step(const char* what) const {
  if (!log().should_log(spdlog::level::debug)) return;
  log().debug("{}: {}, attempt {}",
              task_label(spec_.graph->config.name, spec_.graph->vertices[spec_.id.vertex].name,
                         spec_.id.subtask),
              what, spec_.attempt);
}

void task::on_start() {
  if (phase_ != phase::ready) return;
  phase_ = phase::running;
  log_step("running");
  last_run_ = now_ = spec_.io->steady_now();
  guarded([&] { replay_outputs(); });
  run();
}

// -- data plane
// --------------------------------------------------------------------------------------

void task::fail(std::uint32_t operator_index, std::exception_ptr error) {
  if (phase_ == phase::failed || phase_ == phase::gone) return;
  phase_ = phase::failed;
  auto& v = spec_.graph->vertices[spec_.id.vertex];
  auto& node
    = spec_.graph->node(v.chain[std::min<std::size_t>(operator_index, v.chain.size() - 1)]);
  task_failed_msg m{spec_.attempt, spec_.id, describe(error, node.name, spec_.id.subtask)};
  log().debug("{}: failed, attempt {}: {}",
              task_label(spec_.graph->config.name, node.name, spec_.id.subtask), spec_.attempt,
              m.cause.what);
  self_->send<caf::message_priority::high>(spec_.job, std::move(m));
}

void task::on_element(element_msg& m) {
  if (m.attempt != spec_.attempt || phase_ == phase::failed || phase_ == phase::gone) return;
  guarded([&] {
    if (gate_.at(m.channel).feedback)
      on_feedback(m.channel, m.element);
    else
      arrive(m.channel, m.element);
  });
  run();
}

void task::on_credit(credit_msg& m) {
  if (m.attempt != spec_.attempt || m.channel >= channels_.size()) return;
  channels_[m.channel]->add_credit(m);
  if (logging_) guarded([&] { write_snapshot_if_complete(); }); // a barrier may have got through
  if (blocked_ || phase_ == phase::finishing)
    run();
  else
    guarded([&] { settle(); }); // that may have waited for this message to be handled
}

void task::on_continue() {
  continuing_ = false;
  run();
}

void task::on_wakeup() {
  source_waiting_ = false;
  run();
}

void task::on_timer(timer_msg m) {
  if (phase_ == phase::failed || phase_ == phase::gone) return;
  if (m.at > spec_.io->processing_clock().now()) { // more than a day, or the clock was set back
    send_timer(m.at);
    return;
  }
  if (armed_timer_ && *armed_timer_ <= m.at) armed_timer_.reset();
  if (armed_poll_ && *armed_poll_ <= m.at) {
    armed_poll_.reset();
    source_waiting_ = false;
  }
  if (phase_ != phase::running) return;
  guarded([&] { chain_->processing_time(spec_.io->processing_clock().now()); });
  run();
}

bool task::may_produce() {
  for (auto* c : channels_)
    if (!c->ready()) return false;
  return (!spill_ || spill_->ready()) && chain_->ready();
}

/// The heart of a task: does what can be done now, accounts for the time, and arranges to be called
/// again if more could be done.
void task::run() {
  if (!active() || continuing_) return;
  auto start = run_started_ = now_ = spec_.io->steady_now();
  auto& waited = blocked_ ? spec_.probe->backpressured_ns : spec_.probe->idle_ns;
  waited.add(nanos(start - last_run_));
  blocked_ = false;
  guarded([&] {
    if (phase_ == phase::running) {
      if (chain_->source())
        run_source();
      else
        run_inputs();
    }
    if (phase_ == phase::finishing) report_finished_if_drained();
    settle();
  });
  last_run_ = spec_.io->steady_now();
  spec_.probe->busy_ns.add(nanos(last_run_ - start));
}

void task::run_inputs() {
  auto until = now_ + longest_turn;
  for (int turn = 0; phase_ == phase::running; ++turn) {
    if (draining_) {
      run_spilled();
      return;
    }
    if (is_head_ && replaying_.empty()) run_loop_buffer();
    if (!partial_ && !gate_.has_next() && replaying_.empty()) return;
    if (!may_produce()) {
      blocked_ = true;
      spec_.probe->credit_waits.add(1);
      return;
    }
    if (turn == batches_per_turn || now_ > until) {
      yield();
      return;
    }
    if (!replaying_.empty())
      replay_slice();
    else if (partial_)
      handle_slice();
    else
      handle(gate_.take());
  }
}

void task::run_source() {
  auto& source = *chain_->source();
  auto until = now_ + longest_turn;
  for (int turn = 0; turn < batches_per_turn && now_ <= until; ++turn) {
    if (source_waiting_ && replaying_.empty()) return;
    if (!may_produce()) {
      blocked_ = true;
      spec_.probe->credit_waits.add(1);
      return;
    }
    if (!replaying_.empty()) {
      replay_slice();
      continue;
    }
    auto before = std::pair(now_, source.ports()[0].num_records());
    auto made = slices_ ? chain_->output_bytes() : 0;
    auto result = source.poll_once();
    if (slices_)
      slices_->handled(source.ports()[0].num_records() - before.second,
                       chain_->output_bytes() - made);
    spec_.probe->records_in.set(source.ports()[0].num_records());
    spec_.probe->bytes_in.set(source.ports()[0].num_bytes());
    flush_aged();
    slicer_.handled(source.ports()[0].num_records() - before.second, now_ - before.first);
    poll_less_or_more();
    switch (result.status) {
    case poll_result::state::more:
      break;
    case poll_result::state::waiting:
      source_waiting_ = true;
      if (result.retry_at && (!armed_poll_ || *result.retry_at < *armed_poll_)) {
        armed_poll_ = result.retry_at;
        send_timer(*result.retry_at);
      }
      return;
    case poll_result::state::finished:
      if (no_more_splits_) {
        finish_inputs();
        return;
      }
      source_waiting_ = true;
      if (!std::exchange(split_requested_, true))
        self_->send<caf::message_priority::high>(spec_.job,
                                                 split_request_msg{spec_.attempt, spec_.id});
      return;
    }
  }
  yield();
}

void task::on_splits(assign_splits_msg& m) {
  if (phase_ != phase::running && phase_ != phase::ready) return;
  split_requested_ = false;
  no_more_splits_ = m.no_more;
  source_waiting_ = false;
  guarded([&] {
    if (!m.splits.empty()) chain_->source()->add_splits(std::move(m.splits));
  });
  run();
}

void task::yield() {
  continuing_ = true;
  self_->send(caf::actor_cast<task_actor>(self_), continue_msg{});
}

/// After a turn: if there is nothing more to do, nothing should wait in a buffer either. As long as
/// there are messages it is not known, so the handlers of those that start no turn call this, too.
void task::settle() {
  if (!active() || continuing_) return;
  if ((partial_ || gate_.has_next() || !replaying_.empty()) && !blocked_) return;
  if (!self_->mailbox().empty()) return;
  for (auto* c : channels_) c->flush();
  chain_->on_idle();
}

void task::flush_aged() {
  now_ = spec_.io->steady_now();
  for (auto& e : chain_->edges())
    for (auto& c : e->channels()) c->flush_older_than(now_, e->edge().buffer_timeout);
}

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
void task::measure(std::size_t records, steady::time_point since) {
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
  credit_msg credit;
  credit.attempt = spec_.attempt;
  credit.channel = from.channel;
  credit.batches = 1;
  credit.bytes = bytes;
  credit.recycled = std::move(recycled);
  if (auto& wanted = debloater_.wanted(channel); wanted != debloater_.granted(channel))
    [[unlikely]] {
    auto& granted = debloater_.granted(channel);
    credit.window_batches
      = static_cast<std::int32_t>(wanted.batches) - static_cast<std::int32_t>(granted.batches);
    credit.batch_records = wanted.records;
    granted = wanted;
  }
  self_->send<caf::message_priority::high>(from.from, std::move(credit));
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
  self_->send(to.to, element_msg{spec_.attempt, to.channel, std::move(element)});
}

void task::handle_end(std::uint32_t channel) {
  auto w = gate_.end(channel);
  if (w) handle_watermark(*w, true);
  auto input = gate_.at(channel).input;
  bool on_disk = spill_ && spill_->spilling();
  if (!on_disk && !finished_on_restore_ && !gate_.at(channel).feedback && gate_.input_ended(input))
    chain_->finish_input(input);
  after_alignment(gate_.realign());
  if (gate_.all_ended()) finish_inputs();
}

// -- the end
// -----------------------------------------------------------------------------------------

void task::finish_inputs() {
  if (drain_spilled()) return;
  time_stands_still_ = false;
  if (!watermark_done_) handle_watermark(max_timestamp, true);
  if (is_head_ && !inputs_ended_) {
    // The loop may still be full: the job asks until it is empty, then says so.
    inputs_ended_ = true;
    last_came_back_ = spec_.io->processing_clock().now();
    if (missed_trigger_) take_checkpoint(*missed_trigger_);
    self_->send<caf::message_priority::high>(spec_.job,
                                             loop_input_ended_msg{spec_.attempt, spec_.id});
    return;
  }
  if (!finished_on_restore_) chain_->finish();
  phase_ = phase::finishing;
  auto works = std::make_shared<std::vector<std::pair<std::uint32_t, prepare_commit_work>>>();
  for (std::uint32_t i = 0; i < chain_->size(); ++i)
    if (auto work = chain_->at(i).prepare_commit(0, true)) works->emplace_back(i, std::move(work));
  for (auto* c : channels_) c->end_of_input();
  auto handle = caf::actor_cast<task_actor>(self_);
  strand_->post([handle, works] {
    strand_done_msg done;
    done.step = strand_done_msg::what::finished;
    std::uint32_t index = 0;
    try {
      for (auto& [i, work] : *works) {
        index = i;
        auto part = work();
        if (!part.committables.empty()) done.committables[i] = std::move(part.committables);
      }
    } catch (...) {
      done.step = strand_done_msg::what::failed;
      done.id = index;
      done.error = std::current_exception();
    }
    caf::anon_send<caf::message_priority::high>(handle, std::move(done));
  });
}

void task::report_finished_if_drained() {
  if (!strand_finished_ || snapshot_in_progress_) return;
  for (auto* c : channels_)
    if (!c->drained()) return;
  phase_ = phase::finished;
  log_step("finished");
  // What earlier checkpoints prepared and nobody has committed is part of the end, too.
  for (auto& [id, by_operator] : uncommitted_)
    for (auto& [i, list] : by_operator)
      final_committables_[i].insert(final_committables_[i].end(), list.begin(), list.end());
  uncommitted_.clear();
  self_->send<caf::message_priority::high>(
    spec_.job, task_finished_msg{spec_.attempt, spec_.id, final_committables_});
}

void task::on_cancel() {
  if (phase_ == phase::gone) return;
  if (phase_ != phase::finished) log_step("stopped");
  phase_ = phase::gone;
  tear_down();
}

/// User objects may still be in use by work on the strands, so they are destroyed behind it.
void task::tear_down() {
  auto handle = caf::actor_cast<task_actor>(self_);
  auto chain = std::move(chain_);
  channels_.clear();
  gate_ = {};
  partial_.reset();
  loop_batch_.reset();
  loop_buffer_.reset();
  spill_.reset();
  logging_.reset();
  auto state_strand = state_strand_;
  auto destroy = [chain = std::move(chain), handle]() mutable {
    chain.reset();
    strand_done_msg done;
    done.step = strand_done_msg::what::torn_down;
    caf::anon_send<caf::message_priority::high>(handle, std::move(done));
  };
  strand_->post([state_strand, destroy = std::move(destroy)]() mutable {
    state_strand->post(std::move(destroy));
  });
}

void task::on_strand_done(strand_done_msg& m) {
  using what = strand_done_msg::what;
  if (m.step == what::torn_down) {
    self_->quit();
    return;
  }
  if (phase_ == phase::gone) return;
  switch (m.step) {
  case what::restored:
    guarded([&] { open_restored(); });
    return;
  case what::prepared:
    snapshot_in_progress_ = false;
    spec_.probe->checkpoint_bytes.set(m.bytes);
    if (!m.committables.empty()) uncommitted_[m.id] = std::move(m.committables);
    if (phase_ == phase::finishing)
      run();
    else
      guarded([&] { settle(); });
    return;
  case what::finished:
    strand_finished_ = true;
    final_committables_ = std::move(m.committables);
    run();
    return;
  case what::committed:
    if (m.id == ~checkpoint_id{0})
      self_->send<caf::message_priority::high>(spec_.job, committed_msg{spec_.attempt, spec_.id});
    return;
  case what::failed:
    fail(static_cast<std::uint32_t>(m.id), m.error);
    return;
  case what::apply:
    if (phase_ == phase::failed) return;
    guarded([&] { (*m.work)(); });
    run();
    return;
  case what::torn_down:
    return;
  }
}

task_actor::behavior_type task_behavior(task_actor::stateful_pointer<task> self, task_spec spec) {
  self->state.init(self, std::move(spec));
  return {
    [=](element_msg& m) { self->state.on_element(m); },
    [=](credit_msg& m) { self->state.on_credit(m); },
    [=](connect_msg& m) { self->state.on_connect(m); },
    [=](start_msg) { self->state.on_start(); },
    [=](cancel_msg) { self->state.on_cancel(); },
    [=](trigger_msg m) { self->state.on_trigger(m); },
    [=](checkpoint_complete_msg m) { self->state.on_complete(m); },
    [=](checkpoint_aborted_msg m) { self->state.on_aborted(m); },
    [=](assign_splits_msg& m) { self->state.on_splits(m); },
    [=](probe_loop_msg m) { self->state.on_probe_loop(m); },
    [=](end_loop_msg) { self->state.on_end_loop(); },
    [=](overtake_msg m) { self->state.on_overtake(m); },
    [=](continue_msg) { self->state.on_continue(); },
    [=](timer_msg m) { self->state.on_timer(m); },
    [=](wakeup_msg) { self->state.on_wakeup(); },
    [=](strand_done_msg& m) { self->state.on_strand_done(m); },
  };
}

} // namespace sluice::runtime
