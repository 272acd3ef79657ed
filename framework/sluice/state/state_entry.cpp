#include "sluice/state/state_entry.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace sluice {

void state_registry::add(std::string name, state_entry* entry) {
  auto taken
    = std::any_of(entries_.begin(), entries_.end(), [&](const named& n) { return n.name == name; });
  if (taken) throw state_error(fmt::format("two states of one operator are called \"{}\"", name));
  entries_.push_back({std::move(name), entry});
}

std::vector<std::unique_ptr<state_snapshot>> state_registry::snapshot() {
  std::vector<std::unique_ptr<state_snapshot>> result;
  result.reserve(entries_.size());
  for (auto& [name, entry] : entries_) result.push_back(entry->snapshot(name));
  return result;
}

void state_registry::restore(const std::string& operator_name, const restored_operator& written,
                             bool allow_leftovers) {
  for (auto& state : written.states) {
    auto at = std::find_if(entries_.begin(), entries_.end(),
                           [&](const named& n) { return n.name == state.name; });
    if (at == entries_.end()) {
      if (allow_leftovers) continue;
      throw state_error(fmt::format("cannot restore operator \"{}\": the snapshot has a state "
                                    "\"{}\" ({}) that the program does "
                                    "not use; allow leftover state to drop it",
                                    operator_name, state.name, state.schema));
    }
    try {
      for (auto& group : state.groups) at->entry->restore(group, state.schema);
    } catch (const error& e) {
      throw state_error(fmt::format("cannot restore operator \"{}\", state \"{}\": {}",
                                    operator_name, state.name, e.what()));
    }
  }
}

std::size_t state_registry::memory_bytes() const noexcept {
  std::size_t n = 0;
  for (auto& e : entries_) n += e.entry->memory_bytes();
  return n;
}

std::size_t state_registry::owned_bytes() {
  std::size_t n = 0;
  for (auto& e : entries_) n += e.entry->owned_bytes();
  return n;
}

void state_registry::clear() {
  for (auto& e : entries_) e.entry->clear();
}

namespace {

class list_snapshot final : public state_snapshot {
public:
  list_snapshot(std::string name, state_kind kind, std::string schema,
                std::vector<std::string> items)
    : name_(std::move(name)), kind_(kind), schema_(std::move(schema)), items_(std::move(items)) {}

  void write(snapshot_writer& out, std::string_view operator_uid) override {
    out.begin_state(operator_uid, name_, kind_, schema_);
    for (std::uint32_t i = 0; i < items_.size(); ++i) {
      out.begin_group(i);
      out.append(items_[i]);
    }
  }

private:
  std::string name_;
  state_kind kind_;
  std::string schema_;
  std::vector<std::string> items_;
};

} // namespace

std::unique_ptr<state_snapshot> list_entry::snapshot(const std::string& name) {
  return std::make_unique<list_snapshot>(name, kind_, schema_, save_());
}

void list_entry::restore(const restored_group& group, const std::string& written_schema) {
  if (written_schema != schema_)
    throw state_error(
      fmt::format("it holds \"{}\", the program wants \"{}\"", written_schema, schema_));
  load_(group.bytes);
}

} // namespace sluice
