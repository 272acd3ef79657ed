#include "jobs_command.hpp"

#include "command_line.hpp"
#include "coordinator_link.hpp"
#include "text_table.hpp"

#include "sluice/cluster/launch.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include <charconv>
#include <filesystem>
#include <system_error>
#include <vector>

namespace sluice::cli {

namespace json = boost::json;

namespace {

struct jobs_options {
  cluster::options cluster;
  bool as_json = false;
  std::uint64_t job = 0;
  std::string directory;
  std::uint32_t parallelism = 0;
};

std::string text_of(const json::object& o, std::string_view key) {
  auto* v = o.if_contains(key);
  if (!v) return "-";
  return v->is_string() ? std::string(v->as_string()) : json::serialize(*v);
}

text_table table_of(const json::array& rows, const std::vector<std::string>& titles,
                    const std::vector<std::string>& keys) {
  text_table table(titles);
  for (auto& row : rows) {
    std::vector<std::string> cells;
    for (auto& key : keys) cells.push_back(text_of(row.as_object(), key));
    table.add(std::move(cells));
  }
  return table;
}

void show_jobs(const json::value& answer) {
  auto table = table_of(answer.as_array(), {"JOB", "NAME", "STATUS", "RESTARTS", "LAST CHECKPOINT"},
                        {"job", "name", "status", "restarts", "last_checkpoint"});
  fmt::print("{}", table.empty() ? "no jobs\n" : table.to_string());
}

void show_workers(const json::value& answer) {
  auto table = table_of(answer.as_array(),
                        {"WORKER", "PROCESS", "DATA ADDRESS", "SLOTS", "FREE", "HEARD OF (MS)"},
                        {"worker", "name", "data", "slots", "free_slots", "last_heartbeat_ms"});
  fmt::print("{}", table.empty() ? "no workers\n" : table.to_string());
}

void show_status(const json::value& answer) {
  auto& job = answer.as_object();
  auto line = [](std::string_view label, const std::string& text) {
    fmt::print("{:<16} {}\n", label, text);
  };
  line("job", text_of(job, "job"));
  line("name", text_of(job, "name"));
  line("status", text_of(job, "status"));
  line("restarts", text_of(job, "restarts"));
  if (job.contains("error")) line("error", text_of(job, "error"));
  if (job.contains("last_failure")) line("last failure", text_of(job, "last_failure"));
  line("last checkpoint", text_of(job, "last_checkpoint"));
  if (auto* c = job.if_contains("checkpoints"))
    line("checkpoints",
         fmt::format("{} complete, {} failed; the last: {} bytes in {} ms",
                     text_of(c->as_object(), "completed"), text_of(c->as_object(), "failed"),
                     text_of(c->as_object(), "last_bytes"), text_of(c->as_object(), "last_ms")));
  auto* tasks = job.if_contains("tasks");
  if (!tasks || tasks->as_array().empty()) return;
  auto table = table_of(tasks->as_array(),
                        {"TASK", "SUBTASK", "ATTEMPT", "RECORDS IN", "RECORDS OUT", "BUSY (MS)",
                         "BACKPRESSURED (MS)", "STATE (BYTES)"},
                        {"task", "subtask", "attempt", "num_records_in", "num_records_out",
                         "busy_ms", "backpressured_ms", "state_bytes"});
  fmt::print("\n{}", table.to_string());
}

void show_path(const json::value& answer) {
  fmt::print("{}\n", text_of(answer.as_object(), "path"));
}

void show_cancelling(const json::value& answer) {
  fmt::print("job {} is being cancelled\n", text_of(answer.as_object(), "job"));
}

/// Digits only: CLI11 takes -1 for the greatest number there is.
std::uint64_t job_number(const std::string& text) {
  std::uint64_t number = 0;
  auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (ec != std::errc{} || end != text.data() + text.size())
    throw CLI::ValidationError("job", fmt::format("\"{}\" is no number of a job", text));
  return number;
}

/// What a subcommand asks, and how it shows the answer.
struct action {
  CLI::App* command = nullptr;
  const char* verb = "";
  void (*show)(const json::value&) = nullptr;
};

int run_action(const jobs_options& o, const action& a) {
  std::string text;
  // The coordinator has a working directory of its own.
  if (!o.directory.empty()) text = std::filesystem::absolute(o.directory).lexically_normal();
  if (o.parallelism > 0) text = std::to_string(o.parallelism);
  auto answer = coordinator_link(o.cluster).ask(a.verb, o.job, text);
  if (o.as_json)
    fmt::print("{}\n", answer);
  else
    a.show(json::parse(answer));
  return exit_done;
}

/// Options that may come before or after the subcommand.
void add_common(CLI::App& app, jobs_options& o) {
  app.require_subcommand(1);
  app.fallthrough();
  app.add_flag("--json", o.as_json, "print one JSON document, for scripts");
  cluster::add_network_options(app, o.cluster);
  app.footer("Exit status: 0 done, 1 failed, 2 the command line is wrong, 3 no coordinator.");
}

class actions {
public:
  actions(CLI::App& app, jobs_options& o) : app_(app), o_(o) {}

  CLI::App* add(const char* name, const char* description, const char* verb,
                void (*show)(const json::value&)) {
    auto* command = app_.add_subcommand(name, description);
    command->fallthrough();
    all_.push_back({command, verb, show});
    return command;
  }

  CLI::App* add_for_job(const char* name, const char* description, const char* verb,
                        void (*show)(const json::value&)) {
    auto* command = add(name, description, verb, show);
    command
      ->add_option_function<std::string>(
        "job", [&o = o_](const std::string& text) { o.job = job_number(text); },
        "its number in `sluice jobs list`")
      ->required()
      ->type_name("NUMBER");
    return command;
  }

  int run(int argc, char** argv) {
    return run_command(app_, argc, argv, [&] {
      log_by_default("off");
      for (auto& a : all_)
        if (a.command->parsed()) return run_action(o_, a);
      return exit_usage;
    });
  }

private:
  CLI::App& app_;
  jobs_options& o_;
  std::vector<action> all_;
};

void add_directory(CLI::App* command, jobs_options& o) {
  command
    ->add_option("directory", o.directory,
                 "where it goes; the coordinator and all workers must see it")
    ->required();
}

} // namespace

int run_jobs_command(int argc, char** argv) {
  jobs_options o;
  CLI::App app("Lists, watches and changes the jobs of a cluster.", "sluice jobs");
  add_common(app, o);
  actions all(app, o);
  all.add("list", "all jobs, those that have ended, too", "jobs.list", show_jobs);
  all.add_for_job("status", "what a job does, task by task", "jobs.status", show_status);
  all.add_for_job("cancel", "end a job without a savepoint", "jobs.cancel", show_cancelling);
  all.add_for_job("checkpoint", "take a checkpoint now", "jobs.checkpoint", show_path);
  add_directory(all.add_for_job("savepoint", "save a job's state, and let it go on",
                                "jobs.savepoint", show_path),
                o);
  add_directory(
    all.add_for_job("stop", "save a job's state, then cancel it", "jobs.stop", show_path), o);
  all
    .add_for_job("rescale", "take a checkpoint and go on from it with another parallelism",
                 "jobs.rescale", show_path)
    ->add_option("parallelism", o.parallelism, "subtasks per operator")
    ->required()
    ->check(CLI::Range(1, 1024));
  return all.run(argc, argv);
}

int run_workers_command(int argc, char** argv) {
  jobs_options o;
  CLI::App app("Shows the workers of a cluster.", "sluice workers");
  add_common(app, o);
  actions all(app, o);
  all.add("list", "workers, their slots, and when they were last heard of", "workers.list",
          show_workers);
  return all.run(argc, argv);
}

} // namespace sluice::cli
