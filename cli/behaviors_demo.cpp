#include "behaviors_demo.hpp"

#include "interrupt.hpp"
#include "live_view.hpp"
#include "terminal_frame.hpp"
#include "user_behaviors_sql.hpp"

#include "sluice/connect/kafka/embedded_broker.hpp"
#include "sluice/connect/kafka/kafka_admin.hpp"
#include "sluice/table/session/table_environment.hpp"
#include "sluice/table/sql/script_splitter.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iostream>
#include <optional>
#include <sstream>
#include <vector>

namespace sluice::cli {

namespace {

using namespace std::chrono_literals;
using steady = std::chrono::steady_clock;

constexpr std::string_view address_in_script = "localhost:9092";
constexpr auto result_topic = "behavior_stats";
constexpr auto frame_time = 100ms;
constexpr std::int32_t partitions = 3;
constexpr std::size_t count_column = 2;
constexpr std::size_t lines_around_rows = 6;

/// Cancels a job that still runs.
class running_job {
public:
  explicit running_job(job_handle job) : job_(std::move(job)) {}
  running_job(const running_job&) = delete;
  ~running_job() { cancel_and_wait(job_); }

  const job_handle& handle() const noexcept { return job_; }

  /// Whether it has ended. Errors: `job_error`.
  bool ended() { return job_.wait_for(0ns).has_value(); }

private:
  job_handle job_;
};

std::vector<std::string> statements_for(const std::string& servers) {
  sql::script_splitter splitter;
  splitter.append(behaviors_script());
  std::vector<std::string> statements;
  for (auto piece = splitter.next(); piece; piece = splitter.next()) {
    auto text = piece->text;
    if (auto at = text.find(address_in_script); at != std::string::npos)
      text.replace(at, address_in_script.size(), servers);
    statements.push_back(std::move(text));
  }
  return statements;
}

/// The INSERT of the script, started.
table::table_result start_counting(table::table_environment& tables, const std::string& servers) {
  table::table_result last;
  for (auto& statement : statements_for(servers)) last = tables.execute_sql(statement);
  return last;
}

/// Sum of the counts that the view shows.
std::uint64_t counted(const live_view& view) {
  std::uint64_t sum = 0;
  for (const auto& [cells, times] : view.rows())
    sum += std::stoull(cells[count_column]) * static_cast<std::uint64_t>(times);
  return sum;
}

/// What is shown below the table.
struct progress {
  std::uint64_t sent = 0;
  std::uint64_t to_send = 0;
  std::uint64_t counted = 0;

  std::string text(steady::duration time) const {
    return fmt::format("{} of {} events sent, {} counted, {:.1f} s (Ctrl-C ends it)\n", sent,
                       to_send, counted, std::chrono::duration<double>(time).count());
  }
};

void say_what_runs(const std::string& servers, bool embedded) {
  auto script = behaviors_script();
  fmt::print("Kafka at {}{}\nproducer -> user_behaviors -> SQL -> {} -> this table\n\n{}\n",
             servers, embedded ? " (inside this process)" : "", result_topic,
             script.substr(script.find("INSERT INTO")));
  std::fflush(stdout);
}

void show_end(const live_view& view, std::uint64_t num_events, terminal_frame& frame) {
  std::ostringstream text;
  view.draw(text, ~std::size_t{0});
  text << fmt::format("{} events in {} counts\n", num_events, view.size());
  if (frame.on())
    frame.show(text.str());
  else
    std::cout << text.str();
}

} // namespace

std::string_view behaviors_script() { return user_behaviors_sql; }

bool run_behaviors_demo(const behaviors_demo_options& options) {
  interrupt_guard interrupt;
  auto producing = options.producer;
  std::optional<embedded_broker> broker;
  std::uint64_t already_there = 0;
  if (producing.bootstrap_servers.empty()) {
    broker.emplace();
    producing.bootstrap_servers = broker->bootstrap_servers();
    broker->create_topic(producing.topic, partitions);
    broker->create_topic(result_topic, 1);
  } else {
    kafka_admin admin(producing.bootstrap_servers);
    if (!admin.create_topic(producing.topic, partitions))
      already_there = admin.num_offsets(producing.topic);
    admin.create_topic(result_topic, 1, {{"cleanup.policy", "compact"}});
  }

  terminal_frame frame(std::cout);
  if (frame.on()) say_what_runs(producing.bootstrap_servers, broker.has_value());
  table::table_environment tables;
  tables.config().set("parallelism.default", "1");
  tables.streams().config().caller_waits = true; // failures of all jobs are told by this one
  running_job counting(*start_counting(tables, producing.bootstrap_servers).job());
  auto result = tables.execute_sql(fmt::format("SELECT * FROM {}", result_topic));
  running_job producer(start_producer(producing));

  live_view view(result.columns(), result.max_column_width(), result.zone());
  progress now{.to_send = producing.events};
  auto total = already_there + producing.events;
  auto begin = steady::now();
  std::optional<steady::time_point> all_sent;
  while (!interrupt.interrupted()) {
    view.take(result, steady::now() + frame_time);
    now.counted = counted(view);
    now.sent = events_made(producer.handle());
    if (!all_sent && producer.ended()) all_sent = steady::now();
    if (counting.ended() || result.ended()) throw std::runtime_error("the SQL job has ended early");
    if (all_sent && now.counted == total) {
      show_end(view, total, frame);
      return true;
    }
    if (all_sent && steady::now() - *all_sent > options.patience)
      throw std::runtime_error(
        fmt::format("{} of {} events were counted within {} s of the last one", now.counted, total,
                    options.patience.count()));
    if (!frame.on()) continue;
    std::ostringstream text;
    view.draw(text, std::max(terminal_frame::height(), lines_around_rows + 1) - lines_around_rows);
    frame.show(text.str() + now.text(steady::now() - begin));
  }
  return false;
}

} // namespace sluice::cli
