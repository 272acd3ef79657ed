#include "sluice/connect/file/internal/block_loader.hpp"
#include "sluice/connect/file/internal/file_split.hpp"
#include "sluice/connect/format/record_scan.hpp"
#include "sluice/core/errors.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <deque>

namespace sluice::internal {

namespace {

/// Decodes splits on the actor, one after the other, while the loader reads ahead: unless the page
/// cache has the bytes, then they are read when they are needed, and in pieces that stay in the
/// cache of the core.
///
/// Invariant: `current_` starts where the next record of `active_.front()` does, or inside an
/// overlong record that is being skipped.
class file_reader final : public source_reader, decode_sink {
public:
  explicit file_reader(std::shared_ptr<const file_source_spec> spec)
    : spec_(std::move(spec)), decoder_(spec_->format->make_decoder()) {}

  ~file_reader() override {
    if (loader_) loader_->stop();
  }

  void open(io_context& context) override {
    context_ = &context;
    loader_ = std::make_shared<block_loader>(spec_->format->layout(), context.wakeup());
    bytes_read_ = context.make_counter("bytes_read");
    skipped_ = context.make_counter("records_skipped");
    nulled_ = context.make_counter("fields_nulled");
    diverted_ = context.make_counter("records_diverted");
  }

  void add_splits(std::vector<source_split> splits) override {
    if (active_.empty() && in_flight_ == 0) cached_ = true;
    for (auto& added : splits) {
      auto split = file_split::decode(added.data);
      auto position = split.position;
      active_.push_back({std::move(added.id), std::move(split), next_number_++, position});
    }
  }

  poll_result poll(batch& out, std::size_t max_records) override {
    poll_result result;
    for (int blocks = 0; blocks < 8; ++blocks) {
      request_blocks();
      if (active_.empty()) {
        result.status = poll_result::state::finished;
        return result;
      }
      result.split = active_.front().number;
      if (!ready_to_decode()) {
        result.status = poll_result::state::waiting;
        return result;
      }
      decode(out, max_records);
      if (have_block_ && current_.last && current_.bytes.size() == 0 && at_record_end_)
        end_split(result);
      if (!out.empty() || !result.ended_splits.empty()) break;
    }
    return result;
  }

  void take_bad_records(std::vector<bad_record>& out) override {
    if (!bad_records_.empty()) std::swap(out, bad_records_);
  }

  std::vector<source_split> snapshot() override {
    std::vector<source_split> splits;
    for (auto& e : active_) splits.push_back({e.id, e.split.encode()});
    return splits;
  }

private:
  struct entry {
    std::string id;
    file_split split;
    std::uint32_t number;
    std::uint64_t requested; // where the next block to ask for begins
    bool started = false;
    bool all_requested = false;
  };

  static constexpr int read_ahead = 2;
  static constexpr std::uint64_t cached_block_bytes = std::uint64_t{256} << 10;

  /// Keeps `read_ahead` blocks on their way, across the ends of splits.
  void request_blocks() {
    if (cached_) return;
    for (auto& e : active_) {
      while (!e.all_requested) {
        if (in_flight_ >= read_ahead) return;
        post(e, next_request(e, spec_->options.block_bytes));
      }
    }
  }

  static block_request next_request(const entry& e, std::uint64_t bytes) {
    auto end = std::min(e.requested + bytes, e.split.end);
    return {e.split.path, e.requested, end, !e.started, end == e.split.end};
  }

  void post(entry& e, const block_request& request) {
    note_requested(e, request);
    context_->post_blocking([loader = loader_, request] { loader->load(request); });
  }

  void note_requested(entry& e, const block_request& request) {
    e.started = true;
    e.requested = request.end;
    e.all_requested = request.last;
    ++in_flight_;
  }

  /// Gets the next block from the page cache. If it is not there, reading ahead goes on from here.
  void load_cached() {
    if (!cached_ || in_flight_ > 0) return;
    auto& e = active_.front();
    auto request
      = next_request(e, std::min<std::uint64_t>(spec_->options.block_bytes, cached_block_bytes));
    if (!loader_->is_open(e.split.path)) return post(e, request);
    cached_ = loader_->load_cached(request);
    if (cached_)
      note_requested(e, request);
    else
      request_blocks();
  }

  /// Whether `current_` holds something to decode now; gets blocks for that.
  bool ready_to_decode() {
    if (locating_) {
      auto count = loader_->take_line_count();
      if (!count) return false;
      known_line_ += *count;
      known_offset_ = locate_to_;
      known_path_ = active_.front().split.path;
      locating_ = false;
    }
    while (!have_block_ || current_.bytes.size() < wanted_bytes_) {
      if (have_block_ && current_.last) break;
      load_cached();
      auto next = loader_->take_block();
      if (!next) return false;
      --in_flight_;
      request_blocks();
      bytes_read_->add(next->bytes.size());
      if (have_block_)
        join(std::move(*next));
      else
        start_block(std::move(*next));
    }
    wanted_bytes_ = 0;
    return true;
  }

  void start_block(loaded_block next) {
    current_ = std::move(next);
    have_block_ = true;
    if (!current_.first) return;
    at_record_end_ = true;
    auto& split = active_.front().split;
    split.position = std::max(split.position, current_.offset);
    try {
      decoder_->open_file({split.path, current_.file_size, current_.file_modified});
      decoder_->begin(current_.header);
    } catch (const format_error& e) {
      throw format_error(fmt::format("{}:1: {}", split.path, e.what()));
    }
  }

  void join(loaded_block next) {
    auto rest = current_.bytes.view();
    if (rest.size() <= next.bytes.headroom()) {
      next.bytes.prepend(rest);
      loader_->recycle(std::exchange(current_.bytes, std::move(next.bytes)));
    } else {
      current_.bytes.append(next.bytes.view());
      loader_->recycle(std::move(next.bytes));
    }
    current_.last = next.last;
  }

  void decode(batch& out, std::size_t max_records) {
    auto size = current_.bytes.size();
    refused_ = false;
    auto result = decoder_->decode(current_.bytes.view(), current_.last, out, max_records, *this);
    if (spec_->format->options().errors == on_error::divert)
      follow_lines(current_.offset + result.consumed);
    current_.bytes.drop_front(result.consumed);
    current_.offset += result.consumed;
    at_record_end_ = result.at_record_end;
    if (at_record_end_) active_.front().split.position = current_.offset;
    if (size == 0 || result.consumed > 0 || !out.empty() || refused_) {
      if (current_.bytes.size() == 0 && !current_.last) drop_block();
      return;
    }
    // The record is longer than what is here. Looking again only when there is twice as much keeps
    // the work linear.
    auto limit = spec_->format->options().max_record_bytes + 1;
    wanted_bytes_ = size > spec_->options.block_bytes
                      ? std::max(size + 1, std::min(2 * size, limit))
                      : size + 1;
  }

  void drop_block() {
    loader_->recycle(std::move(current_.bytes));
    have_block_ = false;
  }

  void end_split(poll_result& result) {
    result.ended_splits.push_back(active_.front().number);
    active_.pop_front();
    loader_->recycle(std::move(current_.bytes));
    have_block_ = false;
  }

  // -- bad records --------------------------------------------------------------------------------

  bool refuse(const record_error& error) override {
    auto& options = spec_->format->options();
    refused_ = true;
    if (options.errors == on_error::skip || options.errors == on_error::null_field) {
      skipped_->add(1);
      return true;
    }
    auto offset = current_.offset + error.offset;
    if (!follow_lines(offset)) {
      locate(offset);
      return false;
    }
    auto place = fmt::format("{}:{}", active_.front().split.path, known_line_ + 1);
    if (options.errors == on_error::fail)
      throw format_error(describe_bad_record(place, error.reason, error.text));
    diverted_->add(1);
    bad_record bad{place, std::string(error.text.substr(0, max_bad_bytes)), error.reason};
    if (options.divert)
      options.divert(bad);
    else
      bad_records_.push_back(std::move(bad));
    return true;
  }

  void fields_nulled(std::size_t count) override { nulled_->add(count); }

  /// Moves what is known of line numbers to `offset`, if the lines between are in memory.
  bool follow_lines(std::uint64_t offset) {
    if (known_path_ != active_.front().split.path || known_offset_ < current_.offset
        || known_offset_ > offset)
      return false;
    auto bytes
      = current_.bytes.view().substr(known_offset_ - current_.offset, offset - known_offset_);
    known_line_ += count_newlines(bytes);
    known_offset_ = offset;
    return true;
  }

  /// Has the lines before `offset` counted by reading the file again, as far as need be.
  void locate(std::uint64_t offset) {
    auto& path = active_.front().split.path;
    if (known_path_ != path || known_offset_ > offset) known_offset_ = known_line_ = 0;
    locate_to_ = offset;
    locating_ = true;
    context_->post_blocking([loader = loader_, path, from = known_offset_, offset] {
      loader->count_lines(path, from, offset);
    });
  }

  std::shared_ptr<const file_source_spec> spec_;
  std::unique_ptr<record_decoder> decoder_;
  io_context* context_ = nullptr;
  std::shared_ptr<block_loader> loader_;
  std::shared_ptr<counter> bytes_read_;
  std::shared_ptr<counter> skipped_;
  std::shared_ptr<counter> nulled_;
  std::shared_ptr<counter> diverted_;

  std::deque<entry> active_; // the first one is being read
  std::uint32_t next_number_ = 0;
  int in_flight_ = 0; // blocks asked for and not taken yet
  /// Whether blocks are loaded when they are needed: the page cache had all of them so far.
  bool cached_ = true;

  loaded_block current_;
  bool have_block_ = false;
  bool at_record_end_ = true;
  std::size_t wanted_bytes_ = 0;        // decode only when there is as much
  std::vector<bad_record> bad_records_; // diverted during this poll
  bool refused_ = false;                // during this decode

  // Number of line ends before known_offset_ in known_path_.
  std::string known_path_;
  std::uint64_t known_offset_ = 0;
  std::uint64_t known_line_ = 0;
  std::uint64_t locate_to_ = 0;
  bool locating_ = false;
};

} // namespace

std::unique_ptr<source_reader> make_file_reader(std::shared_ptr<const file_source_spec> spec) {
  return std::make_unique<file_reader>(std::move(spec));
}

} // namespace sluice::internal
