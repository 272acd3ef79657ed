#include "sluice/runtime/feedback_buffer.hpp"

#include <algorithm>
#include <utility>

namespace sluice::runtime {

namespace {

/// A file that has grown to this is left to its readers and another is begun, so that a loop that
/// never ends does not keep all that it ever spilled.
constexpr std::uint64_t segment_bytes = 64 * 1024 * 1024;

} // namespace

std::shared_ptr<const std::string> encoded(const batch& b, std::size_t from) {
  byte_writer out;
  if (from == 0) {
    b.encode(out);
  } else {
    auto rest = b.make_empty();
    rest->append_copy(b, from, b.size());
    rest->encode(out);
  }
  return std::make_shared<const std::string>(out.take());
}

feedback_buffer::feedback_buffer(spill_services services, const element_type& type,
                                 std::size_t limit)
  : services_(std::move(services)), type_(type), limit_(limit) {}

void feedback_buffer::push(std::unique_ptr<batch> b, std::shared_ptr<const std::string> bytes,
                           std::function<void()> stored) {
  if (spilled_.empty() && (loaded_.empty() || loaded_bytes_ + b->bytes() <= limit_)) {
    loaded_bytes_ += b->bytes();
    loaded_.push_back(std::move(b));
    stored();
    return;
  }
  if (!bytes) bytes = encoded(*b, 0);
  auto entry = std::make_shared<stored_batch>();
  entry->size = bytes->size();
  entry->bytes = bytes;
  entry->segment = segment_for(entry->size);
  entry->offset = segment_size_;
  segment_size_ += entry->size;
  spilled_.push_back(entry);
  services_.spilled_bytes->add(entry->size);
  auto write
    = [bytes, segment = entry->segment, offset = entry->offset, directory = services_.directory] {
        if (!segment->file) segment->file = std::make_unique<spill_file>(directory, "feedback");
        segment->file->write(offset, *bytes);
        return true;
      };
  services_.post(write, [entry, stored = std::move(stored)](bool) {
    entry->bytes.reset();
    stored();
  });
}

std::shared_ptr<spill_segment> feedback_buffer::segment_for(std::uint64_t size) {
  if (!segment_ || (segment_size_ > 0 && segment_size_ + size > segment_bytes)
      || spilled_.empty()) {
    // Giving the space back may take a while: not on the task.
    segment_ = std::shared_ptr<spill_segment>(
      new spill_segment, [strand = services_.strand](spill_segment* s) {
        strand->post([owner = std::shared_ptr<spill_segment>(s)] {});
      });
    segment_size_ = 0;
  }
  return segment_;
}

std::unique_ptr<batch> feedback_buffer::take() {
  auto b = std::move(loaded_.front());
  loaded_.pop_front();
  loaded_bytes_ -= std::min(loaded_bytes_, b->bytes());
  load();
  return b;
}

/// Reads back when what is at hand runs short.
void feedback_buffer::load() {
  auto want = limit_ / 4;
  while (!loading_ && !spilled_.empty() && (loaded_.empty() || loaded_bytes_ < want)) {
    if (spilled_.front()->bytes) { // not written yet
      decode(*spilled_.front()->bytes);
      spilled_.pop_front();
      continue;
    }
    auto wanted = std::make_shared<std::vector<stored_batch>>();
    std::uint64_t size = 0;
    for (auto& entry : spilled_) {
      if (entry->bytes || (size > 0 && size + entry->size > want)) break;
      wanted->push_back(*entry);
      size += entry->size;
    }
    loading_ = true;
    auto read = [wanted] {
      std::vector<std::string> result;
      for (auto& entry : *wanted) result.push_back(entry.fetch());
      return result;
    };
    services_.post(read, [this](std::vector<std::string> read_back) {
      loading_ = false;
      for (auto& bytes : read_back) {
        decode(bytes);
        spilled_.pop_front();
      }
    });
  }
}

void feedback_buffer::decode(const std::string& bytes) {
  auto b = type_.make_batch();
  byte_reader in(bytes);
  b->decode(in);
  loaded_bytes_ += b->bytes();
  loaded_.push_back(std::move(b));
}

void feedback_buffer::list(std::vector<stored_batch>& to) const {
  for (auto& b : loaded_) {
    stored_batch entry;
    entry.bytes = encoded(*b, 0);
    to.push_back(std::move(entry));
  }
  for (auto& entry : spilled_) to.push_back(*entry);
}

} // namespace sluice::runtime
