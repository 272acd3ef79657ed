#include "sluice/runtime/operator_chain.hpp"

#include "sluice/ops/finish_in_parts.hpp"

#include <algorithm>

namespace sluice::runtime {

namespace {

/// What an iteration head does with records: pass them on.
class pass_through final : public stream_operator {
public:
  void process(batch& b, std::uint32_t) override {
    b.drop_hashes();
    ports_[0].push(b);
  }
};

} // namespace

/// The context of one operator.
class operator_chain::context final : public operator_context {
public:
  context(const chain_services& services, const stream_node& node, std::uint32_t index)
    : services_(services), node_(node), index_(index) {}

  const std::string& job_name() const noexcept override { return services_.graph->config.name; }
  const std::string& operator_name() const noexcept override { return node_.name; }
  std::uint32_t subtask() const noexcept override { return services_.subtask; }
  std::uint32_t parallelism() const noexcept override { return vertex().parallelism; }
  std::uint32_t max_parallelism() const noexcept override { return vertex().max_parallelism; }
  key_group_range key_groups() const noexcept override {
    return groups_of(services_.subtask, max_parallelism(), parallelism());
  }
  execution_mode mode() const noexcept override { return services_.graph->config.mode; }
  const clock& processing_clock() const noexcept override {
    return services_.io->processing_clock();
  }

  void request_processing_time(timestamp at) override {
    if (next_timer_ && *next_timer_ <= at) return;
    next_timer_ = at;
    services_.request_timer(at);
  }

  /// Whether a time that the operator asked for has come; forgets it then.
  bool take_due(timestamp now) {
    if (!next_timer_ || *next_timer_ > now) return false;
    next_timer_.reset();
    return true;
  }

  void count_late_records(std::uint64_t n) noexcept override {
    services_.probe->late_records.add(n);
  }

  void post_blocking(std::function<void()> work) override {
    services_.strand->post([work = std::move(work), report = fail()] {
      try {
        work();
      } catch (...) {
        report(std::current_exception());
      }
    });
  }
  boost::asio::any_io_executor io_executor() override { return services_.io->io_executor(); }
  std::function<void()> wakeup() override { return services_.wakeup; }
  std::function<void(std::exception_ptr)> fail() override {
    return [f = services_.fail, i = index_](std::exception_ptr e) { f(i, std::move(e)); };
  }
  std::shared_ptr<counter> make_counter(const std::string& name) override {
    return services_.probe->make_counter(name);
  }

private:
  const job_vertex& vertex() const noexcept { return services_.graph->vertices[services_.vertex]; }

  const chain_services& services_;
  const stream_node& node_;
  std::uint32_t index_;
  std::optional<timestamp> next_timer_;
};

/// Hands what one operator puts out to the next, and knows whose code runs.
class operator_chain::link final : public batch_receiver {
public:
  link(stream_operator& to, std::uint32_t index, std::uint32_t& current, timestamp& watermark)
    : to_(to), index_(index), current_(current), watermark_(watermark) {}

  void receive(batch& b) override {
    auto before = std::exchange(current_, index_);
    to_.process(b, 0);
    current_ = before; // not restored on exceptions: whoever threw is the one to name
  }
  void receive_watermark(timestamp w, bool exact) override {
    auto before = std::exchange(current_, index_);
    to_.on_watermark(w, exact);
    current_ = before;
    watermark_ = std::max(watermark_, w);
  }
  void receive_status(bool idle) override { to_.on_status(idle); }

private:
  stream_operator& to_;
  std::uint32_t index_;
  std::uint32_t& current_;
  timestamp& watermark_;
};

operator_chain::operator_chain(chain_services services,
                               std::vector<std::unique_ptr<output_edge>> edges)
  : services_(std::move(services)), edges_(std::move(edges)) {
  auto& graph = *services_.graph;
  auto& v = graph.vertices[services_.vertex];
  for (std::uint32_t i = 0; i < v.chain.size(); ++i) {
    current_ = *services_.building = i;
    auto& n = graph.node(v.chain[i]);
    contexts_.push_back(std::make_unique<context>(services_, n, i));
    if (n.kind == node_kind::source) {
      auto source
        = std::make_unique<ops::source_operator>(n.source, n.watermarks, n.side_outputs.size());
      source_ = source.get();
      operators_.push_back(std::move(source));
    } else if (n.kind == node_kind::iteration_head) {
      operators_.push_back(std::make_unique<pass_through>());
    } else {
      operators_.push_back(n.make ? n.make() : n.make_with_sides(n.side_outputs));
    }
    if (n.kind == node_kind::sink) can_refuse_.push_back(i);
  }
  for (auto& l : v.links) {
    links_.push_back(std::make_unique<link>(*operators_[l.to], l.to, current_, watermark_));
    port_of(l.from, l.port).add(links_.back().get());
    if (graph.node(v.chain[l.to]).kind == node_kind::sink) exits_.emplace_back(l.from, l.port);
  }
  for (auto& e : edges_) {
    port_of(e->edge().from_operator, e->edge().port).add(e.get());
    exits_.emplace_back(e->edge().from_operator, e->edge().port);
  }
}

operator_chain::~operator_chain() = default;

/// A side output that is read of an operator which has none stays empty.
output_port& operator_chain::port_of(std::uint32_t index, std::uint32_t port) {
  auto& ports = operators_[index]->ports();
  if (ports.size() <= port) ports.resize(port + 1);
  return ports[port];
}

const stream_node& operator_chain::node(std::size_t i) const {
  auto& graph = *services_.graph;
  return graph.node(graph.vertices[services_.vertex].chain[i]);
}

void operator_chain::open() {
  for (auto i = operators_.size(); i-- > 0;) {
    current_ = static_cast<std::uint32_t>(i);
    operators_[i]->open(*contexts_[i]);
  }
  current_ = 0;
}

void operator_chain::restored() {
  for (std::size_t i = 0; i < operators_.size(); ++i) {
    current_ = static_cast<std::uint32_t>(i);
    operators_[i]->restored();
  }
  current_ = 0;
}

void operator_chain::processing_time(timestamp now) {
  for (std::size_t i = 0; i < operators_.size(); ++i) {
    if (!contexts_[i]->take_due(now)) continue;
    current_ = static_cast<std::uint32_t>(i);
    operators_[i]->on_processing_time(now);
  }
  current_ = 0;
}

void operator_chain::inject(std::uint32_t index, batch& b) {
  current_ = index;
  operators_[index]->process(b, 0);
  current_ = 0;
}

bool operator_chain::finish_some() {
  bool all = true;
  for (; all && finished_ < operators_.size(); finished_ += all ? 1 : 0) {
    current_ = finished_;
    auto& op = *operators_[finished_];
    if (auto* parts = dynamic_cast<finishes_in_parts*>(&op))
      all = parts->finish_part();
    else
      op.finish();
  }
  current_ = 0;
  return all;
}

void operator_chain::on_idle() {
  for (auto i : can_refuse_) {
    current_ = i;
    operators_[i]->on_idle();
  }
  current_ = 0;
}

bool operator_chain::ready() {
  for (auto i : can_refuse_) {
    current_ = i;
    if (!operators_[i]->ready()) {
      current_ = 0;
      return false;
    }
  }
  current_ = 0;
  return true;
}

prepare_commit_work operator_chain::prepare_commit(std::uint32_t index, std::uint64_t checkpoint,
                                                   bool end_of_input) {
  current_ = index;
  auto work = operators_[index]->prepare_commit(checkpoint, end_of_input);
  current_ = 0;
  return work;
}

std::uint64_t operator_chain::state_bytes() const noexcept {
  std::uint64_t n = 0;
  for (auto& op : operators_) n += op->states().memory_bytes();
  return n;
}

timestamp operator_chain::watermark() const noexcept {
  auto latest = source_ ? std::max(watermark_, source_->watermark()) : watermark_;
  for (auto& e : edges_) latest = std::max(latest, e->watermark());
  return latest;
}

std::uint64_t operator_chain::output_bytes() const noexcept {
  std::uint64_t n = 0;
  for (auto [op, port] : exits_) n += operators_[op]->ports()[port].num_bytes();
  return n;
}

bool operator_chain::may_expand() const noexcept {
  return !exits_.empty() && std::any_of(operators_.begin(), operators_.end(), [](auto& op) {
    return op->may_expand();
  });
}

} // namespace sluice::runtime
