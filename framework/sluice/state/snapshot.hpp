/// How state leaves an operator at a barrier and comes back at a restore.
#pragma once

#include "sluice/core/bytes.hpp"
#include "sluice/core/key_group.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace sluice {

/// What kind of state a section of a snapshot holds; decides how it is redistributed.
enum class state_kind : std::uint8_t {
  keyed = 0,          ///< by key group: goes to whoever owns the group
  operator_list = 1,  ///< items: dealt out evenly
  operator_union = 2, ///< items: everybody gets all of them
};

/// Takes the bytes of one task's snapshot. Called on one blocking thread, never on an actor.
class snapshot_writer {
public:
  virtual ~snapshot_writer() = default;

  /// Starts a state of an operator. `schema` is the `schema_of` text of what its bytes hold.
  virtual void begin_state(std::string_view operator_uid, std::string_view name, state_kind kind,
                           std::string_view schema)
    = 0;

  /// Starts a key group (of keyed state) or an item (of operator state) of the state.
  virtual void begin_group(std::uint32_t group_or_item) = 0;

  /// Adds bytes to the current group. Errors: `io_error` naming the file.
  virtual void append(std::string_view bytes) = 0;

  /// Where to put up to `size` further bytes of the current group; `filled` then adds those that
  /// were put there. Valid until the next call. Saves a copy where the writer has a buffer.
  virtual char* room(std::size_t size) {
    room_.resize(size);
    return room_.data();
  }
  virtual void filled(std::size_t size) { append({room_.data(), size}); }

private:
  std::string room_;
};

/// A consistent view of one state, taken on the actor in micro- to milliseconds and written later.
class state_snapshot {
public:
  virtual ~state_snapshot() = default;

  /// Writes the groups. Called once, on any thread, while the operator may go on changing its
  /// state.
  virtual void write(snapshot_writer& out, std::string_view operator_uid) = 0;
};

/// Bytes of one group or item of a state, read back.
struct restored_group {
  std::uint32_t group = 0;
  std::string_view bytes;
};

/// A state of an operator as a subtask needs to see it: only its own groups or items.
struct restored_state {
  std::string name;
  state_kind kind = state_kind::keyed;
  std::string schema;
  std::vector<restored_group> groups;
};

/// All states of one operator for one subtask. Owns the bytes.
struct restored_operator {
  std::vector<restored_state> states;
  std::vector<std::shared_ptr<const std::string>> storage;

  const restored_state* find(std::string_view name) const {
    for (auto& s : states)
      if (s.name == name) return &s;
    return nullptr;
  }
};

} // namespace sluice
