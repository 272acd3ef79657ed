#include "sluice/plan/job_graph.hpp"

#include <fmt/format.h>

#include <string_view>

namespace sluice {

namespace {

std::string_view to_string(node_kind kind) {
  switch (kind) {
  case node_kind::source:
    return "source";
  case node_kind::operation:
    return "operator";
  case node_kind::sink:
    return "sink";
  case node_kind::iteration_head:
    return "iteration";
  }
  return "?";
}

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (auto c : text) {
    if (c == '"' || c == '\\')
      out += {'\\', c};
    else if (static_cast<unsigned char>(c) < 0x20)
      out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
    else
      out += c;
  }
  return out + '"';
}

std::uint32_t parallelism_of(const stream_node& n, const job_config& config) {
  return n.fixed_parallelism.value_or(n.parallelism.value_or(config.parallelism));
}

std::string partitioning_of(const stream_edge& e, const stream_graph& g, const stream_node& to) {
  if (e.how) return std::string(sluice::to_string(*e.how));
  auto same = parallelism_of(g.node(e.from), g.config) == parallelism_of(to, g.config);
  return same ? "FORWARD" : "REBALANCE";
}

std::string mode_of(execution_mode mode) {
  switch (mode) {
  case execution_mode::streaming:
    return "streaming";
  case execution_mode::batch:
    return "batch";
  case execution_mode::automatic:
    return "automatic";
  }
  return "?";
}

std::string logical_text(const stream_graph& g) {
  auto out = fmt::format("== Logical graph: {} ({}) ==\n", g.config.name, mode_of(g.config.mode));
  for (auto& n : g.nodes) {
    out += fmt::format("[{}] {} {} parallelism={}", n.id, to_string(n.kind), n.name,
                       parallelism_of(n, g.config));
    if (n.output) out += " : " + n.output->name();
    out += '\n';
    for (auto& e : n.inputs) {
      out += fmt::format("    <- [{}]", e.from);
      if (e.port > 0)
        out += fmt::format(" side output \"{}\"", g.node(e.from).side_outputs[e.port - 1].name);
      out += " " + partitioning_of(e, g, n);
      if (e.feedback) out += " (feedback)";
      out += '\n';
    }
  }
  return out;
}

std::string logical_dot(const stream_graph& g) {
  std::string out = "digraph logical {\n  rankdir=LR;\n  node [shape=box];\n";
  for (auto& n : g.nodes)
    out += fmt::format("  n{} [label={}];\n", n.id,
                       quoted(fmt::format("{} x{}", n.name, parallelism_of(n, g.config))));
  for (auto& n : g.nodes)
    for (auto& e : n.inputs)
      out += fmt::format("  n{} -> n{} [label={}{}];\n", e.from, n.id,
                         quoted(partitioning_of(e, g, n)), e.feedback ? ", style=dashed" : "");
  return out + "}\n";
}

std::string logical_json(const stream_graph& g) {
  auto out = fmt::format("{{\"job\":{},\"mode\":{},\"nodes\":[", quoted(g.config.name),
                         quoted(mode_of(g.config.mode)));
  std::string_view comma;
  for (auto& n : g.nodes) {
    out += fmt::format("{}{{\"id\":{},\"kind\":{},\"name\":{},\"parallelism\":{}", comma, n.id,
                       quoted(to_string(n.kind)), quoted(n.name), parallelism_of(n, g.config));
    if (n.uid_given) out += ",\"uid\":" + quoted(n.uid);
    if (n.output) out += ",\"type\":" + quoted(n.output->name());
    out += ",\"inputs\":[";
    std::string_view inner;
    for (auto& e : n.inputs) {
      out += fmt::format(
        "{}{{\"from\":{},\"port\":{},\"input\":{},\"partitioning\":{},\"feedback\":{}}}", inner,
        e.from, e.port, e.input, quoted(partitioning_of(e, g, n)), e.feedback);
      inner = ",";
    }
    out += "]}";
    comma = ",";
  }
  return out + "]}\n";
}

std::string edge_label(const job_edge& e) {
  auto text = std::string(sluice::to_string(e.how));
  if (e.send_hashes) text += " +hash";
  if (e.feedback) text += " (feedback)";
  return text;
}

std::string job_text(const job_graph& g) {
  auto out = fmt::format("== Job graph: {} ({}) ==\n", g.config.name, mode_of(g.config.mode));
  for (auto& v : g.vertices) {
    out += fmt::format("[{}] {} parallelism={}\n", v.id, v.name, v.parallelism);
    for (auto index : v.inputs) {
      auto& e = g.edges[index];
      out += fmt::format("    <- [{}] {} : {}\n", e.from, edge_label(e), e.type->name());
    }
  }
  for (auto& note : g.notes) out += "optimiser: " + note + '\n';
  return out;
}

std::string job_dot(const job_graph& g) {
  std::string out = "digraph job {\n  rankdir=LR;\n  node [shape=box];\n";
  for (auto& v : g.vertices)
    out += fmt::format("  v{} [label={}];\n", v.id,
                       quoted(fmt::format("{} x{}", v.name, v.parallelism)));
  for (auto& e : g.edges)
    out += fmt::format("  v{} -> v{} [label={}{}];\n", e.from, e.to, quoted(edge_label(e)),
                       e.feedback ? ", style=dashed" : "");
  return out + "}\n";
}

std::string job_json(const job_graph& g) {
  auto out = fmt::format("{{\"job\":{},\"mode\":{},\"vertices\":[", quoted(g.config.name),
                         quoted(mode_of(g.config.mode)));
  std::string_view comma;
  for (auto& v : g.vertices) {
    out += fmt::format("{}{{\"id\":{},\"name\":{},\"parallelism\":{},\"operators\":[", comma, v.id,
                       quoted(v.name), v.parallelism);
    std::string_view inner;
    for (auto id : v.chain) {
      out += fmt::format("{}{{\"name\":{},\"uid\":{}}}", inner, quoted(g.node(id).name),
                         quoted(g.node(id).uid));
      inner = ",";
    }
    out += "]}";
    comma = ",";
  }
  out += "],\"edges\":[";
  comma = "";
  for (auto& e : g.edges) {
    out += fmt::format(
      "{}{{\"from\":{},\"to\":{},\"partitioning\":{},\"hash_sent\":{},\"feedback\":{},"
      "\"type\":{}}}",
      comma, e.from, e.to, quoted(sluice::to_string(e.how)), e.send_hashes, e.feedback,
      quoted(e.type->name()));
    comma = ",";
  }
  out += "],\"optimiser\":[";
  comma = "";
  for (auto& note : g.notes) {
    out += fmt::format("{}{}", comma, quoted(note));
    comma = ",";
  }
  return out + "]}\n";
}

} // namespace

std::string explain(const stream_graph& graph, explain_format format) {
  switch (format) {
  case explain_format::text:
    return logical_text(graph);
  case explain_format::dot:
    return logical_dot(graph);
  case explain_format::json:
    return logical_json(graph);
  }
  return {};
}

std::string explain(const job_graph& graph, explain_format format) {
  switch (format) {
  case explain_format::text:
    return job_text(graph);
  case explain_format::dot:
    return job_dot(graph);
  case explain_format::json:
    return job_json(graph);
  }
  return {};
}

} // namespace sluice
