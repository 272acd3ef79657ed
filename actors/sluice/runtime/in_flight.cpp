#include "sluice/runtime/in_flight.hpp"

#include "sluice/core/codec.hpp"
#include "sluice/runtime/restore.hpp"
#include "sluice/runtime/state_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

namespace sluice::runtime {

namespace {

std::string key_of(const std::string& from, std::uint32_t port, const std::string& to,
                   std::uint32_t input) {
  return fmt::format("{}:{}->{}:{}", from, port, to, input);
}

} // namespace

std::vector<std::string> edge_keys(const job_graph& graph) {
  std::map<std::string, int> seen;
  std::vector<std::string> result;
  for (auto& e : graph.edges) {
    auto& from = graph.vertices[e.from];
    auto& to = graph.vertices[e.to];
    auto key = key_of(graph.node(from.chain[e.from_operator]).uid, e.port,
                      graph.node(to.chain.front()).uid, e.input);
    // A stream in union with itself has the same edge twice.
    if (auto count = seen[key]++; count > 0) key += fmt::format("#{}", count);
    result.push_back(std::move(key));
  }
  return result;
}

std::string link_key(const job_graph& graph, const job_vertex& v, const chain_link& link) {
  return key_of(graph.node(v.chain[link.from]).uid, link.port, graph.node(v.chain[link.to]).uid, 0);
}

std::string in_flight_state_name(const std::string& edge_key, channel_end end) {
  return (end == channel_end::input ? "input " : "output ") + edge_key;
}

namespace {

/// A link counts behind the edges, by the operator that it leads to: none but a chain's head has
/// several inputs.
const chain_link* internal_link(const job_graph& graph, std::uint32_t vertex, std::uint32_t edge) {
  if (edge < graph.edges.size()) return nullptr;
  auto target = edge - static_cast<std::uint32_t>(graph.edges.size());
  auto& links = graph.vertices[vertex].links;
  auto at = std::find_if(links.begin(), links.end(), [&](auto& l) { return l.to == target; });
  SLUICE_CHECK(at != links.end(), "operator {} of the chain has no link", target);
  return &*at;
}

} // namespace

manifest::in_flight_edge describe_edge(const job_graph& graph, std::uint32_t vertex,
                                       std::uint32_t edge) {
  manifest::in_flight_edge result;
  auto fill = [&](const stream_node& from, const stream_node& to) {
    result.description = fmt::format("\"{}\" -> \"{}\"", from.name, to.name);
    result.from_uid = from.uid;
    result.to_uid = to.uid;
  };
  if (auto* link = internal_link(graph, vertex, edge)) {
    auto& v = graph.vertices[vertex];
    auto& from = graph.node(v.chain[link->from]);
    fill(from, graph.node(v.chain[link->to]));
    result.key = link_key(graph, v, *link);
    result.how = to_string(partitioning::forward);
    result.schema = from.type_of(link->port).schema();
    result.from_parallelism = result.to_parallelism = v.parallelism;
    return result;
  }
  auto& e = graph.edges[edge];
  auto& from = graph.vertices[e.from];
  auto& to = graph.vertices[e.to];
  fill(graph.node(from.chain[e.from_operator]), graph.node(to.chain.front()));
  result.key = edge_keys(graph)[edge];
  result.how = to_string(e.how);
  result.schema = e.type->schema();
  result.from_parallelism = from.parallelism;
  result.to_parallelism = to.parallelism;
  return result;
}

std::string encode_element(std::uint32_t ordinal, const channel_element& e) {
  byte_writer out;
  out.varint(ordinal);
  out.raw(static_cast<std::uint8_t>(e.kind));
  out.raw(static_cast<std::uint8_t>(e.flag));
  out.raw(e.time);
  if (e.kind == channel_element::type::records) e.records->encode(out);
  return out.take();
}

std::pair<std::uint32_t, channel_element> decode_element(std::string_view bytes,
                                                         const element_type& type) {
  byte_reader in(bytes);
  auto ordinal = static_cast<std::uint32_t>(in.varint());
  channel_element e;
  auto kind = in.raw<std::uint8_t>();
  if (kind > static_cast<std::uint8_t>(channel_element::type::status))
    throw format_error(fmt::format("corrupt data: no element is of kind {}", kind));
  e.kind = static_cast<channel_element::type>(kind);
  e.flag = in.raw<std::uint8_t>() != 0;
  e.time = in.raw<timestamp>();
  if (e.kind == channel_element::type::records) {
    auto b = type.make_batch();
    b->decode(in);
    e.records = batch_box(std::move(b));
  }
  return {ordinal, std::move(e)};
}

void in_flight_log::add(channel_end end, std::uint32_t edge, std::uint32_t ordinal,
                        const channel_element& e) {
  using type = channel_element::type;
  if (e.kind == type::barrier || e.kind == type::end_of_input) return; // not data: told anew
  auto& list = items_[{edge, end}];
  list.push_back(encode_element(ordinal, e));
  bytes_ += list.back().size();
}

std::vector<std::uint32_t> in_flight_log::edges() const {
  std::set<std::uint32_t> result;
  for (auto& [at, list] : items_) result.insert(at.first);
  return {result.begin(), result.end()};
}

void in_flight_log::clear() {
  items_.clear();
  bytes_ = 0;
}

void in_flight_log::add_internal(const job_graph& graph, std::uint32_t operator_index,
                                 const batch& b) {
  byte_writer out;
  out.varint(0);
  out.raw(static_cast<std::uint8_t>(channel_element::type::records));
  out.raw(std::uint8_t{0});
  out.raw(min_timestamp);
  b.encode(out);
  auto edge = static_cast<std::uint32_t>(graph.edges.size()) + operator_index;
  auto& list = items_[{edge, channel_end::output}];
  list.push_back(out.take());
  bytes_ += list.back().size();
}

void in_flight_log::write(snapshot_writer& out, const job_graph& graph,
                          std::uint32_t vertex) const {
  for (auto& [at, list] : items_) {
    auto [edge, end] = at;
    auto described = describe_edge(graph, vertex, edge);
    out.begin_state(in_flight_uid, in_flight_state_name(described.key, end),
                    state_kind::operator_list, described.schema);
    for (std::uint32_t i = 0; i < list.size(); ++i) {
      out.begin_group(i);
      out.append(list[i]);
    }
  }
}

// -- restoring
// ---------------------------------------------------------------------------------------

namespace {

const manifest::in_flight_edge* find_edge(const manifest& m, const std::string& key) {
  for (auto& e : m.in_flight)
    if (e.key == key) return &e;
  return nullptr;
}

bool has_uid(const job_graph& graph, const std::string& uid) {
  return std::any_of(graph.vertices.begin(), graph.vertices.end(), [&](auto& v) {
    return std::any_of(v.chain.begin(), v.chain.end(),
                       [&](auto id) { return graph.node(id).uid == uid; });
  });
}

const element_type* find_type(const job_graph& graph, const std::string& key,
                              const job_edge** edge) {
  auto keys = edge_keys(graph);
  for (std::size_t i = 0; i < keys.size(); ++i)
    if (keys[i] == key) {
      *edge = &graph.edges[i];
      return graph.edges[i].type;
    }
  for (auto& v : graph.vertices)
    for (auto& link : v.links)
      if (link_key(graph, v, link) == key)
        return &graph.node(v.chain[link.from]).type_of(link.port);
  return nullptr;
}

/// Keeps the records that a partitioner sends to one of its targets.
class chosen_target final : public partition_target {
public:
  chosen_target(const element_type& type, bool keep) : keep_(keep), batch_(type.make_batch()) {
    pending = batch_.get();
    max_records = type.batch_records();
    max_bytes = ~std::size_t{0};
  }

  void flush_full() override {
    if (keep_ && !batch_->empty()) {
      kept_.push_back(std::exchange(batch_, batch_->make_empty()));
      pending = batch_.get();
    }
    batch_->clear();
  }

  std::vector<std::unique_ptr<batch>> take() {
    flush_full();
    return std::exchange(kept_, {});
  }

private:
  bool keep_;
  std::unique_ptr<batch> batch_;
  std::vector<std::unique_ptr<batch>> kept_;
};

/// Sends restored records through an edge's partitioner and keeps one subtask's share.
class repartitioner {
public:
  repartitioner(const job_edge& e, std::uint32_t subtask, std::uint32_t parallelism,
                std::uint32_t max_parallelism)
    : subtask_(subtask) {
    if (!e.partitioner) return;
    partitioner_ = e.partitioner(parallelism, max_parallelism, e.send_hashes);
    for (std::uint32_t i = 0; i < parallelism; ++i)
      targets_.push_back(std::make_unique<chosen_target>(*e.type, i == subtask));
    for (auto& t : targets_) pointers_.push_back(t.get());
  }

  std::vector<std::unique_ptr<batch>> share_of(std::unique_ptr<batch> b) {
    std::vector<std::unique_ptr<batch>> result;
    if (!partitioner_) {
      result.push_back(std::move(b));
      return result;
    }
    partitioner_->partition(*b, pointers_);
    for (auto& t : targets_) t->flush_full();
    return targets_[subtask_]->take();
  }

private:
  std::uint32_t subtask_;
  std::unique_ptr<record_partitioner> partitioner_;
  std::vector<std::unique_ptr<chosen_target>> targets_;
  std::vector<partition_target*> pointers_;
};

/// Gathers what one subtask replays.
class in_flight_loader {
public:
  in_flight_loader(const restore_point& from, const job_graph& graph, std::uint32_t vertex,
                   std::uint32_t subtask)
    : from_(from), graph_(graph), vertex_(graph.vertices[vertex]), subtask_(subtask),
      keys_(edge_keys(graph)) {}

  restored_in_flight run() {
    for (auto edge : vertex_.inputs) load_input(edge);
    for (std::size_t i = 0; i < vertex_.outputs.size(); ++i) load_output(i);
    for (auto& link : vertex_.links) {
      auto key = link_key(graph_, vertex_, link);
      auto* written = find_edge(from_.content, key);
      if (!written) continue;
      auto& type = graph_.node(vertex_.chain[link.from]).type_of(link.port);
      for (auto end : {channel_end::input, channel_end::output})
        each(*written, end, type, false, [&](std::uint32_t, channel_element e) {
          if (e.records) result_.internals.push_back({link.to, e.records.take()});
        });
    }
    // What is further down the chain was there before.
    std::stable_sort(result_.internals.begin(), result_.internals.end(),
                     [](auto& a, auto& b) { return a.operator_index > b.operator_index; });
    return std::move(result_);
  }

private:
  /// Calls `f(ordinal, element)` for what tasks of the checkpoint hold: with `all` every task, else
  /// those that this subtask stands in for.
  template <class F>
  void each(const manifest::in_flight_edge& written, channel_end end, const element_type& type,
            bool all, F&& f) {
    auto name = in_flight_state_name(written.key, end);
    auto& holder = end == channel_end::input ? written.to_uid : written.from_uid;
    for (auto& t : from_.content.tasks) {
      if (t.in_flight_bytes == 0) continue;
      if (std::find(t.uids.begin(), t.uids.end(), holder) == t.uids.end()) continue;
      if (!all && t.subtask % vertex_.parallelism != subtask_) continue;
      for (auto& s : file(t).states()) {
        if (s.uid != in_flight_uid || s.name != name) continue;
        for (auto& g : s.groups) {
          try {
            auto [ordinal, element] = decode_element(g.bytes, type);
            f(ordinal, std::move(element));
          } catch (const format_error& e) {
            throw state_error(fmt::format("{}/{}: {}", from_.path, t.file, e.what()));
          }
        }
      }
    }
  }

  void load_input(std::uint32_t index) {
    auto& e = graph_.edges[index];
    auto* written = find_edge(from_.content, keys_[index]);
    if (!written) return;
    auto senders = graph_.vertices[e.from].parallelism;
    auto receivers = vertex_.parallelism;
    auto same_receivers = written->to_parallelism == receivers && written->how == to_string(e.how);
    if (same_receivers) {
      auto same = written->from_parallelism == senders;
      each(*written, channel_end::input, *e.type, false,
           [&](std::uint32_t ordinal, channel_element element) {
             add_input(index, same ? ordinal : 0, std::move(element), same);
           });
      return;
    }
    auto by_content = e.how == partitioning::hash || e.how == partitioning::custom;
    auto all = by_content || e.how == partitioning::broadcast;
    if (e.how == partitioning::global && subtask_ != 0) return;
    repartitioner share(e, subtask_, receivers, vertex_.max_parallelism);
    each(*written, channel_end::input, *e.type, all || e.how == partitioning::global,
         [&](std::uint32_t, channel_element element) {
           if (!element.records) return;
           if (!by_content) {
             add_input(index, 0, std::move(element), false);
             return;
           }
           for (auto& b : share.share_of(element.records.take())) {
             channel_element part;
             part.records = batch_box(std::move(b));
             add_input(index, 0, std::move(part), false);
           }
         });
  }

  void add_input(std::uint32_t edge, std::uint32_t ordinal, channel_element element, bool timed) {
    if (!timed) {
      if (!element.records) return;
      element.time = min_timestamp;
    }
    result_.inputs.push_back({edge, ordinal, std::move(element)});
  }

  void load_output(std::size_t index) {
    auto& e = graph_.edges[vertex_.outputs[index]];
    auto* written = find_edge(from_.content, keys_[vertex_.outputs[index]]);
    if (!written) return;
    auto same_senders = written->from_parallelism == vertex_.parallelism;
    auto same_receivers = written->to_parallelism == graph_.vertices[e.to].parallelism
                          && written->how == to_string(e.how);
    // The near-by consumers of rescale and forward are others when the senders are.
    if (e.how == partitioning::rescale || e.how == partitioning::forward)
      same_receivers = same_receivers && same_senders;
    auto timed = same_senders && same_receivers;
    each(*written, channel_end::output, *e.type, false,
         [&](std::uint32_t ordinal, channel_element element) {
           if (!timed) {
             if (!element.records) return;
             element.time = min_timestamp;
           }
           result_.outputs.push_back(
             {index, same_receivers ? std::optional(ordinal) : std::nullopt, std::move(element)});
         });
  }

  const state_file_reader& file(const manifest::task& t) {
    auto& f = files_[t.file];
    if (!f) f = from_.open(t);
    return *f;
  }

  const restore_point& from_;
  const job_graph& graph_;
  const job_vertex& vertex_;
  std::uint32_t subtask_;
  std::vector<std::string> keys_;
  std::map<std::string, std::unique_ptr<state_file_reader>> files_;
  restored_in_flight result_;
};

} // namespace

void check_in_flight(const restore_point& from, const job_graph& graph) {
  for (auto& written : from.content.in_flight) {
    auto refuse = [&](const std::string& why) {
      throw state_error(fmt::format(
        "cannot restore {}: it is unaligned and holds records that were on their way {}, {}; take "
        "a savepoint instead, which never holds any",
        from.path, written.description, why));
    };
    const job_edge* edge = nullptr;
    auto* type = find_type(graph, written.key, &edge);
    if (!type) {
      auto gone = !has_uid(graph, written.from_uid) || !has_uid(graph, written.to_uid);
      if (gone && graph.config.allow_leftover_state) continue;
      refuse("an edge that the program does not have");
    }
    if (type->schema() != written.schema)
      refuse(
        fmt::format("written as {}; the program's records are {}", written.schema, type->schema()));
    auto was_broadcast = written.how == to_string(partitioning::broadcast);
    if (!was_broadcast || written.to_parallelism == 1) continue;
    if (!edge || edge->how != partitioning::broadcast
        || graph.vertices[edge->to].parallelism != written.to_parallelism)
      refuse(fmt::format("a broadcast to {} subtasks, each of which has another share of it still "
                         "to handle: the receiver's parallelism must stay {}",
                         written.to_parallelism, written.to_parallelism));
  }
}

restored_in_flight load_in_flight(const restore_point& from, const job_graph& graph,
                                  std::uint32_t vertex, std::uint32_t subtask) {
  if (from.content.in_flight.empty()) return {};
  return in_flight_loader(from, graph, vertex, subtask).run();
}

} // namespace sluice::runtime
