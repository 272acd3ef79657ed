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
#include <vector>

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

  key_partitioner(KeyF f, std::uint32_t num_targets, std::uint32_t max_parallelism,
                  bool with_hashes)
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
  /// What the distributing loop needs of a target, side by side.
  struct cursor {
    T* rows;
    timestamp* times;
    std::uint64_t* hashes;
    std::size_t size;
    std::size_t limit;
  };

  template <bool Timed, bool Hashed>
  void run(typed_batch<T>& in, std::span<partition_target* const> targets) {
    auto n = in.size();
    chosen_.resize(std::max(chosen_.size(), n));
    if (Hashed) hashes_.resize(std::max(hashes_.size(), n));
    // Two passes: the first has no memory to wait for, the second no arithmetic.
    const auto* rows = in.data();
    detail::for_each_record(in, n, [&](std::size_t i) {
      auto hash = stable_hash<key>(std::invoke(f_, rows[i]));
      chosen_[i] = target_of_[key_group_of(hash, max_parallelism_)];
      if constexpr (Hashed) hashes_[i] = hash;
    });
    if constexpr (!std::is_trivially_copyable_v<T>)
      distribute<Timed, Hashed>(in, targets);
    else if (targets.size() <= few_targets)
      distribute_runs<Timed, Hashed>(in, targets);
    else
      distribute_raw<Timed, Hashed>(in, targets);
  }

  template <bool Timed, bool Hashed>
  void distribute(typed_batch<T>& in, std::span<partition_target* const> targets) {
    for (auto* t : targets) prepare<Timed, Hashed>(*t);
    for (std::size_t i = 0; i < in.size(); ++i) {
      auto* target = targets[chosen_[i]];
      auto& to = static_cast<typed_batch<T>&>(*target->pending);
      auto at = to.size();
      to.push_back(std::move(in[i]));
      if constexpr (Timed) to.timestamps()[at] = in.timestamps()[i];
      if constexpr (Hashed) to.hashes()[at] = hashes_[i];
      if (at + 1 >= target->max_records || to.bytes() >= target->max_bytes) [[unlikely]] {
        target->flush_full();
        prepare<Timed, Hashed>(*target);
      }
    }
  }

  /// Up to this many targets, a pass over the choices for each is cheaper than cursors in memory,
  /// on which every record waits for the one before.
  static constexpr std::size_t few_targets = 4;

  /// Gathers the numbers of each target's records, then copies these.
  template <bool Timed, bool Hashed>
  void distribute_runs(typed_batch<T>& in, std::span<partition_target* const> targets) {
    const auto n = static_cast<std::uint32_t>(in.size());
    const auto* chosen = chosen_.data();
    own_.resize(std::max<std::size_t>(own_.size(), n + 1));
    auto* own = own_.data();
    for (std::uint32_t t = 0; t < targets.size(); ++t) {
      std::size_t count = 0;
      for (std::uint32_t i = 0; i < n; ++i) {
        own[count] = i;
        count += chosen[i] == t;
      }
      for (std::size_t from = 0; from < count;)
        from += copy_run<Timed, Hashed>(in, own + from, count - from, *targets[t]);
    }
  }

  /// Copies as many of the `count` records numbered in `own` as `target` takes, and hands it on if
  /// that fills it.
  template <bool Timed, bool Hashed>
  std::size_t copy_run(const typed_batch<T>& in, const std::uint32_t* own, std::size_t count,
                       partition_target& target) {
    prepare<Timed, Hashed>(target);
    auto& to = static_cast<typed_batch<T>&>(*target.pending);
    const auto at = to.size();
    const auto limit = limit_of(target);
    count = std::min(count, limit > at ? limit - at : 1);
    auto* rows = to.data() + at;
    const auto* from = in.data();
    for (std::size_t i = 0; i < count; ++i) rows[i] = from[own[i]];
    if constexpr (Timed) {
      auto* times = to.timestamps() + at;
      for (std::size_t i = 0; i < count; ++i) times[i] = in.timestamps()[own[i]];
    }
    if constexpr (Hashed) {
      auto* hashes = to.hashes() + at;
      for (std::size_t i = 0; i < count; ++i) hashes[i] = hashes_[own[i]];
    }
    to.resize(at + count);
    if (at + count >= limit) target.flush_full();
    return count;
  }

  static std::size_t limit_of(const partition_target& target) noexcept {
    return std::min(target.max_records, std::max<std::size_t>(1, target.max_bytes / sizeof(T)));
  }

  /// Records that are plain memory are written behind the batches' backs, which learn of it once.
  template <bool Timed, bool Hashed>
  void distribute_raw(typed_batch<T>& in, std::span<partition_target* const> targets) {
    cursors_.resize(targets.size());
    auto open = [&](std::size_t t) {
      auto& target = *targets[t];
      prepare<Timed, Hashed>(target);
      auto& to = static_cast<typed_batch<T>&>(*target.pending);
      cursors_[t] = {to.data(), Timed ? to.timestamps() : nullptr, Hashed ? to.hashes() : nullptr,
                     to.size(), limit_of(target)};
    };
    auto close = [&](std::size_t t) {
      static_cast<typed_batch<T>&>(*targets[t]->pending).resize(cursors_[t].size);
    };
    for (std::size_t t = 0; t < targets.size(); ++t) open(t);
    const auto* rows = in.data();
    const auto* times = Timed ? in.timestamps() : nullptr;
    const auto* chosen = chosen_.data();
    auto* cursors = cursors_.data();
    for (std::size_t i = 0, n = in.size(); i < n; ++i) {
      auto t = chosen[i];
      auto& c = cursors[t];
      auto at = c.size;
      c.rows[at] = rows[i];
      if constexpr (Timed) c.times[at] = times[i];
      if constexpr (Hashed) c.hashes[at] = hashes_[i];
      c.size = at + 1;
      if (at + 1 >= c.limit) [[unlikely]] {
        close(t);
        targets[t]->flush_full();
        open(t);
      }
    }
    for (std::size_t t = 0; t < targets.size(); ++t) close(t);
  }

  /// Makes room in the target's batch for all that it may hold.
  template <bool Timed, bool Hashed>
  static void prepare(partition_target& target) {
    auto* to = static_cast<typed_batch<T>*>(target.pending);
    // A batch that was begun otherwise (by another upstream's kind of records) is handed on first.
    if (!to->empty() && (to->has_timestamps() != Timed || to->has_hashes() != Hashed)) {
      target.flush_full();
      to = static_cast<typed_batch<T>*>(target.pending);
    }
    to->reserve(std::max(to->size() + 1, target.max_records));
    if (Timed)
      to->make_timestamps();
    else
      to->drop_timestamps();
    if (Hashed)
      to->make_hashes();
    else
      to->drop_hashes();
  }

  KeyF f_;
  std::uint32_t max_parallelism_;
  bool with_hashes_;
  std::vector<std::uint32_t> target_of_;
  std::vector<std::uint32_t> chosen_;
  std::vector<std::uint64_t> hashes_;
  std::vector<std::uint32_t> own_;
  std::vector<cursor> cursors_;
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
      auto chosen
        = static_cast<std::uint32_t>(p_(std::invoke(key_of_, std::as_const(in[i])), num_targets_));
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
