/// The job graph: what runs. Chains of operators, each an actor per subtask, and the edges between.
#pragma once

#include "sluice/plan/stream_graph.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace sluice {

using vertex_id = std::uint32_t;

/// How an operator of a chain hands records to another of the same chain: a function call.
struct chain_link {
  std::uint32_t from = 0; ///< index in the chain
  std::uint32_t port = 0;
  std::uint32_t to = 0;
};

/// A chain: operators that run on one actor per subtask.
struct job_vertex {
  vertex_id id = 0;
  std::string name; ///< "source -> map -> filter"
  std::uint32_t parallelism = 1;
  std::uint32_t max_parallelism = default_max_parallelism;
  std::string slot_group;
  /// Operators, inputs before consumers; the first is the head, which alone may have several
  /// inputs.
  std::vector<node_id> chain;
  std::vector<chain_link> links;
  std::vector<std::uint32_t> inputs;  ///< edges, by index
  std::vector<std::uint32_t> outputs; ///< edges, by index
};

/// An edge between chains: a channel for each pair of subtasks that it connects.
struct job_edge {
  vertex_id from = 0;
  std::uint32_t from_operator = 0; ///< index in the producer's chain
  std::uint32_t port = 0;
  vertex_id to = 0;
  std::uint32_t input = 0; ///< of the consumer's head
  partitioning how = partitioning::forward;
  partitioner_factory partitioner;
  bool send_hashes = false;
  bool feedback = false;
  duration buffer_timeout{0};
  const element_type* type = nullptr;
};

struct job_graph {
  job_config config; ///< `mode` is never `automatic` here
  std::vector<stream_node> nodes;
  std::vector<job_vertex> vertices;
  std::vector<job_edge> edges;
  /// What the optimiser did, a line each.
  std::vector<std::string> notes;
  /// The program that this was made of.
  std::shared_ptr<const stream_graph> program;

  const stream_node& node(node_id id) const { return nodes.at(id); }
};

/// Validates and optimises a program. Errors: `plan_error`.
job_graph make_job_graph(const stream_graph& graph);

/// Where a subtask goes: vertices of one slot group share slots, those of different groups do not.
/// Subtasks spread over the slots of their group as `rescale` deals them out, so that those stay
/// together whom it connects.
std::uint32_t slot_of(const job_graph& graph, vertex_id vertex, std::uint32_t subtask);

/// How many slots the job needs.
std::uint32_t num_slots(const job_graph& graph);

/// The same program with another parallelism, for operators that have not been given their own.
/// Errors: as `make_job_graph`.
job_graph rescaled(const job_graph& graph, std::uint32_t parallelism);

enum class explain_format : std::uint8_t { text, dot, json };

/// The logical graph for people (text), Graphviz (dot) or programs (json).
std::string explain(const stream_graph& graph, explain_format format = explain_format::text);

/// The same for what runs.
std::string explain(const job_graph& graph, explain_format format = explain_format::text);

} // namespace sluice
