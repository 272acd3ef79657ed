/// What a GROUP BY keeps per group besides the states of its calls. Not for users.
#pragma once

#include "sluice/table/ops/group_calls.hpp"

#include <string>

namespace sluice::table::detail {

/// The result that a group had when it was last put out, of a group whose result is due.
struct old_result {
  bool exists = false; ///< if not, nothing of the group is out
  std::string values;  ///< one after the other, as keys are encoded
};

/// Lies before the states.
struct group_header {
  std::int64_t rows = 0;     ///< how many rows the group has; none: it is to be forgotten
  std::int64_t touched = 0;  ///< processing time
  old_result* old = nullptr; ///< if the group is dirty (mini-batch)
  std::uint32_t batch = 0;   ///< the last batch with rows of the group
  std::uint32_t last = 0;    ///< and the last of those rows
};

inline group_header& header_of(std::byte* value) noexcept {
  return *reinterpret_cast<group_header*>(value);
}

class group_value final : public row_value {
public:
  explicit group_value(std::vector<aggregate_spec> calls)
    : calls_(std::move(calls), sizeof(group_header)) {}

  std::size_t size() const noexcept override { return calls_.size(); }
  bool trivial() const noexcept override { return false; }
  void create(std::byte* value) const override;
  void destroy(std::byte* value) const noexcept override;
  void encode(const std::byte* value, byte_writer& out) const override;
  void decode(byte_reader& in, std::byte* value) const override;
  std::string schema() const override { return "group of " + calls_.schema(); }
  std::size_t owned_bytes(const std::byte* value) const noexcept override;

private:
  group_calls calls_;
};

} // namespace sluice::table::detail
