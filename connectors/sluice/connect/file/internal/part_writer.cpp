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
  if (options.bucket.find("..") != std::string::npos || options.bucket.starts_with('/')
      || options.bucket.starts_with('.') || options.bucket.starts_with('_'))
    throw plan_error("file sink: a bucket is a path below the directory, not hidden: "
                     + options.bucket);
}

namespace {

class part_writer final : public sink_writer {
public:
  explicit part_writer(std::shared_ptr<const file_sink_spec> spec) : spec_(std::move(spec)) {}

  void open(io_context& context, const std::vector<std::string>& states) override {
    context_ = &context;
    part_files::naming names{std::filesystem::absolute(spec_->path).string(), spec_->options.prefix,
                             spec_->options.suffix, context.subtask(),
                             !spec_->options.bucket.empty()};
    blocks_.emplace(context, std::make_unique<part_files>(std::move(names)),
                    spec_->options.max_waiting_blocks);
    blocks_->post([states](part_files& files) { files.restore(states); });
  }

  void write(batch& records) override {
    if (records.empty()) return;
    auto now = context_->processing_clock().now();
    roll_if_due(now);
    if (!part_open_) begin_part(now);
    spec_->encoder->encode(records, 0, records.size(), buffer_);
    if (buffer_.size() >= spec_->options.block_bytes) hand_on();
    if (part_bytes_ + buffer_.size() >= spec_->options.max_part_bytes) finish_part();
  }

  bool ready() const override { return blocks_->ready(); }

  void flush() override { roll_if_due(context_->processing_clock().now()); }

  std::optional<timestamp> flush_due() const override {
    if (!part_open_) return std::nullopt;
    auto due = too_old_at();
    if (spec_->options.bucket.empty()) return due;
    // The shortest-lived bucket is that of a minute.
    constexpr timestamp minute = 60'000'000;
    auto now = context_->processing_clock().now();
    return std::min(due, now - now % minute + minute);
  }

  std::function<writer_snapshot()> prepare_commit(std::uint64_t, bool) override {
    finish_part();
    return blocks_->on_strand([](part_files& files) { return files.snapshot(); });
  }

  void commit(const std::vector<std::string>& committables) override {
    blocks_->run_on_strand([&](part_files& files) { files.commit(committables); });
  }

private:
  timestamp too_old_at() const {
    return saturating_add(part_begun_, spec_->options.rollover_interval.count());
  }

  void begin_part(timestamp now) {
    if (!spec_->options.bucket.empty()) bucket_ = bucket_name(spec_->options.bucket, now);
    blocks_->post([bucket = bucket_](part_files& files) { files.begin(bucket); });
    part_open_ = true;
    part_begun_ = now;
    part_bytes_ = 0;
    spec_->encoder->header(buffer_);
  }

  void roll_if_due(timestamp now) {
    if (!part_open_) return;
    bool old = now >= too_old_at();
    bool other_bucket
      = !spec_->options.bucket.empty() && bucket_name(spec_->options.bucket, now) != bucket_;
    if (old || other_bucket) finish_part();
  }

  void hand_on() {
    if (buffer_.empty()) return;
    part_bytes_ += buffer_.size();
    blocks_->post_block(buffer_);
  }

  void finish_part() {
    if (!part_open_) return;
    hand_on();
    blocks_->post([](part_files& files) { files.finish(); });
    part_open_ = false;
  }

  std::shared_ptr<const file_sink_spec> spec_;
  io_context* context_ = nullptr;
  std::optional<block_writer<part_files>> blocks_;
  std::string buffer_;
  std::string bucket_;
  bool part_open_ = false;
  timestamp part_begun_ = 0;
  std::uint64_t part_bytes_ = 0; // handed on
};

} // namespace

std::unique_ptr<sink_writer> make_part_writer(std::shared_ptr<const file_sink_spec> spec) {
  return std::make_unique<part_writer>(std::move(spec));
}

} // namespace sluice::internal
