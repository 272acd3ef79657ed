#include "sluice/connect/file/internal/block_writer.hpp"
#include "sluice/connect/file/internal/file_writer.hpp"
#include "sluice/connect/file/internal/part_files.hpp"
#include "sluice/core/errors.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <ctime>
#include <filesystem>
#include <optional>

namespace sluice::internal {

std::string bucket_name(const std::string& pattern, timestamp now) {
  auto seconds = static_cast<std::time_t>(now / 1'000'000 - (now % 1'000'000 < 0 ? 1 : 0));
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  std::string out;
  for (std::size_t i = 0; i < pattern.size();) {
    auto rest = std::string_view(pattern).substr(i);
    auto field = [&](std::string_view letters, int value) {
      if (!rest.starts_with(letters)) return false;
      out += fmt::format("{:0{}}", value, letters.size());
      i += letters.size();
      return true;
    };
    if (!field("yyyy", parts.tm_year + 1900) && !field("MM", parts.tm_mon + 1)
        && !field("dd", parts.tm_mday) && !field("HH", parts.tm_hour) && !field("mm", parts.tm_min))
      out += pattern[i++];
  }
  return out;
}

void validate_file_sink(const file_sink_spec& spec) {
  auto& options = spec.options;
  if (spec.path.empty()) throw plan_error("file sink: the path is empty");
  if (options.prefix.empty() || options.prefix.front() == '.' || options.prefix.front() == '_'
      || options.prefix.find('/') != std::string::npos
      || options.suffix.find('/') != std::string::npos)
    throw plan_error("file sink: a prefix must be there and start neither with '.' nor with '_'; "
                     "prefix and suffix cannot have a '/'");
  if (options.block_bytes == 0 || options.max_waiting_blocks == 0 || options.max_part_bytes == 0)
    throw plan_error("file sink: block_bytes, max_waiting_blocks and max_part_bytes must be "
                     "positive");
  if (options.rollover_interval.count() <= 0)
    throw plan_error("file sink: rollover_interval must be positive");
  if (options.check_interval.count() < 0)
    throw plan_error("file sink: check_interval cannot be negative");
  if (options.overwrite && options.uuid.empty())
    throw plan_error("file sink: overwrite needs a uuid, to tell its files from those before");
  if (options.bucketer && !options.bucket.empty())
    throw plan_error("file sink: bucket and bucketer exclude each other");
  if (options.bucket.find("..") != std::string::npos || options.bucket.starts_with('/')
      || options.bucket.starts_with('.') || options.bucket.starts_with('_'))
    throw plan_error("file sink: a bucket is a path below the directory, not hidden: "
                     + options.bucket);
  spec.encoder->validate();
}

namespace {

/// A file that is being written, of one directory.
struct part {
  std::string bucket;
  bool open = false;
  timestamp begun = 0;
  std::uint64_t bytes = 0; // handed on
  std::string buffer;
};

class part_writer final : public sink_writer {
public:
  explicit part_writer(std::shared_ptr<const file_sink_spec> spec) : spec_(std::move(spec)) {
    if (spec_->options.bucketer)
      bucketer_ = spec_->options.bucketer();
    else
      parts_.emplace_back();
  }

  void open(io_context& context, const std::vector<std::string>& states) override {
    context_ = &context;
    auto& options = spec_->options;
    part_files::naming names{std::filesystem::absolute(spec_->path).lexically_normal().string(),
                             options.prefix,
                             options.suffix,
                             context.subtask(),
                             bucketer_ != nullptr || !options.bucket.empty(),
                             options.names,
                             options.uuid,
                             {}};
    names.extras
      = {options.overwrite ? options.uuid : std::string{}, options.success_file, names.directory};
    blocks_.emplace(context, std::make_unique<part_files>(std::move(names)),
                    options.max_waiting_blocks);
    blocks_->post([states](part_files& files) { files.restore(states); });
  }

  void write(batch& records) override {
    if (records.empty()) return;
    auto now = context_->processing_clock().now();
    roll_if_due(now);
    if (!bucketer_) return append(parts_[0], records, 0, records.size(), now);
    bucketer_->assign(records, buckets_);
    for (std::size_t i = 0, j = 0; i < buckets_.size(); i = j) {
      while (j < buckets_.size() && buckets_[j] == buckets_[i]) ++j;
      append(part_of(buckets_[i]), records, i, j, now);
    }
  }

  bool ready() const override { return blocks_->ready(); }

  void flush() override { roll_if_due(context_->processing_clock().now()); }

  std::optional<timestamp> flush_due() const override {
    std::optional<timestamp> due;
    for (auto& p : parts_)
      if (p.open && (!due || too_old_at(p) < *due)) due = too_old_at(p);
    if (!due || spec_->options.bucket.empty()) return due;
    // The shortest-lived bucket is that of a minute.
    constexpr timestamp minute = 60'000'000;
    auto now = context_->processing_clock().now();
    return std::min(*due, now - now % minute + minute);
  }

  std::function<writer_snapshot()> prepare_commit(std::uint64_t, bool end_of_input) override {
    for (auto& p : parts_) finish(p);
    bool replace = end_of_input && spec_->options.overwrite && !bucketer_;
    return blocks_->on_strand([replace](part_files& files) {
      if (replace) files.replace_directory();
      return files.snapshot();
    });
  }

  void commit(const std::vector<std::string>& committables) override {
    blocks_->run_on_strand([&](part_files& files) { files.commit(committables); });
  }

private:
  /// Files that are open at a time: more than these, and the oldest is finished.
  static constexpr std::size_t max_open = 256;

  timestamp too_old_at(const part& p) const {
    auto age = spec_->options.rollover_interval.count();
    auto check = spec_->options.check_interval.count();
    if (check > 0) age = (age + check - 1) / check * check;
    return saturating_add(p.begun, age);
  }

  part& part_of(std::uint32_t bucket) {
    while (parts_.size() <= bucket) {
      auto number = static_cast<std::uint32_t>(parts_.size());
      parts_.emplace_back().bucket = bucketer_->name_of(number);
    }
    return parts_[bucket];
  }

  void append(part& p, const batch& records, std::size_t begin, std::size_t end, timestamp now) {
    if (!p.open) begin_part(p, now);
    spec_->encoder->encode(records, begin, end, p.buffer);
    if (p.buffer.size() >= spec_->options.block_bytes) hand_on(p);
    if (p.bytes + p.buffer.size() >= spec_->options.max_part_bytes) finish(p);
  }

  void begin_part(part& p, timestamp now) {
    if (num_open_ >= max_open) finish_oldest();
    if (!spec_->options.bucket.empty()) p.bucket = bucket_name(spec_->options.bucket, now);
    blocks_->post([bucket = p.bucket](part_files& files) { files.begin(bucket); });
    p.open = true;
    p.begun = now;
    p.bytes = 0;
    ++num_open_;
    spec_->encoder->header(p.buffer);
  }

  void finish_oldest() {
    part* oldest = nullptr;
    for (auto& p : parts_)
      if (p.open && (!oldest || p.begun < oldest->begun)) oldest = &p;
    finish(*oldest);
  }

  void roll_if_due(timestamp now) {
    if (num_open_ == 0) return;
    auto& pattern = spec_->options.bucket;
    for (auto& p : parts_) {
      if (!p.open) continue;
      bool other_bucket = !pattern.empty() && bucket_name(pattern, now) != p.bucket;
      if (now >= too_old_at(p) || other_bucket) finish(p);
    }
  }

  void hand_on(part& p) {
    if (p.buffer.empty()) return;
    p.bytes += p.buffer.size();
    blocks_->post_block(p.buffer, [bucket = p.bucket](part_files& files, std::string_view bytes) {
      files.write(bucket, bytes);
    });
  }

  void finish(part& p) {
    if (!p.open) return;
    hand_on(p);
    blocks_->post([bucket = p.bucket](part_files& files) { files.finish(bucket); });
    p.open = false;
    --num_open_;
  }

  std::shared_ptr<const file_sink_spec> spec_;
  std::unique_ptr<file_bucketer> bucketer_;
  io_context* context_ = nullptr;
  std::optional<block_writer<part_files>> blocks_;
  std::vector<part> parts_; // by number of their buckets; one without bucketer
  std::size_t num_open_ = 0;
  std::vector<std::uint32_t> buckets_; // of the records at hand
};

} // namespace

std::unique_ptr<sink_writer> make_part_writer(std::shared_ptr<const file_sink_spec> spec) {
  return std::make_unique<part_writer>(std::move(spec));
}

} // namespace sluice::internal
