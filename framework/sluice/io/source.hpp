/// The contract of sources: a splittable input, an enumerator that finds splits, readers that read.
#pragma once

#include "sluice/core/batch.hpp"
#include "sluice/core/time.hpp"
#include "sluice/io/bad_record.hpp"
#include "sluice/io/io_context.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace sluice {

/// Whether an input ends by itself.
enum class boundedness : std::uint8_t { bounded, unbounded };

/// A part of an input that one reader reads, with the position it has reached in it.
struct source_split {
  /// Names the split for good: the same part of the input has the same id in every run.
  std::string id;
  /// Where to read, and how far that has gone. Known to the connector only.
  std::string data;

  friend bool operator==(const source_split&, const source_split&) = default;
};

/// Finds the splits of a source. The runtime keeps track of which are known and who reads them.
class split_enumerator {
public:
  virtual ~split_enumerator() = default;

  /// Lists all splits that exist now. Called on a thread that may block, never twice at a time.
  /// Those whose id is known already are ignored. Errors: what it throws fails the job.
  virtual std::vector<source_split> discover() = 0;

  /// Called before the first `discover()` of a run that goes on from a checkpoint: these splits
  /// were found by the runs before. For sources that cut their input anew each time.
  virtual void restore(const std::vector<std::string>& known) { (void)known; }

  /// How long to wait before `discover()` is called again; nothing means that once is enough.
  virtual std::optional<duration> discovery_interval() const { return std::nullopt; }

  /// The subtask that has to read `split`; nothing means whichever asks first.
  virtual std::optional<std::uint32_t> owner(const source_split& split,
                                             std::uint32_t parallelism) const {
    (void)split;
    (void)parallelism;
    return std::nullopt;
  }
};

/// What a call of `source_reader::poll` tells.
struct poll_result {
  enum class state : std::uint8_t {
    more,     ///< call again as soon as the records fit downstream
    waiting,  ///< nothing now: call after `wakeup()`, or at `retry_at`
    finished, ///< all splits given so far are read to their end
  };

  state status = state::more;
  /// With `waiting`: processing time to call again, if no wakeup comes before.
  std::optional<timestamp> retry_at;
  /// The split that the appended records belong to (for per-split watermarks): a small number that
  /// the reader chose, the same for the same split during the reader's life.
  std::uint32_t split = 0;
  /// Splits, as numbered above, that have been read to their end since the last call.
  std::vector<std::uint32_t> ended_splits;
  /// Splits, as numbered above, that were given since the last call, if they are read side by side:
  /// each holds back event time until its first record. One that is not told of counts from its
  /// first record on, as is right for splits that are read one after the other.
  std::vector<std::uint32_t> begun_splits{};
};

/// Reads splits. One per source subtask; called on its actor only and must never block it.
///
/// Errors: what a method throws fails the task; the text should name the place in the input.
class source_reader {
public:
  virtual ~source_reader() = default;

  /// Called once, before all else. `context` outlives the reader.
  virtual void open(io_context& context) = 0;

  /// More to read, with the positions to continue from.
  virtual void add_splits(std::vector<source_split> splits) = 0;

  /// Appends up to `max_records` records of one split to `out` (which is empty), with timestamps if
  /// the source knows them.
  virtual poll_result poll(batch& out, std::size_t max_records) = 0;

  /// Moves the malformed records that `poll` has met since the last call to `out`, which is empty,
  /// for the side output `malformed_records`. Called after every `poll`, if the source diverts
  /// them.
  virtual void take_bad_records(std::vector<bad_record>& out) { (void)out; }

  /// Splits that are not read to their end, each with the position behind the last record that
  /// `poll` returned.
  virtual std::vector<source_split> snapshot() = 0;

  /// The checkpoint that `snapshot()` call went into is durable (Kafka commits offsets here).
  virtual void checkpoint_complete(std::uint64_t checkpoint_id) { (void)checkpoint_id; }
};

/// A source as the program describes it: makes enumerators and readers, holds no resources.
class source_base {
public:
  virtual ~source_base() = default;

  virtual const element_type& type() const noexcept = 0;
  virtual boundedness bounded() const noexcept = 0;
  virtual std::string name() const = 0;

  /// `parallelism` is that of the readers, for sources that cut their input evenly.
  virtual std::unique_ptr<split_enumerator> make_enumerator(std::uint32_t parallelism) const = 0;
  virtual std::unique_ptr<source_reader> make_reader() const = 0;

  /// Checks options that need no I/O. Errors: `plan_error`.
  virtual void validate() const {}

  /// Whether malformed records go to the side output `malformed_records`, which the program then
  /// has to read.
  virtual bool diverts_bad_records() const { return false; }

  /// The parallelism this source insists on (a socket is read by one), if any.
  virtual std::optional<std::uint32_t> fixed_parallelism() const { return std::nullopt; }
};

/// A source of `T`.
template <class T>
class source : public source_base {
public:
  using value_type = T;
  const element_type& type() const noexcept override { return element_type_of<T>(); }
};

template <class T>
using source_ptr = std::shared_ptr<const source<T>>;

} // namespace sluice
