/// Batch mode past its memory limit: a keyed operator's state and input on disk.
#pragma once

#include "sluice/ops/operator.hpp"
#include "sluice/ops/partitioner.hpp"
#include "sluice/plan/job_graph.hpp"
#include "sluice/runtime/spill_file.hpp"
#include "sluice/runtime/spill_services.hpp"

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace sluice::runtime {

/// Keeps the head of a chain within a memory limit.
///
/// While the operator's state fits, records just go to it. Once it does not, the state goes to disk
/// as it would into a checkpoint, and from then on the input, too, partitioned by ranges of key
/// groups. When the input has ended, the partitions are handled one after the other: state back,
/// records through the operator, its results out, state dropped. So memory holds the state of one
/// partition, a 64th of the whole (or of one key group, where a subtask has fewer than 64).
///
/// Owner: one task. All of it but the disk work runs on the task.
class keyed_spill {
public:
  struct place {
    std::string operator_name;
    std::uint32_t subtask = 0;
    std::uint32_t parallelism = 1;
    std::uint32_t max_parallelism = 1;
  };

  keyed_spill(spill_services services, place where, std::size_t limit);
  ~keyed_spill();

  /// Records of input `input` are spread over the partitions as `edge` spreads them over subtasks.
  void add_input(std::uint32_t input, const job_edge& edge);

  /// Records go to disk, or are there and not all handed back.
  bool spilling() const noexcept { return spilling_; }

  /// What has been written and is not on disk yet is little.
  bool ready() const noexcept;

  /// The operator has handled `bytes` of records. Spills if its state has become too large, but not
  /// while a snapshot of it is being written.
  void handled(std::uint64_t bytes, stream_operator& op, bool snapshot_in_progress);

  /// Takes the records of `b`. REQUIRES: spilling().
  void add(batch& b, std::uint32_t input);

  /// No more records. REQUIRES: spilling().
  void end_of_input();

  enum class step : std::uint8_t {
    waiting, ///< for the disk; the task is called
    records, ///< `batch_at_hand` is to be handled
    keys,    ///< the partition is complete: `finish_keys`
    done,    ///< all partitions are
  };

  /// What to do next, after `end_of_input`. Fills the states of `op`.
  step next(stream_operator& op);

  batch& batch_at_hand() noexcept { return *at_hand_; }
  std::uint32_t input_at_hand() const noexcept { return input_at_hand_; }

private:
  class slot;
  struct input {
    const element_type* type = nullptr;
    std::unique_ptr<record_partitioner> partitioner;
    std::vector<std::unique_ptr<slot>> slots;
    std::vector<partition_target*> targets;
    std::unique_ptr<batch> decoded;
  };
  struct range {
    std::uint64_t offset = 0;
    std::uint64_t size = 0;
  };
  struct state_piece {
    std::uint32_t state = 0;
    key_group group = 0;
    range where;
  };
  struct state_header {
    std::string name;
    state_kind kind;
    std::string schema;
  };
  struct partition {
    byte_writer page;
    std::vector<range> pages;
    std::vector<state_piece> states;
  };
  struct files {
    std::unique_ptr<spill_file> records;
    std::unique_ptr<spill_file> states;
  };
  struct written_state;
  class state_writer;

  void spill(stream_operator& op);
  void take(std::uint32_t input, std::uint32_t partition, const batch& b);
  void write_page(partition& p);
  void read_ahead();
  void close();
  bool decode_next();
  void restore(stream_operator& op);
  std::uint32_t partition_of(key_group group) const noexcept;

  spill_services services_;
  place where_;
  std::size_t limit_;
  std::uint32_t num_partitions_; ///< of this subtask
  std::size_t page_bytes_;
  std::uint64_t unchecked_bytes_ = 0;
  bool spilling_ = false;
  std::vector<input> inputs_;
  std::vector<partition> partitions_;
  std::vector<state_header> headers_;
  std::shared_ptr<files> files_; ///< opened and used on the strand only
  std::uint64_t records_end_ = 0;
  std::uint64_t unwritten_bytes_ = 0;
  bool states_written_ = false;

  // -- reading back
  bool ended_ = false;
  std::size_t current_ = 0; ///< partition
  bool opened_ = false;     ///< its state is being read or has been
  bool restored_ = false;
  std::vector<std::string> state_bytes_;
  std::size_t pages_asked_ = 0;
  std::size_t pages_under_way_ = 0;
  std::deque<std::string> pages_;
  std::size_t position_ = 0; ///< in the first of `pages_`
  batch* at_hand_ = nullptr;
  std::uint32_t input_at_hand_ = 0;
};

} // namespace sluice::runtime
