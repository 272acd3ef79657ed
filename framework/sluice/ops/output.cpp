#include "sluice/ops/output.hpp"

namespace sluice {

void output_port::push_copies(batch& b) {
  if (consumers_.empty()) return;
  if (!copy_) copy_ = b.make_empty();
  for (std::size_t i = 0; i + 1 < consumers_.size(); ++i) {
    copy_->clear();
    copy_->append_copy(b, 0, b.size());
    consumers_[i]->receive(*copy_);
    copy_->clear();
  }
  consumers_.back()->receive(b);
}

} // namespace sluice
