#include "role_commands.hpp"

#include "command_line.hpp"
#include "coordinator_link.hpp"
#include "signal_wait.hpp"
#include "sql_program.hpp"

#include "sluice/cluster/coordinator_process.hpp"
#include "sluice/cluster/launch.hpp"
#include "sluice/cluster/worker_process.hpp"

#include <atomic>
#include <chrono>
#include <exception>
#include <map>
#include <memory>
#include <thread>

namespace sluice::cli {

namespace {

/// Until this process looks again whether it is still needed.
constexpr auto longest_wait = std::chrono::milliseconds(200);

/// The same texts make the same graphs as at the coordinator.
cluster::worker_programs sql_programs() {
  cluster::worker_programs p;
  p.takes_statements = true;
  p.graph_of = [](const auto& program, std::uint32_t rescaled_to) {
    if (program.text.empty())
      throw plan_error("this worker runs SQL, and the coordinator a program of its own: start that "
                       "program with SLUICE_ROLE=worker instead");
    auto graph = graph_of(program.text);
    if (rescaled_to > 0) graph = rescaled(graph, rescaled_to);
    return std::make_shared<const job_graph>(std::move(graph));
  };
  p.waiting = [] { return std::map<std::uint64_t, std::string>(); };
  p.on_ended = [](const auto&) {};
  return p;
}

int coordinate(const cluster::options& o) {
  check_options(o);
  signal_wait signals;
  cluster::coordinator_process process(o, graph_of);
  while (!signals.wait_for(longest_wait)) {}
  signals.restore();
  return exit_done;
}

/// Runs the worker on a thread, so that this one can wait for signals.
int work(const cluster::options& o) {
  check_options(o);
  signal_wait signals;
  cluster::worker_process process(o, sql_programs());
  std::exception_ptr failure;
  std::atomic<bool> stopped = false;
  std::atomic<bool> failed = false;
  std::thread runner([&] {
    try {
      while (!stopped) process.run(); // when a coordinator has gone in good order: for the next one
    } catch (...) {
      failure = std::current_exception();
      failed = true;
    }
  });
  while (!failed && !signals.wait_for(longest_wait)) {}
  signals.restore();
  stopped = true;
  process.stop();
  runner.join();
  if (failure) std::rethrow_exception(failure);
  return exit_done;
}

} // namespace

int run_coordinator(int argc, char** argv) {
  cluster::options o;
  CLI::App app(
    "Coordinates a cluster: takes the jobs of `sluice sql --coordinator`, has workers run "
    "them, and restarts them from their checkpoints when workers fail. Runs until Ctrl-C "
    "or SIGTERM; its jobs then wait for the next coordinator of its data directory.",
    "sluice coordinator");
  cluster::add_network_options(app, o);
  cluster::add_coordinator_options(app, o);
  app.footer("One machine:\n"
             "  sluice coordinator --data-dir /var/lib/sluice\n"
             "Several, with the certificates of `sluice cluster init-certs certs --hosts 10.0.0.1,"
             "...`:\n"
             "  sluice coordinator --data-dir /var/lib/sluice --bind 10.0.0.1 --port 7070 \\\n"
             "    --tls-cert certs/10.0.0.1.pem --tls-key certs/10.0.0.1.key --tls-ca certs/ca.pem "
             "\\\n"
             "    --secret-file /etc/sluice/secret");
  return run_command(app, argc, argv, [&] {
    log_by_default("info");
    return coordinate(o);
  });
}

int run_worker(int argc, char** argv) {
  cluster::options o;
  CLI::App app("Offers slots to a cluster: makes and runs the tasks that the coordinator gives it. "
               "When the coordinator is lost it stops them and looks for the next one. Runs until "
               "Ctrl-C or SIGTERM.",
               "sluice worker");
  cluster::add_network_options(app, o);
  cluster::add_worker_options(app, o);
  app.footer("One machine:\n"
             "  sluice worker --slots 2\n"
             "Several:\n"
             "  sluice worker --coordinator 10.0.0.1:7070 --bind 10.0.0.2 --slots 4 \\\n"
             "    --tls-cert certs/10.0.0.2.pem --tls-key certs/10.0.0.2.key --tls-ca certs/ca.pem "
             "\\\n"
             "    --secret-file /etc/sluice/secret");
  return run_command(app, argc, argv, [&] {
    log_by_default("info");
    return work(o);
  });
}

} // namespace sluice::cli
