#include "sluice/core/errors.hpp"
#include "sluice/table/column/columnar_batch.hpp"
#include "sluice/table/ops/operators.hpp"
#include "sluice/table/ops/window_grid.hpp"

#include <utility>

namespace sluice::table {

namespace {

/// TUMBLE, HOP and CUMULATE as table functions: each row once for each of its windows.
class window_table final : public stream_operator {
public:
  window_table(window_spec window, time_zone zone)
    : window_(window), zone_(std::move(zone)), grid_(window) {}

  void process(batch& b, std::uint32_t) override {
    auto& in = as_columnar(b);
    if (in.empty()) return;
    rows_.clear();
    ends_.clear();
    auto add = [&](std::size_t row, std::int64_t time) {
      grid_.for_each_window(time, [&](timestamp end) {
        rows_.push_back(static_cast<std::uint32_t>(row));
        ends_.push_back(end);
      });
    };
    if (window_.processing_time) {
      auto now = local(context_->processing_clock().now());
      for (std::size_t i = 0; i < in.size(); ++i) add(i, now);
    } else {
      const auto& times = in.at(window_.time_column);
      for (std::size_t i = 0; i < in.size(); ++i) {
        if (times.is_null(i)) throw error("a row has NULL as its time, so that it is in no window");
        add(i, local(times.value<std::int64_t>(i)));
      }
    }
    put_out(in);
  }

  bool may_expand() const noexcept override { return window_.slide != window_.size; }

private:
  std::int64_t local(std::int64_t t) const { return window_.local_time ? zone_.to_local(t) : t; }

  void put_out(const columnar_batch& in) {
    for (std::size_t done = 0; done < rows_.size(); done += default_batch_rows) {
      auto n = std::min(default_batch_rows, rows_.size() - done);
      std::vector<column_ptr> columns;
      bool as_it_was
        = n == in.size() && rows_.size() == n && rows_.front() == 0 && rows_.back() == n - 1;
      for (std::size_t c = 0; c < in.num_columns(); ++c)
        columns.push_back(as_it_was ? in.share(c) : gather(in.at(c), rows_.data() + done, n));
      add_windows(columns, ends_.data() + done, n);
      out_.assign(std::move(columns), n);
      if (!in.insert_only()) {
        auto* kinds = out_.make_kinds();
        for (std::size_t k = 0; k < n; ++k) kinds[k] = in.kind(rows_[done + k]);
      }
      if (in.has_timestamps()) {
        auto* times = out_.make_timestamps();
        for (std::size_t k = 0; k < n; ++k) times[k] = in.timestamps()[rows_[done + k]];
      }
      ports_[0].push(out_);
    }
  }

  void add_windows(std::vector<column_ptr>& columns, const timestamp* ends, std::size_t n) {
    auto instant = data_type::timestamp(3).not_null();
    auto time_type = window_.local_time ? data_type::timestamp_ltz(3).not_null() : instant;
    auto start = std::make_shared<column>(instant);
    auto end = std::make_shared<column>(instant);
    auto time = std::make_shared<column>(time_type);
    for (auto* c : {&start, &end, &time}) (*c)->reset(n);
    for (std::size_t k = 0; k < n; ++k) {
      start->values<std::int64_t>()[k] = grid_.window_start(ends[k]);
      end->values<std::int64_t>()[k] = ends[k];
      auto last = ends[k] - detail::window_time_before_end;
      time->values<std::int64_t>()[k] = window_.local_time ? zone_.to_utc(last) : last;
    }
    columns.push_back(std::move(start));
    columns.push_back(std::move(end));
    columns.push_back(std::move(time));
  }

  window_spec window_;
  time_zone zone_;
  detail::window_grid grid_;
  std::vector<std::uint32_t> rows_;
  std::vector<timestamp> ends_;
  columnar_batch out_;
};

} // namespace

operator_factory make_window_table(std::vector<data_type>, window_spec window,
                                   operator_settings settings) {
  return [window, zone = settings.zone] { return std::make_unique<window_table>(window, zone); };
}

} // namespace sluice::table
