// ORDER BY event time of a stream: rows up to the watermark are all there, so they can go in order.
#include "sluice/table/ops/operators.hpp"
#include "sluice/table/ops/sort_buffer.hpp"

#include <algorithm>
#include <memory>
#include <optional>

namespace sluice::table {

namespace {

class temporal_sort final : public stream_operator {
public:
  temporal_sort(std::vector<data_type> types, std::vector<sort_key> keys)
    : time_(keys.at(0).column), rows_(std::make_unique<sort_buffer>(types, keys, std::nullopt)),
      later_(std::make_unique<sort_buffer>(std::move(types), std::move(keys), std::nullopt)) {}

  void open(operator_context& context) override {
    stream_operator::open(context);
    rows_state_.emplace(
      state_kind::operator_list, "rows by time v1", [this] { return save(); },
      [this](std::string_view bytes) { load(bytes); });
    states_.add("rows to sort", &*rows_state_);
    time_state_.emplace(
      state_kind::operator_list, "time of the last row v1",
      [this] {
        byte_writer out;
        out.raw(last_);
        return std::vector<std::string>{out.take()};
      },
      [this](std::string_view bytes) { last_ = byte_reader(bytes).raw<timestamp>(); });
    states_.add("time", &*time_state_);
  }

  void process(batch& b, std::uint32_t) override {
    auto& in = as_columnar(b);
    if (in.empty()) return;
    in.drop_timestamps();
    in.drop_hashes();
    const auto& times = in.at(time_);
    kept_.clear();
    for (std::uint32_t i = 0; i < in.size(); ++i) {
      if (times.is_null(i)) throw error("ORDER BY event time: a row has NULL as its time");
      auto time = times.value<std::int64_t>(i);
      if (time <= last_ && last_ != min_timestamp) continue;
      kept_.push_back(i);
      first_ = std::min(first_, time);
    }
    auto late = in.size() - kept_.size();
    if (late > 0) {
      context_->count_late_records(late);
      in.keep_rows(selection(kept_));
    }
    if (!in.empty()) rows_->add(in);
  }

  void on_watermark(timestamp w, bool exact) override {
    put_out(w);
    forward_watermark(w, exact);
  }

  void finish() override { put_out(max_timestamp); }

  bool may_expand() const noexcept override { return true; }

private:
  void put_out(timestamp until) {
    if (first_ > until || rows_->empty()) return;
    rows_->sort();
    const auto& times = rows_->rows().at(time_);
    std::size_t end = 0;
    while (end < rows_->size() && times.value<std::int64_t>(rows_->row(end)) <= until) ++end;
    if (end > 0) last_ = times.value<std::int64_t>(rows_->row(end - 1));
    for (std::size_t done = 0; done < end; done += default_batch_rows)
      ports_[0].push(take(done, std::min(default_batch_rows, end - done)));
    first_ = end < rows_->size() ? times.value<std::int64_t>(rows_->row(end)) : max_timestamp;
    later_->clear();
    for (auto done = end; done < rows_->size(); done += default_batch_rows)
      later_->add(take(done, std::min(default_batch_rows, rows_->size() - done)));
    std::swap(rows_, later_);
    later_->clear();
  }

  /// The rows from a place of the order on. Valid until the next call.
  columnar_batch& take(std::size_t from, std::size_t count) {
    chosen_.clear();
    for (auto place = from; place < from + count; ++place) chosen_.push_back(rows_->row(place));
    std::vector<column_ptr> columns;
    for (std::size_t c = 0; c < rows_->rows().num_columns(); ++c)
      columns.push_back(gather(rows_->rows().at(c), chosen_.data(), count));
    out_.assign(std::move(columns), count);
    return out_;
  }

  std::vector<std::string> save() {
    if (rows_->empty()) return {};
    byte_writer out;
    rows_->rows().encode(out);
    return {out.take()};
  }

  void load(std::string_view bytes) {
    byte_reader in(bytes);
    columnar_batch rows;
    rows.decode(in);
    const auto& times = rows.at(time_);
    for (std::size_t i = 0; i < rows.size(); ++i)
      first_ = std::min(first_, times.value<std::int64_t>(i));
    rows_->add(rows);
  }

  std::size_t time_;
  std::unique_ptr<sort_buffer> rows_;
  std::unique_ptr<sort_buffer> later_; ///< takes what stays when rows go
  timestamp first_ = max_timestamp;    ///< of the rows that wait
  timestamp last_ = min_timestamp; ///< of the rows that went: what is not after it comes too late
  std::vector<std::uint32_t> kept_;
  std::vector<std::uint32_t> chosen_;
  columnar_batch out_;
  std::optional<sluice::list_entry> rows_state_;
  std::optional<sluice::list_entry> time_state_;
};

} // namespace

operator_factory make_temporal_sort(std::vector<data_type> input, std::vector<sort_key> keys) {
  return [input = std::move(input), keys = std::move(keys)] {
    return std::make_unique<temporal_sort>(input, keys);
  };
}

} // namespace sluice::table
