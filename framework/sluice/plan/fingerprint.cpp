#include "sluice/plan/fingerprint.hpp"

#include "sluice/version.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace sluice {

namespace {

std::string describe(const stream_node& n) {
  auto text = fmt::format("operator {} \"{}\", uid {}, parallelism {} of {}", n.id, n.name, n.uid,
                          n.parallelism.value_or(1), n.max_parallelism.value_or(1));
  if (n.output) text += fmt::format(", makes {} as {}", n.output->name(), n.output->schema());
  for (auto& side : n.side_outputs) text += fmt::format(", side output \"{}\"", side.name);
  return text;
}

std::string_view next_line(std::string_view& text) {
  auto end = text.find('\n');
  auto line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return line;
}

} // namespace

std::string fingerprint(const job_graph& graph) {
  auto out = fmt::format("Sluice {}, key groups {}, {} mode\n", SLUICE_VERSION,
                         graph.config.max_parallelism,
                         graph.config.mode == execution_mode::batch ? "batch" : "streaming");
  for (auto& v : graph.vertices) {
    out += fmt::format("chain {} of operators {}, parallelism {} of {}\n", v.id,
                       fmt::join(v.chain, ", "), v.parallelism, v.max_parallelism);
    for (auto id : v.chain) out += describe(graph.node(id)) + '\n';
  }
  for (auto& e : graph.edges)
    out
      += fmt::format("edge from chain {}, operator {}, output {} to chain {}, input {}: {} of {}{}"
                     "\n",
                     e.from, e.from_operator, e.port, e.to, e.input, to_string(e.how),
                     e.type->name(), e.feedback ? ", feedback" : "");
  return out;
}

std::optional<std::string> fingerprint_difference(std::string_view expected,
                                                  std::string_view found) {
  if (expected == found) return std::nullopt;
  while (!expected.empty() || !found.empty()) {
    auto a = next_line(expected);
    auto b = next_line(found);
    if (a != b)
      return fmt::format("expected {}, found {}", a.empty() ? "nothing more" : a,
                         b.empty() ? "nothing more" : b);
  }
  return "they differ in line breaks";
}

} // namespace sluice
