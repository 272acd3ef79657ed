#include "sluice/plan/stream_graph.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace sluice {

const element_type& stream_node::type_of(std::uint32_t port) const {
  if (port == 0) {
    if (!output) throw plan_error(fmt::format("operator \"{}\" has no output", name));
    return *output;
  }
  if (port > side_outputs.size())
    throw plan_error(fmt::format("operator \"{}\" has no side output {}", name, port));
  return *side_outputs[port - 1].type;
}

namespace {

void check_settings(const stream_graph& graph) {
  auto& c = graph.config;
  auto in_range = [](std::uint32_t p) { return p >= 1 && p <= max_parallelism_limit; };
  if (!in_range(c.parallelism) || !in_range(c.max_parallelism))
    throw plan_error(
      fmt::format("parallelism and max parallelism must be 1 to {}", max_parallelism_limit));
  for (auto& n : graph.nodes) {
    auto most = n.max_parallelism.value_or(c.max_parallelism);
    auto wanted = n.fixed_parallelism.value_or(n.parallelism.value_or(c.parallelism));
    if (!in_range(wanted) || !in_range(most))
      throw plan_error(
        fmt::format("operator \"{}\": parallelism must be 1 to {}", n.name, max_parallelism_limit));
    if (wanted > most)
      throw plan_error(
        fmt::format("operator \"{}\": its parallelism {} exceeds its max parallelism {}", n.name,
                    wanted, most));
    if (n.max_idle && n.max_idle->count() <= 0)
      throw plan_error(
        fmt::format("iteration \"{}\": the longest silence, max_idle, must be positive", n.name));
    if (n.fixed_parallelism && n.parallelism && *n.parallelism != *n.fixed_parallelism)
      throw plan_error(fmt::format("operator \"{}\" cannot run with parallelism {}: only with {}",
                                   n.name, *n.parallelism, *n.fixed_parallelism));
  }
  if (c.checkpoints.interval) {
    if (c.checkpoints.interval->count() <= 0)
      throw plan_error("the checkpoint interval must be positive");
    if (c.checkpoints.directory.empty())
      throw plan_error(
        "checkpointing needs a directory: enable_checkpointing(interval, directory)");
    if (c.checkpoints.num_retained == 0)
      throw plan_error("at least one checkpoint must be retained");
    if (c.checkpoints.timeout.count() <= 0)
      throw plan_error("the checkpoint timeout must be positive");
    if (c.checkpoints.min_pause.count() < 0)
      throw plan_error("the pause between checkpoints must not be negative");
  }
  if (c.checkpoints.aligned_checkpoint_timeout.count() < 0)
    throw plan_error("the aligned checkpoint timeout must not be negative");
  if (may_be_unaligned(c.checkpoints) && c.checkpoints.mode == checkpointing_mode::at_least_once)
    throw plan_error("not supported: unaligned checkpoints (unaligned, aligned_checkpoint_timeout) "
                     "with at_least_once, which aligns nothing; use exactly_once");
  if (c.buffer_debloat_target.count() < 0)
    throw plan_error("the buffer debloat target must not be negative");
  if (c.buffer_timeout.count() < 0) throw plan_error("the buffer timeout must not be negative");
  if (c.feedback_memory_limit == 0)
    throw plan_error("the memory limit of feedback loops must be positive");
  if (c.batch_memory_limit && *c.batch_memory_limit == 0)
    throw plan_error("the memory limit of batch mode must be positive");
  if (c.batch_memory_limit && c.checkpoints.interval)
    throw plan_error("set_batch_memory_limit() and enable_checkpointing() exclude each other: a "
                     "checkpoint would not cover the input that went to disk");
}

void check_edges(const stream_graph& graph) {
  for (auto& n : graph.nodes) {
    for (auto& e : n.inputs) {
      if (e.from >= graph.nodes.size())
        throw plan_error(
          fmt::format("operator \"{}\" reads from an unknown operator {}", n.name, e.from));
      auto& from = graph.node(e.from);
      from.type_of(e.port); // throws when there is none
    }
    if (n.kind == node_kind::source) {
      if (!n.inputs.empty()) throw plan_error(fmt::format("source \"{}\" has an input", n.name));
    } else if (std::all_of(n.inputs.begin(), n.inputs.end(), [](auto& e) { return e.feedback; })) {
      throw plan_error(fmt::format("operator \"{}\" has no input", n.name));
    }
    if (n.kind == node_kind::iteration_head
        && std::none_of(n.inputs.begin(), n.inputs.end(), [](auto& e) { return e.feedback; }))
      throw plan_error(
        fmt::format("the iteration \"{}\" is never closed: call close_with()", n.name));
  }
}

void check_uids(const stream_graph& graph) {
  std::map<std::string, const stream_node*> seen;
  for (auto& n : graph.nodes) {
    if (!n.uid_given) continue;
    auto [at, fresh] = seen.emplace(n.uid, &n);
    if (!fresh)
      throw plan_error(fmt::format("operators \"{}\" and \"{}\" have the same uid \"{}\"",
                                   at->second->name, n.name, n.uid));
  }
}

/// Depth-first search for a cycle that no feedback edge explains.
class cycle_check {
public:
  explicit cycle_check(const stream_graph& graph)
    : graph_(graph), colour_(graph.nodes.size(), white) {}

  void run() {
    for (auto& n : graph_.nodes) visit(n.id);
  }

private:
  enum colour { white, grey, black };

  void visit(node_id id) {
    if (colour_[id] == black) return;
    if (colour_[id] == grey) {
      std::string path;
      auto begin = std::find(path_.begin(), path_.end(), id);
      for (auto at = begin; at != path_.end(); ++at) path += graph_.node(*at).name + " <- ";
      throw plan_error(fmt::format(
        "the graph is cyclic ({}{}): a loop must be closed by iterate() and close_with()", path,
        graph_.node(id).name));
    }
    colour_[id] = grey;
    path_.push_back(id);
    for (auto& e : graph_.node(id).inputs)
      if (!e.feedback) visit(e.from);
    path_.pop_back();
    colour_[id] = black;
  }

  const stream_graph& graph_;
  std::vector<colour> colour_;
  std::vector<node_id> path_;
};

/// A feedback edge has to come from behind its head, or it closes no loop.
void check_feedback(const stream_graph& graph) {
  for (auto& head : graph.nodes) {
    for (auto& e : head.inputs) {
      if (!e.feedback) continue;
      std::vector<bool> seen(graph.nodes.size());
      std::vector<node_id> open{e.from};
      bool found = false;
      while (!open.empty() && !found) {
        auto id = open.back();
        open.pop_back();
        if (id == head.id) found = true;
        if (seen[id]) continue;
        seen[id] = true;
        for (auto& up : graph.node(id).inputs)
          if (!up.feedback) open.push_back(up.from);
      }
      if (!found)
        throw plan_error(
          fmt::format("the iteration \"{}\" is closed with \"{}\", which does not depend on it",
                      head.name, graph.node(e.from).name));
    }
  }
}

/// What a source cannot read must go where somebody sees it.
void check_malformed_records(const stream_graph& graph) {
  for (auto& n : graph.nodes) {
    if (!n.source) continue;
    auto diverts = n.source->diverts_bad_records();
    for (auto& side : n.side_outputs)
      if (!diverts || side.name != malformed_records.name())
        throw plan_error(fmt::format(
          "source \"{}\" has no side output \"{}\": it has only malformed_records, and that under "
          "on_error::divert without a handler",
          n.name, side.name));
    auto read = std::any_of(graph.nodes.begin(), graph.nodes.end(), [&](auto& reader) {
      return std::any_of(reader.inputs.begin(), reader.inputs.end(),
                         [&](auto& e) { return e.from == n.id && e.port > 0; });
    });
    if (diverts && !read)
      throw plan_error(
        fmt::format("source \"{}\" diverts malformed records, but nobody reads them: "
                    "read get_side_output(malformed_records), or give the format "
                    "options a `divert` handler",
                    n.name));
  }
}

void check_sinks(const stream_graph& graph) {
  if (graph.nodes.empty())
    throw plan_error("the job has no operators: add a source and a sink before execute()");
  if (std::none_of(graph.nodes.begin(), graph.nodes.end(),
                   [](auto& n) { return n.kind == node_kind::sink; }))
    throw plan_error("the job has no sink: nothing would be kept of its results; end a stream with "
                     "print(), sink_to() or execute_and_collect()");
  for (auto& n : graph.nodes) {
    if (n.source) n.source->validate();
    if (n.sink) n.sink->validate();
  }
}

} // namespace

void validate(const stream_graph& graph) {
  check_settings(graph);
  check_edges(graph);
  check_uids(graph);
  cycle_check(graph).run();
  check_feedback(graph);
  check_sinks(graph);
  check_malformed_records(graph);
  if (graph.config.mode == execution_mode::batch)
    for (auto& n : graph.nodes)
      if (n.source && n.source->bounded() == boundedness::unbounded)
        throw plan_error(fmt::format(
          "batch mode needs bounded sources, but \"{}\" never ends: use streaming mode", n.name));
}

execution_mode effective_mode(const stream_graph& graph) {
  if (graph.config.mode != execution_mode::automatic) return graph.config.mode;
  auto unbounded = std::any_of(graph.nodes.begin(), graph.nodes.end(), [](auto& n) {
    return n.source && n.source->bounded() == boundedness::unbounded;
  });
  return unbounded ? execution_mode::streaming : execution_mode::batch;
}

} // namespace sluice
