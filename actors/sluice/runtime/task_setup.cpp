/// How a task comes to life: its chain, its channels and its restored state.
#include "sluice/runtime/log.hpp"
#include "sluice/runtime/task.hpp"

#include <caf/send.hpp>

namespace sluice::runtime {

namespace {

/// A batch that leaves the process is larger than one that stays in the caches: a frame costs more
/// than its bytes.
constexpr std::size_t remote_batch_bytes = 64 * 1024;

/// Records of a full batch of `e`.
std::uint32_t full_batch(const job_edge& e, bool remote) {
  if (e.buffer_timeout.count() == 0) return 1;
  auto records = e.type->batch_records();
  if (remote) records = std::max(records, remote_batch_bytes / e.type->record_size());
  return static_cast<std::uint32_t>(records);
}

window full_window(const job_edge& e, bool remote) {
  return {remote ? max_remote_window_batches : max_window_batches, full_batch(e, remote)};
}

} // namespace

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
  s.building = &building_;
  return s;
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
    num_feedback_ += e.feedback;
    auto full = full_window(e, in.remote != nullptr);
    c.max_batches = full.batches;
    gate_.add_channel(std::move(c));
    ordinals_.push_back(channels_of_edge[in.edge]++);
    debloater_.add_channel(full, !e.feedback);
    owed_.emplace_back();
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
    std::vector<std::unique_ptr<output_channel>> channels;
    for (std::size_t i = 0; i < peers_.outputs[k].size(); ++i) {
      auto remote = peers_.outputs[k][i].remote != nullptr;
      auto start = buffer_debloater::initial(target, full_window(e, remote));
      channel_window window;
      window.batches = start.batches;
      if (remote) window.bytes = max_remote_window_bytes;
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
  for (std::size_t k = 0; k < chain_->edges().size(); ++k) {
    auto& e = chain_->edges()[k]->edge();
    // What a channel sends whole need not be copied into its batches.
    for (auto& o : peers_.outputs[k])
      if (o.remote) full_poll_ = std::max<std::size_t>(full_poll_, full_batch(e, true));
  }
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

} // namespace sluice::runtime
