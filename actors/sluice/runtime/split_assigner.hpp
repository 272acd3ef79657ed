/// Deals the splits of one source out to its readers.
#pragma once

#include "sluice/io/source.hpp"

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace sluice::runtime {

/// Knows which splits exist, which are handed out and who waits for one. Owner: the job actor.
class split_assigner {
public:
  split_assigner(std::shared_ptr<split_enumerator> enumerator, std::uint32_t parallelism)
    : enumerator_(std::move(enumerator)), parallelism_(parallelism), waiting_(parallelism),
      running_(parallelism) {}

  const std::shared_ptr<split_enumerator>& enumerator() const noexcept { return enumerator_; }

  /// Goes on from a checkpoint: `open` are splits that are not read to their end.
  void restore(std::vector<std::string> known, std::vector<source_split> open);

  /// What `discover()` found; the first call starts the assignment.
  void discovered(std::vector<source_split> found);

  /// Subtask `reader` has nothing to read.
  void request(std::uint32_t reader) {
    waiting_[reader] = true;
    running_[reader] = true;
  }

  /// An answer for a reader that waits, or splits that appeared while it reads others.
  struct assignment {
    std::uint32_t reader = 0;
    std::vector<source_split> splits;
    bool no_more = false;
  };

  /// Answers that can be given now.
  std::vector<assignment> take_assignments();

  /// Splits found and not handed out.
  std::vector<source_split> unassigned() const { return {open_.begin(), open_.end()}; }
  std::vector<std::string> known() const { return {known_.begin(), known_.end()}; }

  /// When to discover again, if ever.
  std::optional<duration> discovery_interval() const { return enumerator_->discovery_interval(); }

private:
  std::shared_ptr<split_enumerator> enumerator_;
  std::uint32_t parallelism_;
  std::set<std::string> known_;
  std::deque<source_split> open_;
  std::vector<bool> waiting_;
  std::vector<bool> running_; // has asked before, so it listens
  bool discovered_ = false;
};

} // namespace sluice::runtime
