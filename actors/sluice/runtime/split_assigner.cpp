#include "sluice/runtime/split_assigner.hpp"

#include <algorithm>

namespace sluice::runtime {

void split_assigner::restore(std::vector<std::string> known, std::vector<source_split> open) {
  enumerator_->restore(known);
  known_.insert(known.begin(), known.end());
  open_.insert(open_.end(), open.begin(), open.end());
}

void split_assigner::discovered(std::vector<source_split> found) {
  discovered_ = true;
  for (auto& s : found)
    if (known_.insert(s.id).second) open_.push_back(std::move(s));
}

std::vector<split_assigner::assignment> split_assigner::take_assignments() {
  std::vector<assignment> result;
  if (!discovered_) return result;
  for (std::uint32_t reader = 0; reader < parallelism_; ++reader) {
    if (!waiting_[reader] && !(running_[reader] && discovery_interval())) continue;
    assignment a;
    a.reader = reader;
    // A reader gets all the splits that only it may read (a broker's partitions are read side by
    // side), but one at a time of those that anybody may (so that fast readers read more).
    for (auto at = open_.begin(); at != open_.end();) {
      auto owner = enumerator_->owner(*at, parallelism_);
      // What only this reader may read is for it at once: it may never run out of other splits.
      auto mine = owner ? *owner == reader : waiting_[reader] && a.splits.empty();
      if (!mine) {
        ++at;
        continue;
      }
      a.splits.push_back(std::move(*at));
      at = open_.erase(at);
    }
    auto more_for_me = std::any_of(open_.begin(), open_.end(), [&](const source_split& s) {
      auto owner = enumerator_->owner(s, parallelism_);
      return !owner || *owner == reader;
    });
    a.no_more = !more_for_me && !discovery_interval();
    if (a.splits.empty() && !a.no_more) continue; // more may be discovered
    waiting_[reader] = false;
    result.push_back(std::move(a));
  }
  return result;
}

} // namespace sluice::runtime
