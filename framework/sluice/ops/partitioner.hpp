/// How the records of an edge are spread over the consumer's subtasks.
#pragma once

#include "sluice/core/batch.hpp"
#include "sluice/core/hash.hpp"
#include "sluice/core/key_group.hpp"
#include "sluice/ops/record_loop.hpp"

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace sluice {

/// The kinds of edges, with Flink's names.
enum class partitioning : std::uint8_t {
  forward,   ///< to the consumer's subtask of the same number
  rebalance, ///< round robin over all consumers
  rescale,   ///< round robin over the consumers near by
  shuffle,   ///< to a random consumer
  broadcast, ///< to all consumers
  global,    ///< to consumer 0
  hash,      ///< to the owner of the record's key group
  custom,    ///< to whom the user's function says
};

std::string_view to_string(partitioning p) noexcept;

/// One consumer's end of an edge, as a partitioner sees it.
class partition_target {
public:
  /// The batch being filled. Its type is the edge's.
  batch* pending = nullptr;

  /// Records and bytes at which `pending` is full.
  std::size_t max_records = 1;
  std::size_t max_bytes = 1;

  /// `pending` is full: hand it on and start another.
  virtual void flush_full() = 0;

protected:
  ~partition_target() = default;
};

/// Spreads the records of a batch by their content. One per sending subtask.
class record_partitioner {
public:
  virtual ~record_partitioner() = default;

  /// Moves every record of `b` to one of `targets`.
  virtual void partition(batch& b, std::span<partition_target* const> targets) = 0;
};

/// Makes the partitioner of one sending subtask. `with_hashes`: the consumer wants the keys' hashes
/// sent along, because computing them again costs more than 8 bytes.
using partitioner_factory = std::function<std::unique_ptr<record_partitioner>(
  std::uint32_t num_targets, std::uint32_t max_parallelism, bool with_hashes)>;

namespace ops {

/// Whether sending a key's hash along is cheaper than hashing the key again.
template <class K>
inline constexpr bool hash_is_worth_sending = !std::is_arithmetic_v<K> && !std::is_enum_v<K>;

/// By key group: computes the key once per record and, with hashes, its hash once per job.
template <class T, class KeyF>
class key_partitioner final : public record_partitioner {
public:
  using key = std::remove_cvref_t<std::invoke_result_t<KeyF&, const T&>>;

  key_partitioner(KeyF f, std::uint32_t num_targets, std::uint32_t max_parallelism, bool with_hashes)
    : f_(std::move(f)), max_parallelism_(max_parallelism), with_hashes_(with_hashes),
      target_of_(max_parallelism) {
    for (std::uint32_t g = 0; g < max_parallelism; ++g)
      target_of_[g] = subtask_of(g, max_parallelism, num_targets);
  }

  void partition(batch& b, std::span<partition_target* const> targets) override {
    auto& in = batch_as<T>(b);
    if (in.has_timestamps()) {
      if (with_hashes_)
        run<true, true>(in, targets);
      else
        run<true, false>(in, targets);
    } else {
      if (with_hashes_)
        run<false, true>(in, targets);
      else
        run<false, false>(in, targets);
    }
  }

private:
  template <bool Timed, bool Hashed>
  void run(typed_batch<T>& in, std::span<partition_target* const> targets) {
    auto n = in.size();
    for (auto* t : targets) {
      if (Timed && !t->pending->has_timestamps()) t->pending->make_timestamps();
      if (Hashed && !t->pending->has_hashes()) t->pending->make_hashes();
    }
    for (std::size_t i = 0; i < n; ++i) {
      auto hash = stable_hash<key>(std::invoke(f_, std::as_const(in[i])));
      auto* target = targets[target_of_[key_group_of(hash, max_parallelism_)]];
      auto& to = static_cast<typed_batch<T>&>(*target->pending);
      auto at = to.size();
      to.push_back(std::move(in[i]));
      if constexpr (Timed) {
        if (at >= times_capacity(to)) to.make_timestamps();
        to.timestamps()[at] = in.timestamps()[i];
      }
      if constexpr (Hashed) to.make_hashes()[at] = hash;
      if (at + 1 >= target->max_records || to.bytes() >= target->max_bytes) [[unlikely]] {
        target->flush_full();
        if (Timed) target->pending->make_timestamps();
        if (Hashed) target->pending->make_hashes();
      }
    }
  }

  static std::size_t times_capacity(const typed_batch<T>& b) noexcept { return b.row_capacity(); }

  KeyF f_;
  std::uint32_t max_parallelism_;
  bool with_hashes_;
  std::vector<std::uint32_t> target_of_;
};

/// By the user's function. Errors: `user_function_error` when it names no partition.
template <class T, class P, class KeyF>
class custom_partitioner final : public record_partitioner {
public:
  custom_partitioner(P p, KeyF key_of, std::uint32_t num_targets)
    : p_(std::move(p)), key_of_(std::move(key_of)), num_targets_(num_targets) {}

  void partition(batch& b, std::span<partition_target* const> targets) override {
    auto& in = batch_as<T>(b);
    in.drop_hashes();
    detail::for_each_record(b, in.size(), [&](std::size_t i) {
      auto chosen = static_cast<std::uint32_t>(p_(std::invoke(key_of_, std::as_const(in[i])), num_targets_));
      if (chosen >= num_targets_)
        throw error("the custom partitioner chose partition " + std::to_string(chosen) + " of "
                    + std::to_string(num_targets_));
      auto* target = targets[chosen];
      target->pending->append_move(in, i, i + 1);
      if (target->pending->size() >= target->max_records) target->flush_full();
    });
  }

private:
  P p_;
  KeyF key_of_;
  std::uint32_t num_targets_;
};

} // namespace ops
} // namespace sluice
