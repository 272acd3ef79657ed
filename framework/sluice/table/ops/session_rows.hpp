/// Keyed state of session windows: the rows of a key, and which sessions they make.
#pragma once

#include "sluice/core/time.hpp"
#include "sluice/table/ops/listed_rows.hpp"

#include <memory>
#include <vector>

namespace sluice::table::detail {

/// The times of the first and the last row of a session, in microseconds.
struct session_bounds {
  timestamp first = 0;
  timestamp last = 0;
};

/// Sessions of one key in order; they lie further apart than the gap.
using session_list = std::vector<session_bounds>;

/// Makes a row part of the session that it belongs to, which may join two. False if it would be a
/// session of its own that is over at once, as `over(last row)` says; then nothing is changed.
template <class Over>
bool add_to_sessions(session_list& sessions, timestamp time, std::int64_t gap, Over over) {
  auto it = sessions.begin();
  while (it != sessions.end() && it->last + gap < time) ++it;
  if (it == sessions.end() || time + gap < it->first) {
    if (over(time)) return false;
    sessions.insert(it, {time, time});
    return true;
  }
  it->first = std::min(it->first, time);
  it->last = std::max(it->last, time);
  auto next = it + 1;
  while (next != sessions.end() && next->first <= it->last + gap) {
    it->last = std::max(it->last, next->last);
    next = sessions.erase(next);
  }
  return true;
}

/// The value beside a key. `due`: when the key has to be looked at, for the operator; not written.
class session_rows final : public row_value {
public:
  explicit session_rows(std::shared_ptr<const row_codec> codec) : rows_({std::move(codec)}) {}

  session_list& sessions(std::byte* value) const noexcept {
    return *reinterpret_cast<session_list*>(value);
  }
  row_list& rows(std::byte* value) const noexcept { return rows_.list(value + offset, 0); }
  timestamp& due(std::byte* value) const noexcept { return rows_.touched(value + offset); }

  std::size_t size() const noexcept override { return offset + rows_.size(); }
  bool trivial() const noexcept override { return false; }
  void create(std::byte* value) const override;
  void destroy(std::byte* value) const noexcept override;
  void encode(const std::byte* value, byte_writer& out) const override;
  void decode(byte_reader& in, std::byte* value) const override;
  std::string schema() const override { return "sessions of " + rows_.schema(); }
  std::size_t owned_bytes(const std::byte* value) const noexcept override;

private:
  static constexpr std::size_t offset = (sizeof(session_list) + 15) / 16 * 16;

  listed_rows rows_;
};

} // namespace sluice::table::detail
