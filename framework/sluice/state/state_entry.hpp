/// A named state of an operator, and the list of an operator's states.
#pragma once

#include "sluice/core/errors.hpp"
#include "sluice/core/key_group.hpp"
#include "sluice/state/keyed_table.hpp"
#include "sluice/state/snapshot.hpp"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace sluice {

/// One state of one operator instance, whatever its type.
class state_entry {
public:
  virtual ~state_entry() = default;

  virtual state_kind kind() const noexcept = 0;
  virtual std::string schema() const = 0;
  virtual std::size_t memory_bytes() const noexcept = 0;

  /// What keys and values own beyond `memory_bytes` (the text of strings, the elements of lists).
  /// Looks at every entry unless the types own nothing.
  virtual std::size_t owned_bytes() = 0;

  /// Forgets all keys and gives their memory back. Views of snapshots stay as they are. Operator
  /// state, which knows no keys, is kept.
  virtual void clear() = 0;

  /// A consistent view. Called on the actor, at a barrier.
  virtual std::unique_ptr<state_snapshot> snapshot(const std::string& name) = 0;

  /// Takes over one group or item. Errors: `state_error` when `written_schema` cannot be read.
  virtual void restore(const restored_group& group, const std::string& written_schema) = 0;
};

/// The states of one operator instance, by name.
class state_registry {
public:
  /// Adds a state. Errors: `state_error` when the name is taken.
  void add(std::string name, state_entry* entry);

  /// Snapshots all states.
  std::vector<std::unique_ptr<state_snapshot>> snapshot();

  /// Fills the states from what was written. Errors: `state_error` naming the operator, the state
  /// and both types; or that a written state is not registered any more.
  void restore(const std::string& operator_name, const restored_operator& written,
               bool allow_leftovers);

  std::size_t memory_bytes() const noexcept;

  /// See `state_entry`.
  std::size_t owned_bytes();
  void clear();

  bool empty() const noexcept { return entries_.empty(); }

private:
  struct named {
    std::string name;
    state_entry* entry;
  };
  std::vector<named> entries_;
};

/// A keyed state whose values live in a `keyed_table`.
template <class K, class V>
class keyed_table_entry final : public state_entry {
public:
  keyed_table_entry(key_group_range groups, std::uint32_t max_parallelism)
    : groups_(groups), max_parallelism_(max_parallelism), table_(groups, max_parallelism) {}

  keyed_table<K, V>& table() noexcept { return table_; }

  /// How to find the hash of a restored key (its group included).
  void set_hash(std::uint64_t (*f)(const K&)) {
    hash_ = f;
    table_.set_rehash(f);
  }

  state_kind kind() const noexcept override { return state_kind::keyed; }
  std::string schema() const override {
    return "keyed " + schema_of<K>() + " -> " + schema_of<V>();
  }
  std::size_t memory_bytes() const noexcept override { return table_.memory_bytes(); }
  std::size_t owned_bytes() override { return table_.owned_bytes(); }

  void clear() override {
    table_ = keyed_table<K, V>(groups_, max_parallelism_);
    table_.set_rehash(hash_);
  }

  std::unique_ptr<state_snapshot> snapshot(const std::string& name) override {
    return std::make_unique<table_snapshot>(name, schema(), table_.snapshot());
  }

  void restore(const restored_group& group, const std::string& written_schema) override {
    auto arrow = written_schema.find(" -> ");
    auto prefix = "keyed " + schema_of<K>();
    if (arrow == std::string::npos || written_schema.substr(0, arrow) != prefix
        || !can_decode_from<V>(std::string_view(written_schema).substr(arrow + 4)))
      throw state_error("it holds \"" + written_schema + "\", the program wants \"" + schema()
                        + "\"");
    evolving_decoder<V> decode(std::string_view(written_schema).substr(arrow + 4));
    byte_reader in(group.bytes);
    while (!in.at_end()) {
      auto key = decode_value<K>(in);
      table_.find_or_insert(hash_(key), key, [&] { return decode(in); });
    }
  }

private:
  class table_snapshot final : public state_snapshot {
  public:
    table_snapshot(std::string name, std::string schema,
                   std::vector<typename keyed_table<K, V>::group_view> views)
      : name_(std::move(name)), schema_(std::move(schema)), views_(std::move(views)) {}

    void write(snapshot_writer& out, std::string_view operator_uid) override {
      out.begin_state(operator_uid, name_, state_kind::keyed, schema_);
      byte_writer bytes;
      for (auto& [group, view] : views_) {
        out.begin_group(group);
        if constexpr (slots_are_encoded) {
          view->copy_entries([&](std::size_t size) { return out.room(size); },
                             [&](std::size_t size) { out.filled(size); });
        } else {
          write_entries(out, *view, bytes);
        }
        view.reset();
      }
    }

  private:
    using slot = typename group_table<K, V>::slot;
    static constexpr std::size_t chunk_bytes = 64 * 1024;

    /// Whether a slot is, byte by byte, the encoding of its key and then that of its value.
    static constexpr bool slots_are_encoded
      = copied_by_bytes<K, V> && detail::memory_is_encoding<K>() && detail::memory_is_encoding<V>()
        && sizeof(slot) == sizeof(K) + sizeof(V);

    static void write_entries(snapshot_writer& out, cow_view<K, V>& view, byte_writer& bytes) {
      auto flush = [&] {
        out.append(bytes.view());
        bytes.buffer().clear();
      };
      view.for_each(
        [&](const K& key, const V& value) {
          encode_value(bytes, key);
          encode_value(bytes, value);
        },
        [&] {
          if (bytes.size() >= chunk_bytes) flush();
        });
      flush();
    }

    std::string name_;
    std::string schema_;
    std::vector<typename keyed_table<K, V>::group_view> views_;
  };

  key_group_range groups_;
  std::uint32_t max_parallelism_;
  keyed_table<K, V> table_;
  std::uint64_t (*hash_)(const K&) = [](const K& key) { return stable_hash(key); };
};

/// Operator state: a list of items that are dealt out again at a restore. Small by intent: it is
/// copied at the barrier.
class list_entry final : public state_entry {
public:
  /// `save` gives the items at a barrier; `load` gets items back. The schema is the items'.
  list_entry(state_kind kind, std::string schema, std::function<std::vector<std::string>()> save,
             std::function<void(std::string_view)> load)
    : kind_(kind), schema_(std::move(schema)), save_(std::move(save)), load_(std::move(load)) {}

  state_kind kind() const noexcept override { return kind_; }
  std::string schema() const override { return schema_; }
  std::size_t memory_bytes() const noexcept override { return 0; }
  std::size_t owned_bytes() override { return 0; }
  void clear() override {}
  std::unique_ptr<state_snapshot> snapshot(const std::string& name) override;
  void restore(const restored_group& group, const std::string& written_schema) override;

private:
  state_kind kind_;
  std::string schema_;
  std::function<std::vector<std::string>()> save_;
  std::function<void(std::string_view)> load_;
};

} // namespace sluice
