#include "sluice/cluster/launch.hpp"

#include "sluice/api/launch.hpp"
#include "sluice/cluster/config_file.hpp"
#include "sluice/cluster/program_executors.hpp"
#include "sluice/plan/executor.hpp"
#include "sluice/runtime/local_runtime.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <charconv>
#include <cstdlib>
#include <fstream>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace sluice::cluster {

namespace {

/// Reads `host:port`, `[::1]:port`, `host` or `:port`. Returns what is wrong, or nothing.
std::string read_endpoint(const std::string& text, options& o) {
  auto colon = text.rfind(':');
  auto host = text.substr(0, colon);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']')
    host = host.substr(1, host.size() - 2);
  if (!host.empty()) o.coordinator_host = host;
  if (colon == std::string::npos) return {};
  auto port = std::string_view(text).substr(colon + 1);
  auto [end, ec] = std::from_chars(port.data(), port.data() + port.size(), o.coordinator_port);
  if (ec != std::errc{} || end != port.data() + port.size())
    return fmt::format("\"{}\" is not host:port", text);
  return {};
}

bool is_blank(const std::string& text) { return text.find_first_not_of(" \t\r") == text.npos; }

std::string read_secret_file(const std::string& path, options& o) {
  std::ifstream in(path);
  if (!in || !std::getline(in, o.secret)) return fmt::format("cannot read a secret from {}", path);
  if (is_blank(o.secret)) return fmt::format("the first line of {} is empty", path);
  return {};
}

/// CLI11 takes an empty variable for none, and without a secret everybody is let in.
void refuse_empty_variable(const char* name) {
  const auto* text = std::getenv(name);
  if (text && is_blank(text))
    throw CLI::ValidationError(name, "it is empty; unset it if there is no secret");
}

void add_secret(CLI::App& app, options& o) {
  auto* secret = app
                   .add_option_function<std::string>(
                     "--secret",
                     [&o](const std::string& text) {
                       if (is_blank(text))
                         throw CLI::ValidationError(
                           "--secret", "it is empty; leave it out if there is no secret");
                       o.secret = text;
                     },
                     "What all processes of the cluster know")
                   ->envname("SLUICE_SECRET")
                   ->type_name("TEXT");
  auto* file = app
                 .add_option_function<std::string>(
                   "--secret-file",
                   [&o](const std::string& path) {
                     if (auto problem = read_secret_file(path, o); !problem.empty())
                       throw CLI::ValidationError("--secret-file", problem);
                   },
                   "The secret is the first line of this file")
                 ->envname("SLUICE_SECRET_FILE")
                 ->type_name("FILE")
                 ->excludes(secret);
  app.parse_complete_callback([secret, file] {
    if (secret->count() > 0 || file->count() > 0) return;
    refuse_empty_variable("SLUICE_SECRET");
    refuse_empty_variable("SLUICE_SECRET_FILE");
  });
}

CLI::Option* add_duration(CLI::App& app, const std::string& name, duration& value,
                          const std::string& help) {
  return app
    .add_option_function<double>(
      name,
      [&value](double seconds) { value = duration(static_cast<std::int64_t>(seconds * 1e6)); },
      help)
    ->check(CLI::Range(0.001, 1e9))
    ->type_name("SECONDS");
}

template <class E>
using choices = std::map<std::string, E>;

/// `from` must outlive `app`.
template <class E>
CLI::Option* add_choice(CLI::App& app, const std::string& name, E& value, const choices<E>& from,
                        const std::string& help) {
  return app
    .add_option_function<std::string>(
      name,
      [&value, &from, name](const std::string& text) {
        auto at = from.find(text);
        if (at == from.end()) {
          std::string all;
          for (auto& [known, what] : from) all += (all.empty() ? "" : ", ") + known;
          throw CLI::ValidationError(name, fmt::format("\"{}\" is none of {}", text, all));
        }
        value = at->second;
      },
      help)
    ->type_name("NAME");
}

const choices<net::compression> compressions{{"none", net::compression::none},
                                             {"lz4", net::compression::lz4},
                                             {"zstd", net::compression::zstd}};

/// Each TLS file may come in any order.
net::tls_files& tls(options& o) { return o.tls ? *o.tls : o.tls.emplace(); }

bool is_option_of_any_role(const std::string& name);

} // namespace

void add_network_options(CLI::App& app, options& o) {
  app
    .add_option_function<std::string>(
      "--coordinator",
      [&o](const std::string& text) {
        if (auto problem = read_endpoint(text, o); !problem.empty())
          throw CLI::ValidationError("--coordinator", problem);
      },
      "Where the coordinator listens (default 127.0.0.1:7070)")
    ->envname("SLUICE_COORDINATOR")
    ->type_name("HOST:PORT");
  app
    .add_option_function<std::string>(
      "--tls-cert", [&o](const std::string& f) { tls(o).certificate = f; },
      "This process's certificate (PEM); turns TLS on")
    ->envname("SLUICE_TLS_CERT")
    ->type_name("FILE");
  app
    .add_option_function<std::string>(
      "--tls-key", [&o](const std::string& f) { tls(o).key = f; }, "Its private key (PEM)")
    ->envname("SLUICE_TLS_KEY")
    ->type_name("FILE");
  app
    .add_option_function<std::string>(
      "--tls-ca", [&o](const std::string& f) { tls(o).ca = f; },
      "The CA that must have signed the others' certificates (PEM)")
    ->envname("SLUICE_TLS_CA")
    ->type_name("FILE");
  add_secret(app, o);
  // Not by `envname`: CLI11 reads the file before it looks at the environment.
  const auto* file = std::getenv("SLUICE_CLUSTER_CONFIG");
  app.set_config("--cluster-config", file ? file : "",
                 "Reads options from an INI or TOML file (Env:SLUICE_CLUSTER_CONFIG)",
                 file && *file != '\0');
  app.allow_config_extras(CLI::config_extras_mode::error);
  app.config_formatter(make_config_reader(app, is_option_of_any_role));
}

namespace {

void add_process_options(CLI::App& app, options& o) {
  app.add_option("--bind", o.bind, "Address to listen on")
    ->envname("SLUICE_BIND")
    ->capture_default_str();
  app
    .add_flag("--allow-insecure", o.allow_insecure,
              "Listen on an address that others reach although TLS is off")
    ->envname("SLUICE_ALLOW_INSECURE");
  app
    .add_option(
      "--data-dir", o.data_dir,
      "A coordinator keeps its jobs there, so that they go on when it is started again; a "
      "worker, copies of its part of checkpoints, to recover from")
    ->envname("SLUICE_DATA_DIR")
    ->type_name("DIR");
}

} // namespace

void add_worker_options(CLI::App& app, options& o) {
  add_process_options(app, o);
  app
    .add_option("--advertise", o.advertise,
                "Address under which other workers reach this one (default: that of --bind)")
    ->envname("SLUICE_ADVERTISE");
  app.add_option("--data-port", o.data_port, "Port for data of other workers (default: any free)")
    ->envname("SLUICE_DATA_PORT");
  app.add_option("--slots", o.slots, "Subtasks of an operator that it takes")
    ->envname("SLUICE_SLOTS")
    ->check(CLI::Range(1, 65535))
    ->capture_default_str();
  add_choice(app, "--compression", o.compression, compressions,
             "Of the data that it sends: none, lz4 or zstd")
    ->envname("SLUICE_COMPRESSION");
  add_duration(app, "--join-timeout", o.join_timeout,
               "How long to look for a coordinator (default 300)")
    ->envname("SLUICE_JOIN_TIMEOUT");
}

void add_coordinator_options(CLI::App& app, options& o) {
  if (!app.get_option_no_throw("--bind")) add_process_options(app, o);
  app
    .add_option_function<std::uint16_t>(
      "--port", [&o](std::uint16_t port) { o.coordinator_port = port; },
      "Port to listen on (default: that of --coordinator)")
    ->envname("SLUICE_PORT");
  add_duration(app, "--heartbeat-timeout", o.heartbeat_timeout,
               "Who has not been heard of for so long is lost (default 5)")
    ->envname("SLUICE_HEARTBEAT_TIMEOUT");
}

namespace {

const choices<role> roles{{"local", role::local},
                          {"coordinator", role::coordinator},
                          {"worker", role::worker},
                          {"client", role::client}};

void add_all(CLI::App& app, launch_options& o) {
  add_choice(app, "--role", o.role, roles,
             "What this process is: local, coordinator, worker or client")
    ->envname("SLUICE_ROLE");
  add_network_options(app, o.cluster);
  add_worker_options(app, o.cluster);
  add_coordinator_options(app, o.cluster);
}

bool is_option_of_any_role(const std::string& name) {
  launch_options unused;
  CLI::App app;
  add_all(app, unused);
  return app.get_option_no_throw("--" + name) != nullptr;
}

/// As the `sluice` command has it for a mistake on the command line.
constexpr int exit_usage = 2;

/// What `init` has read; without it, the environment decides.
std::unique_ptr<launch_options>& chosen() {
  static std::unique_ptr<launch_options> options;
  return options;
}

launch_options from_environment() {
  launch_options o;
  CLI::App app;
  app.set_help_flag();
  add_all(app, o);
  try {
    app.parse(std::vector<std::string>{});
  } catch (const CLI::ParseError& e) {
    throw plan_error(fmt::format("the environment of this process: {}", e.what()));
  }
  return o;
}

std::unique_ptr<executor> make_executor() {
  auto o = chosen() ? *chosen() : from_environment();
  if (o.role == role::local) return std::make_unique<runtime::local_runtime>();
  return make_program_executor(o);
}

} // namespace

} // namespace sluice::cluster

namespace sluice {

void init(int& argc, char** argv) {
  auto o = std::make_unique<cluster::launch_options>();
  CLI::App app("A Sluice program. Options of its own, if any, are besides these.", argv[0]);
  app.allow_extras();
  cluster::add_all(app, *o);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    std::exit(app.exit(e) == 0 ? EXIT_SUCCESS : cluster::exit_usage);
  }
  // CLI11 keeps what it does not know in order; the pointers of `argv` stay what they are.
  auto rest = app.remaining();
  int kept = 1;
  std::size_t next = 0;
  for (int i = 1; i < argc && next < rest.size(); ++i)
    if (rest[next] == argv[i]) {
      argv[kept++] = argv[i];
      ++next;
    }
  argc = kept;
  argv[argc] = nullptr;
  cluster::chosen() = std::move(o);
}

namespace {

/// Ends the runtime on a thread of its own: at exit, the main thread's thread-local objects, of
/// which CAF's logger keeps one, are destroyed before its static ones.
struct process_runtime {
  std::unique_ptr<executor> instance = cluster::make_executor();

  ~process_runtime() {
    std::thread([this] { instance.reset(); }).join();
  }
};

} // namespace

executor& default_executor() {
  static process_runtime process;
  return *process.instance;
}

} // namespace sluice
