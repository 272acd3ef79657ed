/// How a GROUP BY turns its input into output: one way per mode. Not for users.
#pragma once

#include "sluice/ops/operator.hpp"
#include "sluice/table/ops/change_list.hpp"
#include "sluice/table/ops/group_rows.hpp"
#include "sluice/table/ops/group_value.hpp"

#include <memory>
#include <vector>

namespace sluice::table::detail {

/// What an engine works with; outlives it.
struct group_surroundings {
  const group_aggregate_spec& spec;
  std::int64_t state_ttl; ///< microseconds, 0: for ever
  operator_context& context;
  state_registry& states;
  output_port& port;
};

/// Groups and what is put out of them. Calls come as to the operator.
class group_engine {
public:
  virtual ~group_engine() = default;
  group_engine(const group_engine&) = delete;

  void process(const columnar_batch& in, std::uint32_t input);
  void on_processing_time(timestamp now);

  virtual void restored() { request_expiry(); }
  /// Puts out what waits for others.
  virtual void flush() {}
  virtual void flush_if_due(timestamp now) { (void)now; }
  virtual void finish() { flush(); }
  virtual void finish_keys() {}

protected:
  group_engine(group_surroundings s, std::shared_ptr<const row_value> value, std::size_t header);

  /// Handles the rows of `groups_`, whose groups are found.
  virtual void handle() = 0;

  const group_aggregate_spec& spec() const noexcept { return with_.spec; }
  keyed_rows& table() noexcept { return groups_.table(); }
  /// Makes a group what it was before its first row.
  void reset(std::byte* value);

  group_surroundings with_;
  group_rows groups_;
  std::vector<data_type> key_types_;
  std::vector<std::shared_ptr<column>> results_; ///< for results, kept from batch to batch
  change_list changes_;

private:
  void forget_expired(timestamp now);
  void expire(timestamp now);
  void request_expiry();

  timestamp expire_at_ = max_timestamp;
};

/// Results once, at the end.
std::unique_ptr<group_engine> make_final_groups(group_surroundings s);
/// A change for each row.
std::unique_ptr<group_engine> make_changing_groups(group_surroundings s);
/// A change per group now and then.
std::unique_ptr<group_engine> make_mini_batch_groups(group_surroundings s);

} // namespace sluice::table::detail
