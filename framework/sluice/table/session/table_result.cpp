#include "sluice/table/session/table_result.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iostream>
#include <utility>

namespace sluice::table {

table_result table_result::of_rows(std::vector<std::string> names,
                                   std::vector<std::vector<std::optional<std::string>>> rows,
                                   bool bare) {
  table_result r;
  r.has_rows_ = true;
  r.bare_ = bare;
  r.ended_ = false;
  std::vector<data_type> types(names.size(), data_type::string());
  r.rows_ = std::make_unique<columnar_batch>(types);
  for (std::size_t c = 0; c < names.size(); ++c) {
    r.columns_.push_back({std::move(names[c]), types[c]});
    auto& to = r.rows_->writable(c);
    for (auto& row : rows)
      if (row.at(c))
        to.append_text(*row[c]);
      else
        to.append_null();
  }
  r.rows_->set_rows(rows.size());
  // What a user asks of the catalog is never cut.
  r.max_width_ = std::size_t{1} << 20;
  return r;
}

table_result table_result::of_job(job_handle job) {
  table_result r;
  r.job_ = std::move(job);
  return r;
}

table_result table_result::of_query(std::vector<relation_column> columns, bool changelog,
                                    job_handle job, std::shared_ptr<result_queue> queue,
                                    std::size_t max_width, time_zone zone,
                                    std::optional<std::uint64_t> most) {
  table_result r;
  r.has_rows_ = true;
  r.changelog_ = changelog;
  r.ended_ = false;
  r.columns_ = std::move(columns);
  r.job_ = std::move(job);
  r.queue_ = std::move(queue);
  r.max_width_ = max_width;
  r.zone_ = std::move(zone);
  r.most_ = most;
  return r;
}

table_result::table_result(table_result&&) noexcept = default;

table_result& table_result::operator=(table_result&& other) noexcept {
  table_result ending(std::move(*this));
  has_rows_ = other.has_rows_;
  changelog_ = other.changelog_;
  bare_ = other.bare_;
  ended_ = other.ended_;
  columns_ = std::move(other.columns_);
  job_ = std::exchange(other.job_, std::nullopt);
  queue_ = std::move(other.queue_);
  rows_ = std::move(other.rows_);
  most_ = other.most_;
  cancelled_ = other.cancelled_;
  max_width_ = other.max_width_;
  zone_ = std::move(other.zone_);
  return *this;
}

table_result::~table_result() {
  if (!queue_) return;
  queue_->close();
  if (!ended_ && job_) job_->cancel();
}

std::unique_ptr<columnar_batch> table_result::next() {
  for (;;) {
    auto rows = next_until(std::chrono::steady_clock::now() + std::chrono::hours(1));
    if (rows || ended_) return rows;
  }
}

std::unique_ptr<columnar_batch>
table_result::next_until(std::chrono::steady_clock::time_point deadline) {
  using namespace std::chrono_literals;
  if (ended_) return nullptr;
  if (!queue_) {
    ended_ = true;
    return std::move(rows_);
  }
  for (;;) {
    // A job that fails says nothing here, so it is looked at now and then.
    auto now = std::chrono::steady_clock::now();
    auto until = std::min(deadline, now + 50ms);
    if (auto rows = queue_->take(until)) {
      count(*rows);
      return rows;
    }
    // If it gave up early, a writer has ended, and the job is likely to.
    auto patience
      = std::max<std::chrono::nanoseconds>(until - std::chrono::steady_clock::now(), 1ms);
    auto over = [&] {
      try {
        return job_->wait_for(patience).has_value();
      } catch (...) {
        ended_ = true;
        throw;
      }
    }();
    if (over) {
      auto rows = queue_->take(now);
      ended_ = rows == nullptr;
      return rows;
    }
    if (std::chrono::steady_clock::now() >= deadline) return nullptr;
  }
}

/// The last row of a query with LIMIT ends its job, which may have much more to read.
void table_result::count(const columnar_batch& rows) {
  if (!most_) return;
  *most_ -= std::min<std::uint64_t>(*most_, rows.size());
  if (*most_ > 0) return;
  ended_ = cancelled_ = true;
  queue_->close();
  job_->cancel();
}

std::vector<std::string> table_result::collect_text() {
  std::vector<std::string> lines;
  while (auto rows = next())
    for (std::size_t i = 0; i < rows->size(); ++i) lines.push_back(rows->row_text(i));
  return lines;
}

void table_result::wait() {
  if (!job_) return;
  try {
    job_->wait();
  } catch (const job_cancelled&) {
    if (!cancelled_) throw;
  }
}

void table_result::print() { print(std::cout); }

void table_result::print(std::ostream& out, const std::function<bool()>& stop) {
  if (!has_rows_) {
    wait();
    out << "OK\n";
  } else if (bare_) {
    while (auto rows = next())
      for (std::size_t i = 0; i < rows->size(); ++i) out << rows->at(0).text(i) << '\n';
  } else if (changelog_) {
    print_changes(out, stop);
  } else {
    print_set(out, stop);
  }
  out.flush();
}

std::unique_ptr<columnar_batch> table_result::next_unless(const stop_function& stop) {
  using namespace std::chrono_literals;
  if (!stop) return next();
  while (!ended_ && !stop())
    if (auto rows = next_until(std::chrono::steady_clock::now() + 100ms)) return rows;
  return nullptr;
}

void table_result::print_changes(std::ostream& out, const stop_function& stop) {
  tableau table(columns_, true, max_width_, zone_);
  table.print_header(out);
  out.flush();
  std::uint64_t count = 0;
  while (auto rows = next_unless(stop)) {
    table.print_rows(out, *rows);
    out.flush();
    count += rows->size();
  }
  table.print_line(out);
  out << fmt::format("Received a total of {} {}\n", count, count > 1 ? "rows" : "row");
}

void table_result::print_set(std::ostream& out, const stop_function& stop) {
  std::vector<std::unique_ptr<columnar_batch>> all;
  std::uint64_t count = 0;
  while (auto rows = next_unless(stop)) {
    count += rows->size();
    all.push_back(std::move(rows));
  }
  if (count == 0) {
    out << "Empty set\n";
    return;
  }
  tableau table(columns_, false, max_width_, zone_);
  table.fit(all);
  table.print_header(out);
  for (const auto& rows : all) table.print_rows(out, *rows);
  table.print_line(out);
  out << fmt::format("{} {} in set\n", count, count > 1 ? "rows" : "row");
}

} // namespace sluice::table
