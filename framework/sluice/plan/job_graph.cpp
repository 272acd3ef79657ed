#include "sluice/plan/job_graph.hpp"

#include "sluice/core/hash.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

namespace sluice {

namespace {

constexpr const char* default_slot_group = "default";

/// Turns a validated program into chains. One pass per concern, in the order of `run`.
class graph_builder {
public:
  explicit graph_builder(const stream_graph& graph) {
    result_.config = graph.config;
    result_.config.mode = effective_mode(graph);
    result_.nodes = graph.nodes;
  }

  job_graph run() {
    drop_unread_operators();
    resolve_parallelism();
    resolve_slot_groups();
    resolve_edges();
    name_operators();
    form_chains();
    connect_chains();
    return std::move(result_);
  }

private:
  /// Operators that no sink depends on do nothing that anybody could see.
  void drop_unread_operators() {
    needed_.assign(result_.nodes.size(), false);
    std::vector<node_id> open;
    for (auto& n : result_.nodes)
      if (n.kind == node_kind::sink) open.push_back(n.id);
    while (!open.empty()) {
      auto id = open.back();
      open.pop_back();
      if (needed_[id]) continue;
      needed_[id] = true;
      for (auto& e : result_.node(id).inputs) open.push_back(e.from);
    }
    for (auto& n : result_.nodes)
      if (!needed_[n.id])
        result_.notes.push_back(fmt::format("dropped \"{}\": no sink reads it", n.name));
  }

  void resolve_parallelism() {
    for (auto& n : result_.nodes) {
      auto fixed = n.fixed_parallelism;
      if (!fixed && n.source) fixed = n.source->fixed_parallelism();
      if (fixed && n.parallelism && *n.parallelism != *fixed)
        throw plan_error(fmt::format("operator \"{}\" cannot run with parallelism {}: only with {}",
                                     n.name, *n.parallelism, *fixed));
      n.parallelism = fixed.value_or(n.parallelism.value_or(result_.config.parallelism));
      n.max_parallelism = n.max_parallelism.value_or(result_.config.max_parallelism);
    }
  }

  void resolve_slot_groups() {
    for (auto id : topological_order()) {
      auto& n = result_.nodes[id];
      for (auto& e : n.inputs) {
        if (e.feedback || !n.slot_group.empty()) continue;
        auto& first = result_.node(n.inputs.front().from).slot_group;
        auto agree = std::all_of(n.inputs.begin(), n.inputs.end(), [&](auto& i) {
          return i.feedback || result_.node(i.from).slot_group == first;
        });
        n.slot_group = agree ? first : default_slot_group;
      }
      if (n.slot_group.empty()) n.slot_group = default_slot_group;
    }
  }

  void resolve_edges() {
    for (auto& n : result_.nodes) {
      if (!needed_[n.id]) continue;
      for (auto& e : n.inputs) {
        auto from = *result_.node(e.from).parallelism;
        auto to = *n.parallelism;
        if (!e.how) e.how = from == to ? partitioning::forward : partitioning::rebalance;
        if (*e.how == partitioning::forward && from != to)
          throw plan_error(
            fmt::format("forward() from \"{}\" to \"{}\" needs equal parallelism, not {} and {}",
                        result_.node(e.from).name, n.name, from, to));
        simplify(n, e, from, to);
      }
    }
  }

  /// A repartitioning between single subtasks changes nothing.
  void simplify(const stream_node& n, stream_edge& e, std::uint32_t from, std::uint32_t to) {
    if (from != 1 || to != 1 || *e.how == partitioning::forward) return;
    if (*e.how == partitioning::hash || *e.how == partitioning::custom) {
      // Keyed operators stay actors of their own, so that they run beside their source; but the
      // only consumer need not be looked up per record.
      e.send_hashes = false;
      return;
    }
    result_.notes.push_back(fmt::format("dropped {} before \"{}\": both sides have parallelism 1",
                                        to_string(*e.how), n.name));
    e.how = partitioning::forward;
  }

  /// Operators without a uid get one from what they are and what they read, so that a program that
  /// was only extended elsewhere can be restored.
  void name_operators() {
    std::map<std::string, int> used;
    for (auto id : topological_order()) {
      auto& n = result_.nodes[id];
      if (n.uid_given) continue;
      auto hash = stable_hash(n.name);
      for (auto& e : n.inputs)
        if (!e.feedback)
          hash = combine_hash(combine_hash(hash, stable_hash(result_.node(e.from).uid)), e.port);
      n.uid = fmt::format("auto-{:016x}", hash);
      if (auto count = used[n.uid]++; count > 0) n.uid += fmt::format("-{}", count);
    }
  }

  std::vector<node_id> topological_order() const {
    std::vector<node_id> order;
    std::vector<bool> done(result_.nodes.size());
    auto visit = [&](auto& self, node_id id) -> void {
      if (done[id]) return;
      done[id] = true;
      for (auto& e : result_.node(id).inputs)
        if (!e.feedback) self(self, e.from);
      order.push_back(id);
    };
    for (auto& n : result_.nodes) visit(visit, n.id);
    return order;
  }

  bool chainable(const stream_node& from, const stream_node& to, const stream_edge& e) const {
    return result_.config.chaining && !e.feedback && *e.how == partitioning::forward
           && to.inputs.size() == 1 && from.parallelism == to.parallelism
           && from.max_parallelism == to.max_parallelism && from.slot_group == to.slot_group
           && to.chaining == chaining_strategy::always && from.chaining != chaining_strategy::never
           && to.kind != node_kind::iteration_head;
  }

  void form_chains() {
    vertex_of_.assign(result_.nodes.size(), 0);
    index_of_.assign(result_.nodes.size(), 0);
    for (auto id : topological_order()) {
      if (!needed_[id]) continue;
      auto& n = result_.node(id);
      if (n.inputs.size() == 1 && chainable(result_.node(n.inputs[0].from), n, n.inputs[0]))
        join_chain(n);
      else
        start_chain(n);
    }
  }

  void join_chain(const stream_node& n) {
    auto& e = n.inputs[0];
    auto& v = result_.vertices[vertex_of_[e.from]];
    vertex_of_[n.id] = v.id;
    index_of_[n.id] = static_cast<std::uint32_t>(v.chain.size());
    v.links.push_back({index_of_[e.from], e.port, index_of_[n.id]});
    v.chain.push_back(n.id);
    v.name += " -> " + n.name;
  }

  void start_chain(const stream_node& n) {
    job_vertex v;
    v.id = static_cast<vertex_id>(result_.vertices.size());
    v.name = n.name;
    v.parallelism = *n.parallelism;
    v.max_parallelism = *n.max_parallelism;
    v.slot_group = n.slot_group;
    v.chain.push_back(n.id);
    vertex_of_[n.id] = v.id;
    index_of_[n.id] = 0;
    result_.vertices.push_back(std::move(v));
  }

  void connect_chains() {
    for (auto& v : result_.vertices) {
      auto& head = result_.node(v.chain.front());
      for (auto& e : head.inputs) {
        job_edge edge;
        edge.from = vertex_of_[e.from];
        edge.from_operator = index_of_[e.from];
        edge.port = e.port;
        edge.to = v.id;
        edge.input = e.input;
        edge.how = *e.how;
        edge.partitioner = e.partitioner;
        edge.send_hashes = e.send_hashes && edge.how == partitioning::hash;
        edge.feedback = e.feedback;
        auto& from = result_.node(e.from);
        edge.type = &from.type_of(e.port);
        edge.buffer_timeout = from.buffer_timeout.value_or(result_.config.buffer_timeout);
        auto& checkpoints = result_.config.checkpoints;
        if (may_be_unaligned(checkpoints) && !checkpoints.directory.empty()
            && edge.type->schema().empty())
          throw plan_error(fmt::format("unaligned checkpoints cannot keep the records from \"{}\" "
                                       "to \"{}\": {} has no encoding; specialise sluice::codec "
                                       "for it",
                                       from.name, head.name, edge.type->name()));
        auto index = static_cast<std::uint32_t>(result_.edges.size());
        result_.vertices[edge.from].outputs.push_back(index);
        v.inputs.push_back(index);
        result_.edges.push_back(std::move(edge));
      }
    }
  }

  job_graph result_;
  std::vector<bool> needed_;
  std::vector<vertex_id> vertex_of_;
  std::vector<std::uint32_t> index_of_;
};

} // namespace

job_graph make_job_graph(const stream_graph& graph) {
  validate(graph);
  auto result = graph_builder(graph).run();
  result.program = std::make_shared<const stream_graph>(graph);
  return result;
}

namespace {

struct slot_range {
  const std::string* group;
  std::uint32_t first;
  std::uint32_t count;
};

/// The slots of each group, in the order in which groups appear.
std::vector<slot_range> slot_ranges(const job_graph& graph) {
  std::vector<slot_range> ranges;
  for (auto& v : graph.vertices) {
    auto at = std::find_if(ranges.begin(), ranges.end(),
                           [&](auto& r) { return *r.group == v.slot_group; });
    if (at == ranges.end()) at = ranges.insert(at, {&v.slot_group, 0, 0});
    at->count = std::max(at->count, v.parallelism);
  }
  std::uint32_t next = 0;
  for (auto& r : ranges) r.first = std::exchange(next, next + r.count);
  return ranges;
}

} // namespace

std::uint32_t slot_of(const job_graph& graph, vertex_id vertex, std::uint32_t subtask) {
  auto& v = graph.vertices.at(vertex);
  for (auto& r : slot_ranges(graph))
    if (*r.group == v.slot_group)
      return r.first + static_cast<std::uint32_t>(std::uint64_t{subtask} * r.count / v.parallelism);
  SLUICE_CHECK(false, "vertex {} is in no slot group", vertex);
  return 0;
}

std::uint32_t num_slots(const job_graph& graph) {
  std::uint32_t n = 0;
  for (auto& r : slot_ranges(graph)) n += r.count;
  return n;
}

job_graph rescaled(const job_graph& graph, std::uint32_t parallelism) {
  auto program = *graph.program;
  program.config = graph.config;
  program.config.parallelism = parallelism;
  return make_job_graph(program);
}

} // namespace sluice
