#include "sluice/table/ops/window_progress.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace sluice::table::detail {

namespace {

class progress_snapshot final : public state_snapshot {
public:
  progress_snapshot(std::string name, std::string schema, key_group first,
                    std::vector<timestamp> times)
    : name_(std::move(name)), schema_(std::move(schema)), first_(first), times_(std::move(times)) {}

  void write(snapshot_writer& out, std::string_view operator_uid) override {
    out.begin_state(operator_uid, name_, state_kind::keyed, schema_);
    for (std::uint32_t i = 0; i < times_.size(); ++i) {
      if (times_[i] == min_timestamp) continue;
      byte_writer bytes;
      bytes.raw(times_[i]);
      out.begin_group(first_ + i);
      out.append(bytes.view());
    }
  }

private:
  std::string name_;
  std::string schema_;
  key_group first_;
  std::vector<timestamp> times_;
};

} // namespace

void window_progress::clear() {
  std::fill(times_.begin(), times_.end(), min_timestamp);
  time_ = furthest_ = min_timestamp;
}

std::unique_ptr<state_snapshot> window_progress::snapshot(const std::string& name) {
  std::vector<timestamp> times;
  for (auto g = groups_.first; g < groups_.last; ++g) times.push_back(time_of(g));
  return std::make_unique<progress_snapshot>(name, schema(), groups_.first, std::move(times));
}

void window_progress::restore(const restored_group& group, const std::string& written_schema) {
  if (written_schema != schema())
    throw state_error(
      fmt::format("it holds \"{}\", the program wants \"{}\"", written_schema, schema()));
  byte_reader in(group.bytes);
  auto time = in.raw<timestamp>();
  times_[group.group - groups_.first] = time;
  furthest_ = std::max(furthest_, time);
}

} // namespace sluice::table::detail
