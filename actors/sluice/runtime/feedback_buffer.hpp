/// What waits at the head of a feedback loop: in memory up to a limit, on disk beyond it.
#pragma once

#include "sluice/core/batch.hpp"
#include "sluice/runtime/spill_file.hpp"
#include "sluice/runtime/spill_services.hpp"

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace sluice::runtime {

/// A file of spilled batches. Append-only, so that a checkpoint can read it while the loop goes on;
/// gone when its last batch is.
struct spill_segment {
  std::unique_ptr<spill_file> file; ///< opened by the first write, on the strand
};

/// An encoded batch: bytes in memory, or where in a file they are.
struct stored_batch {
  std::shared_ptr<const std::string> bytes;
  std::shared_ptr<spill_segment> segment;
  std::uint64_t offset = 0;
  std::uint64_t size = 0;

  /// The bytes, from wherever they are. May block.
  std::string fetch() const { return bytes ? *bytes : segment->file->read(offset, size); }
};

/// The encoding of the records of `b` from index `from` on.
std::shared_ptr<const std::string> encoded(const batch& b, std::size_t from);

/// A queue of batches, in order, that never refuses one.
///
/// Once a batch has gone to disk, those behind it do, too, until the front has caught up. Memory:
/// at most the limit, a quarter of it again while batches are read back, and what `push` was given
/// and is not written yet.
/// Owner: one task.
class feedback_buffer {
public:
  /// `limit` in bytes.
  feedback_buffer(spill_services services, const element_type& type, std::size_t limit);

  /// Adds `b`, whose encoding is `bytes` if the caller has it already. `stored()` is called on the
  /// task once the batch takes no more memory than the limit allows: at once, or when it is on
  /// disk.
  void push(std::unique_ptr<batch> b, std::shared_ptr<const std::string> bytes,
            std::function<void()> stored);

  /// Nothing waits anywhere.
  bool empty() const noexcept { return loaded_.empty() && spilled_.empty(); }

  /// A batch is at hand. If not, and the buffer is not empty, the task is called when one is.
  bool has_next() const noexcept { return !loaded_.empty(); }

  /// REQUIRES: has_next().
  std::unique_ptr<batch> take();

  /// All batches in order, for a checkpoint.
  void list(std::vector<stored_batch>& to) const;

private:
  void load();
  void decode(const std::string& bytes);
  std::shared_ptr<spill_segment> segment_for(std::uint64_t size);

  spill_services services_;
  const element_type& type_;
  std::size_t limit_;
  std::deque<std::unique_ptr<batch>> loaded_; ///< the front of the queue
  std::size_t loaded_bytes_ = 0;
  std::deque<std::shared_ptr<stored_batch>> spilled_; ///< what follows
  bool loading_ = false;
  std::shared_ptr<spill_segment> segment_; ///< the one being written
  std::uint64_t segment_size_ = 0;
};

} // namespace sluice::runtime
