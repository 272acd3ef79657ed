#include "cluster_session.hpp"

#include "interrupt.hpp"
#include "sql_program.hpp"
#include "tell.hpp"

#include "sluice/table/session/planned_job.hpp"

#include <boost/json/parse.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <thread>

namespace sluice::cli {

namespace json = boost::json;

namespace {

using clock = std::chrono::steady_clock;

constexpr auto first_look = std::chrono::milliseconds(20);
constexpr auto longest_pause = std::chrono::milliseconds(500);
constexpr auto patience_with_cancelled = std::chrono::seconds(5);

std::int64_t now_micros() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
           std::chrono::system_clock::now().time_since_epoch())
    .count();
}

std::string trimmed(std::string_view text) {
  auto begin = text.find_first_not_of(" \t\r\n");
  return begin == std::string_view::npos ? std::string() : std::string(text.substr(begin));
}

void tell_failure(std::uint64_t job, const json::object& status) {
  if (auto* error = status.if_contains("error"))
    tell("{}\n", std::string_view(error->as_string()));
  else
    tell("job {} was cancelled\n", job);
}

/// Tells a job from another one of its number, of another run of the coordinator.
std::int64_t created(const json::object& job) {
  return job.at("created").to_number<std::int64_t>();
}

bool is_end(std::string_view status) {
  return status == to_string(job_status::finished) || status == to_string(job_status::failed)
         || status == to_string(job_status::cancelled);
}

} // namespace

cluster_session::cluster_session(cluster::options o, table::table_environment& tables, bool detach)
  : coordinator_(std::move(o)), tables_(tables), detach_(detach) {
  coordinator_.ask("workers.list"); // rather now than after a script's first statements
  settings_ = tables_.config().values();
}

bool cluster_session::takes(const sql::statement& s) {
  if (const auto* create = s.as<sql::create_table>()) return static_cast<bool>(create->as);
  return s.as<sql::query>() != nullptr || s.as<sql::insert>() != nullptr
         || s.as<sql::statement_set>() != nullptr;
}

void cluster_session::remember(const sql::statement& s, std::string_view text) {
  if (s.as<sql::show>() != nullptr || s.as<sql::describe>() != nullptr
      || s.as<sql::explain>() != nullptr)
    return;
  statements_.push_back(trimmed(text));
}

remote_end cluster_session::run(const sql::statement& s, std::string_view text) {
  sql_program p;
  p.submitted = now_micros();
  const auto* create = s.as<sql::create_table>();
  // Mistakes are found here, where their places are known.
  auto job = table::plan_statement(tables_, s, p.submitted);
  if (!job) return remote_end::finished; // CREATE TABLE IF NOT EXISTS of one that does
  p.settings = settings_;
  p.zone = tables_.config().zone().name();
  p.statements = statements_;
  p.job = trimmed(text);
  submitted_job submitted;
  try {
    auto answer = json::parse(coordinator_.ask("jobs.submit", 0, to_text(p))).as_object();
    submitted = {answer.at("job").to_number<std::uint64_t>(), created(answer)};
    tell("job {}: {}\n", submitted.id, std::string_view(answer.at("name").as_string()));
  } catch (...) {
    if (create)
      tables_.catalogs().drop(create->name, sql::object_kind::table, create->temporary, true);
    throw;
  }
  if (create) remember(s, text);
  return detach_ ? remote_end::left_alone : wait_for(submitted);
}

remote_end cluster_session::wait_for(submitted_job submitted) {
  interrupt_guard interrupt;
  auto job = submitted.id;
  std::string last;
  std::uint64_t restarts = 0;
  std::optional<clock::time_point> give_up; // after Ctrl-C
  for (auto pause = first_look;; pause = std::min(2 * pause, longest_pause)) {
    auto answer = json::parse(coordinator_.keep_asking("jobs.status", job)).as_object();
    if (created(answer) != submitted.created)
      throw state_error(fmt::format("job {} is gone: the coordinator was started again without its "
                                    "data directory, and has another job of that number",
                                    job));
    std::string status(answer.at("status").as_string());
    if (is_end(status)) {
      if (interrupt.interrupted()) return remote_end::interrupted;
      if (status == to_string(job_status::finished)) return remote_end::finished;
      tell_failure(job, answer);
      return remote_end::failed;
    }
    if (status != last && status.starts_with("waiting")) tell("job {}: {}\n", job, status);
    last = std::move(status);
    if (auto now = answer.at("restarts").to_number<std::uint64_t>(); now > restarts) {
      restarts = now;
      if (auto* why = answer.if_contains("last_failure"))
        tell("note: job {} restarts ({}): {}\n", job, now, std::string_view(why->as_string()));
    }
    if (give_up && clock::now() > *give_up) return remote_end::interrupted;
    if (!give_up && interrupt.interrupted()) {
      cancel(job);
      give_up = clock::now() + patience_with_cancelled;
    }
    for (auto until = clock::now() + pause; clock::now() < until;) {
      if (interrupt.interrupted() && !give_up) break;
      std::this_thread::sleep_for(first_look);
    }
  }
}

void cluster_session::cancel(std::uint64_t job) {
  try {
    coordinator_.ask("jobs.cancel", job);
  } catch (const state_error&) { // it has ended meanwhile
  }
}

} // namespace sluice::cli
