#include "command.hpp"

#include "numbers.hpp"
#include "run_query.hpp"

#include <fmt/format.h>

#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>
#include <stdexcept>
#include <vector>

namespace bench::nexmark {

namespace {

struct command_options {
  std::vector<std::string> names;
  std::vector<std::string> scripts;
  std::string sink = "blackhole";
  std::string mode = "streaming";
  run_settings run;
  bool show = false;
};

std::string sink_of(const command_options& o, std::string_view name) {
  if (o.sink == "files")
    return fmt::format("'connector' = 'filesystem', 'path' = '{}/{}', 'format' = 'csv'",
                       o.run.fill.directory, name);
  return fmt::format("'connector' = '{}'", o.sink);
}

std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw std::runtime_error("cannot read " + path);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

void run_one(const command_options& o, std::string_view name, std::string_view sql) {
  auto settings = o.run;
  settings.batch = o.mode == "batch";
  settings.fill.sink = sink_of(o, name);
  if (o.show) {
    fmt::print("{}\n{}", filled_in(tables(), settings.fill), filled_in(sql, settings.fill));
    return;
  }
  auto times = run_script(sql, settings);
  auto events = static_cast<double>(settings.fill.events);
  std::cerr << fmt::format(
    "{}: {:.0f} events in {:.3f} s, {:.2f} M events/s, {:.0f} ns of CPU each\n", name, events,
    times.seconds, events / times.seconds / 1e6, times.cpu_seconds * 1e9 / events);
}

void run_command(const command_options& o) {
  for (const auto& name : o.names) {
    const auto* found = find_query(name);
    if (!found) {
      std::vector<std::string_view> known;
      for (const auto& q : queries()) known.push_back(q.name);
      throw std::runtime_error(
        fmt::format("there is no query \"{}\"; there are: {}", name, fmt::join(known, ", ")));
    }
    run_one(o, found->name, found->sql);
  }
  for (const auto& path : o.scripts) run_one(o, path, read_file(path));
}

} // namespace

void add_command(CLI::App& app, std::function<void()>& chosen) {
  auto o = std::make_shared<command_options>();
  auto* command = app.add_subcommand("nexmark", "Runs queries of Nexmark");
  command->add_option("QUERY", o->names, "q0 to q22");
  command->add_option("--script", o->scripts, "Files of SQL over the same tables");
  command->add_option("--events", o->run.fill.events, "How many events")->check(at_least_one());
  command->add_option("--rate", o->run.fill.rate, "Events per second of event time")
    ->check(at_least_one());
  command->add_option("--sink", o->sink, "Where results go: blackhole, print, or files (CSV)")
    ->check(CLI::IsMember({"blackhole", "print", "files"}));
  command->add_option("--directory", o->run.fill.directory, "Of files")->default_str("nexmark-out");
  command->add_option("--mode", o->mode, "streaming or batch")
    ->check(CLI::IsMember({"streaming", "batch"}));
  command->add_option("--parallelism", o->run.parallelism, "Subtasks per operator")
    ->check(CLI::Range(1, 128));
  command->add_flag("--show", o->show, "Print the SQL instead of running it");
  o->run.fill.directory = "nexmark-out";
  command->callback([o, &chosen] { chosen = [o] { run_command(*o); }; });
}

} // namespace bench::nexmark
