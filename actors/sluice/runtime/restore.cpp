#include "sluice/runtime/restore.hpp"

#include "sluice/runtime/checkpoint_storage.hpp"

#include "sluice/core/key_group.hpp"
#include "sluice/runtime/state_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>

namespace sluice::runtime {

namespace {

bool has_uid(const manifest::task& t, const std::string& uid) {
  return std::find(t.uids.begin(), t.uids.end(), uid) != t.uids.end();
}

/// Gathers the groups or items of one operator that one subtask needs.
class operator_loader {
public:
  operator_loader(key_group_range groups, std::uint32_t subtask, std::uint32_t parallelism)
    : groups_(groups), subtask_(subtask), parallelism_(parallelism) {}

  void add(const state_file_reader& file, const std::string& uid, const manifest::task& written) {
    for (auto& s : file.states()) {
      if (s.uid != uid) continue;
      for (auto& g : s.groups)
        if (wanted(s, g, written)) take(s, g);
    }
    result_.states.storage.push_back(file.content());
  }

  task_state_content::per_operator result() {
    for (auto& [name, state] : states_) result_.states.states.push_back(std::move(state));
    return std::move(result_);
  }

private:
  bool wanted(const state_file_reader::state& s, const state_file_reader::group& g,
              const manifest::task& written) {
    if (s.kind == state_kind::keyed) return groups_.contains(g.number);
    if (s.kind == state_kind::operator_union) return true;
    if (written.parallelism == parallelism_) return written.subtask == subtask_;
    return dealt_[s.name]++ % parallelism_ == subtask_;
  }

  void take(const state_file_reader::state& s, const state_file_reader::group& g) {
    if (s.name == writer_state_name) {
      result_.writers.emplace_back(g.bytes);
    } else if (s.name == committables_name) {
      result_.committables.emplace_back(g.bytes);
    } else if (s.name == loop_state_name) {
      result_.loop.emplace_back(g.bytes);
    } else {
      auto& state = states_[s.name];
      if (state.name.empty()) state = {s.name, s.kind, s.schema, {}};
      state.groups.push_back({g.number, g.bytes});
    }
  }

  key_group_range groups_;
  std::uint32_t subtask_;
  std::uint32_t parallelism_;
  std::map<std::string, restored_state> states_;
  std::map<std::string, std::uint32_t> dealt_;
  task_state_content::per_operator result_;
};

} // namespace

std::unique_ptr<state_file_reader> restore_point::open(const manifest::task& t) const {
  if (local)
    if (auto copy = local->find(content.id, t)) return copy;
  return std::make_unique<state_file_reader>(path_in(path, t.file), t.bytes, t.checksum);
}

namespace {

/// Whether the operator is one of those of the task's chain that have written something.
bool has_state(const restore_point& from, const manifest::task& t, const std::string& uid) {
  if (t.file.empty()) return false;
  auto file = from.open(t);
  return std::any_of(file->states().begin(), file->states().end(),
                     [&](auto& s) { return s.uid == uid && !s.groups.empty(); });
}

} // namespace

void check_compatible(const restore_point& from, const job_graph& graph) {
  std::map<std::string, std::uint32_t> ours;
  for (auto& v : graph.vertices)
    for (auto id : v.chain) ours[graph.node(id).uid] = v.max_parallelism;
  for (std::size_t i = 0; i < from.content.uids.size(); ++i) {
    auto& uid = from.content.uids[i];
    auto at = ours.find(uid);
    if (at == ours.end()) {
      if (graph.config.allow_leftover_state) continue;
      std::string name = uid;
      bool stateful = false;
      for (auto& t : from.content.tasks)
        for (std::size_t k = 0; k < t.uids.size(); ++k)
          if (t.uids[k] == uid) {
            name = t.names[k];
            stateful = stateful || has_state(from, t, uid);
          }
      if (!stateful) continue;
      throw state_error(fmt::format("cannot restore {}: it holds state of operator \"{}\" (uid "
                                    "\"{}\"), which the program does not "
                                    "have; give operators a uid() so that they are found again "
                                    "after a change, or allow leftover "
                                    "state to drop it",
                                    from.path, name, uid));
    }
    if (at->second != from.content.max_parallelism[i])
      throw state_error(
        fmt::format("cannot restore {}: operator \"{}\" was written with max parallelism "
                    "{}, the program says {}",
                    from.path, uid, from.content.max_parallelism[i], at->second));
  }
  check_in_flight(from, graph);
}

task_state_content load_task_state(const restore_point& from, const job_graph& graph,
                                   std::uint32_t vertex, std::uint32_t subtask) {
  auto& v = graph.vertices[vertex];
  auto groups = groups_of(subtask, v.max_parallelism, v.parallelism);
  std::map<std::string, std::unique_ptr<state_file_reader>> files;
  task_state_content result;
  bool all_finished = true;
  for (auto id : v.chain) {
    auto& uid = graph.node(id).uid;
    operator_loader loader(groups, subtask, v.parallelism);
    for (auto& t : from.content.tasks) {
      if (!has_uid(t, uid)) continue;
      auto same_place = t.parallelism == v.parallelism;
      if (same_place && t.subtask != subtask) continue;
      all_finished = all_finished && same_place && t.finished;
      if (t.file.empty()) continue;
      auto& file = files[t.file];
      if (!file) file = from.open(t);
      loader.add(*file, uid, t);
    }
    result.operators.push_back(loader.result());
    if (subtask == 0)
      for (auto& o : from.content.outputs)
        if (o.uid == uid)
          result.operators.back().committables.insert(result.operators.back().committables.end(),
                                                      o.committables.begin(), o.committables.end());
  }
  result.finished
    = all_finished
      && std::any_of(from.content.tasks.begin(), from.content.tasks.end(),
                     [&](auto& t) { return has_uid(t, graph.node(v.chain.front()).uid); });
  result.in_flight = load_in_flight(from, graph, vertex, subtask);
  return result;
}

} // namespace sluice::runtime
