#include "sluice/connect/table/internal/compacting_sink.hpp"

#include "sluice/table/column/columnar_batch.hpp"

#include <algorithm>
#include <string>
#include <unordered_set>
#include <vector>

namespace sluice::table::internal {

namespace {

class compacting_writer final : public sink_writer {
public:
  explicit compacting_writer(std::shared_ptr<const compacting_settings> settings)
    : settings_(std::move(settings)), inner_(settings_->sink->make_writer()) {}

  void open(io_context& context, const std::vector<std::string>& states) override {
    context_ = &context;
    inner_->open(context, states);
  }

  void write(batch& records) override {
    if (records.empty()) return;
    if (held_.empty()) held_since_ = context_->processing_clock().now();
    held_.append_copy(records, 0, records.size());
    if (held_.size() >= settings_->max_rows) hand_on();
  }

  bool ready() const override { return inner_->ready(); }

  void flush() override {
    if (!held_.empty() && context_->processing_clock().now() >= due()) hand_on();
    inner_->flush();
  }

  std::optional<timestamp> flush_due() const override {
    auto inner = inner_->flush_due();
    if (held_.empty()) return inner;
    return inner ? std::min(*inner, due()) : due();
  }

  std::function<writer_snapshot()> prepare_commit(std::uint64_t checkpoint_id,
                                                  bool end_of_input) override {
    hand_on();
    return inner_->prepare_commit(checkpoint_id, end_of_input);
  }

  void commit(const std::vector<std::string>& committables) override {
    inner_->commit(committables);
  }

private:
  timestamp due() const { return saturating_add(held_since_, settings_->interval.count()); }

  void hand_on() {
    if (held_.empty()) return;
    bytes_.clear();
    ends_.clear();
    settings_->key->encode_messages(held_, 0, held_.size(), bytes_, ends_);
    std::unordered_set<std::string_view> seen;
    std::vector<std::uint32_t> last;
    for (auto i = held_.size(); i-- > 0;) {
      auto begin = i == 0 ? 0 : ends_[i - 1];
      if (seen.insert(std::string_view(bytes_).substr(begin, ends_[i] - begin)).second)
        last.push_back(static_cast<std::uint32_t>(i));
    }
    std::reverse(last.begin(), last.end());
    held_.keep_rows(selection(last));
    inner_->write(held_);
    held_.clear();
  }

  std::shared_ptr<const compacting_settings> settings_;
  std::unique_ptr<sink_writer> inner_;
  io_context* context_ = nullptr;
  columnar_batch held_;
  timestamp held_since_ = 0;
  std::string bytes_;
  std::vector<std::size_t> ends_;
};

class compacting_sink final : public sink_base {
public:
  explicit compacting_sink(compacting_settings settings)
    : settings_(std::make_shared<const compacting_settings>(std::move(settings))) {}

  const element_type& type() const noexcept override { return columnar_rows(); }
  std::string name() const override { return settings_->sink->name(); }
  std::unique_ptr<sink_writer> make_writer() const override {
    return std::make_unique<compacting_writer>(settings_);
  }
  bool transactional() const noexcept override { return settings_->sink->transactional(); }
  void validate() const override { settings_->sink->validate(); }
  std::optional<std::uint32_t> fixed_parallelism() const override {
    return settings_->sink->fixed_parallelism();
  }

private:
  std::shared_ptr<const compacting_settings> settings_;
};

} // namespace

std::shared_ptr<const sink_base> make_compacting_sink(compacting_settings settings) {
  return std::make_shared<compacting_sink>(std::move(settings));
}

} // namespace sluice::table::internal
