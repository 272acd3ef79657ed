// SESSION as a table function: rows of a key that follow each other closely are put out when their
// session is over, with its window.
#include "sluice/core/errors.hpp"
#include "sluice/table/ops/join_output.hpp"
#include "sluice/table/ops/operators.hpp"
#include "sluice/table/ops/session_rows.hpp"
#include "sluice/table/ops/window_grid.hpp"
#include "sluice/table/ops/window_progress.hpp"

#include <optional>
#include <set>
#include <utility>

namespace sluice::table {

namespace {

using detail::session_bounds;

class session_table final : public stream_operator {
public:
  session_table(std::vector<data_type> types, window_spec window,
                std::vector<std::size_t> partition, time_zone zone)
    : types_(std::move(types)), window_(window), partition_(std::move(partition)),
      zone_(std::move(zone)), codec_(std::make_shared<const row_codec>(types_)),
      rows_of_key_(std::make_shared<const detail::session_rows>(codec_)) {}

  void open(operator_context& context) override {
    stream_operator::open(context);
    std::vector<data_type> keys;
    for (auto p : partition_) keys.push_back(types_.at(p).as_nullable());
    keyed_.emplace(std::move(keys), rows_of_key_, context.key_groups(), context.max_parallelism());
    progress_.emplace(context.key_groups());
    states_.add("rows of sessions", &*keyed_);
    states_.add("progress", &*progress_);
  }

  void restored() override {
    progress_->restored();
    due_.clear();
    keyed_->for_each([this](std::byte* value) {
      rows_of_key_->due(value) = max_timestamp;
      schedule(value);
    });
  }

  void process(batch& b, std::uint32_t) override {
    auto& in = as_columnar(b);
    if (in.empty()) return;
    if (!in.insert_only()) throw error("SESSION windows take rows that are inserted only");
    std::vector<const column*> keys;
    for (auto p : partition_) keys.push_back(&in.at(p));
    const auto* hashes = keyed_->hashes(in, partition_);
    values_.resize(in.size());
    keyed_->find_or_insert(keys, hashes, selection(in.size()), values_.data(), nullptr);
    codec_->encode(in, selection(in.size()), encoded_);
    const auto& times = in.at(window_.time_column);
    std::uint64_t late = 0;
    for (std::uint32_t i = 0; i < in.size(); ++i) {
      if (times.is_null(i)) throw error("a row has NULL as its time, so that it is in no session");
      late += add(values_[i], times.value<std::int64_t>(i), encoded_.row(i)) ? 0 : 1;
    }
    if (late == 0) return;
    context_->count_late_records(late);
    erase_empty();
  }

  void on_watermark(timestamp w, bool exact) override {
    advance(w);
    forward_watermark(w, exact);
  }

  void finish() override { advance(max_timestamp); }

  void finish_keys() override {
    advance(max_timestamp);
    forget_keys();
  }

  void forget_keys() override {
    states_.clear();
    due_.clear();
  }

  bool may_expand() const noexcept override { return true; }

private:
  timestamp end_of(const session_bounds& s) const noexcept { return s.last + window_.size; }

  static bool is_over(timestamp end, timestamp time) noexcept {
    return time != min_timestamp && end - 1 <= time;
  }

  /// False if the row comes too late.
  bool add(std::byte* value, timestamp time, std::string_view row) {
    auto over = [&](timestamp last) {
      auto reached = progress_->groups_differ() ? progress_->time_of(keyed_->group_of(value))
                                                : progress_->time();
      return is_over(last + window_.size, reached);
    };
    if (!detail::add_to_sessions(rows_of_key_->sessions(value), time, window_.size, over))
      return false;
    rows_of_key_->rows(value).append(row, 0);
    schedule(value);
    return true;
  }

  /// A key is looked at when the end of its first session, as it was then, comes.
  void schedule(std::byte* value) {
    auto& sessions = rows_of_key_->sessions(value);
    if (sessions.empty()) return;
    auto& due = rows_of_key_->due(value);
    auto end = end_of(sessions.front());
    if (due <= end) return;
    if (due != max_timestamp) due_.erase({due, value});
    due = end;
    due_.emplace(due, value);
  }

  /// Keys that only late rows have made.
  void erase_empty() {
    std::sort(values_.begin(), values_.end());
    auto end = std::unique(values_.begin(), values_.end());
    for (auto it = values_.begin(); it != end; ++it)
      if (rows_of_key_->rows(*it).empty()) keyed_->erase(*it);
  }

  void advance(timestamp time) {
    if (time <= progress_->time()) return;
    while (!due_.empty() && is_over(due_.begin()->first, time)) {
      auto* value = due_.begin()->second;
      due_.erase(due_.begin());
      keyed_->prepare_change(&value, 1);
      rows_of_key_->due(value) = max_timestamp;
      close(value, time);
    }
    put_out();
    for (auto* value : gone_) keyed_->erase(value);
    gone_.clear();
    progress_->reach(time);
  }

  /// Collects the rows of the sessions of a key that are over.
  void close(std::byte* value, timestamp time) {
    auto& sessions = rows_of_key_->sessions(value);
    std::size_t over = 0;
    while (over < sessions.size() && is_over(end_of(sessions[over]), time)) ++over;
    if (over == 0) return schedule(value);
    auto& list = rows_of_key_->rows(value);
    std::vector<const char*> all;
    std::vector<std::string> rest;
    std::vector<std::string_view> views;
    list.for_each([&](stored_row& row) {
      all.push_back(row.bytes());
      views.push_back(row.view());
    });
    const std::vector<std::size_t> wanted{window_.time_column};
    auto times = decode_columns(*codec_, all, &wanted)[0];
    for (std::size_t i = 0; i < all.size(); ++i) {
      auto t = times->value<std::int64_t>(i);
      std::size_t s = 0;
      while (s < over && sessions[s].last < t) ++s;
      if (s == over)
        rest.emplace_back(views[i]);
      else
        collect(all[i], sessions[s]);
    }
    if (rest.empty()) return gone_.push_back(value);
    put_out(); // before the rows move
    list.clear();
    for (const auto& row : rest) list.append(row, 0);
    sessions.erase(sessions.begin(), sessions.begin() + static_cast<std::ptrdiff_t>(over));
    schedule(value);
  }

  void collect(const char* row, const session_bounds& session) {
    out_rows_.push_back(row);
    out_sessions_.push_back(session);
    if (out_rows_.size() >= default_batch_rows) put_out();
  }

  void put_out() {
    if (out_rows_.empty()) return;
    auto n = out_rows_.size();
    auto columns = decode_columns(*codec_, out_rows_, nullptr);
    add_windows(columns);
    out_.assign(std::move(columns), n);
    ports_[0].push(out_);
    out_rows_.clear();
    out_sessions_.clear();
  }

  void add_windows(std::vector<column_ptr>& columns) {
    auto local = [&](timestamp t) { return window_.local_time ? zone_.to_local(t) : t; };
    auto instant = data_type::timestamp(3).not_null();
    auto add = [&](const data_type& type, auto value) {
      auto c = std::make_shared<column>(type);
      c->reset(out_sessions_.size());
      for (std::size_t i = 0; i < out_sessions_.size(); ++i)
        c->values<std::int64_t>()[i] = value(out_sessions_[i]);
      columns.push_back(std::move(c));
    };
    add(instant, [&](const session_bounds& s) { return local(s.first); });
    add(instant, [&](const session_bounds& s) { return local(end_of(s)); });
    add(window_.local_time ? data_type::timestamp_ltz(3).not_null() : instant,
        [&](const session_bounds& s) { return end_of(s) - detail::window_time_before_end; });
  }

  std::vector<data_type> types_;
  window_spec window_;
  std::vector<std::size_t> partition_;
  time_zone zone_;
  std::shared_ptr<const row_codec> codec_;
  std::shared_ptr<const detail::session_rows> rows_of_key_;
  std::optional<keyed_rows> keyed_;
  std::optional<detail::window_progress> progress_;
  std::set<std::pair<timestamp, std::byte*>> due_;

  std::vector<std::byte*> values_;
  encoded_rows encoded_;
  std::vector<std::byte*> gone_; ///< whose rows wait to be put out
  std::vector<const char*> out_rows_;
  std::vector<session_bounds> out_sessions_;
  columnar_batch out_;
};

} // namespace

operator_factory make_session_table(std::vector<data_type> input, window_spec window,
                                    std::vector<std::size_t> partition,
                                    operator_settings settings) {
  return
    [input = std::move(input), window, partition = std::move(partition), zone = settings.zone] {
      return std::make_unique<session_table>(input, window, partition, zone);
    };
}

} // namespace sluice::table
