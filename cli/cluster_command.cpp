#include "cluster_command.hpp"

#include "certificates.hpp"
#include "command_line.hpp"
#include "local_cluster.hpp"

#include "sluice/cluster/launch.hpp"

namespace sluice::cli {

namespace {

CLI::App* add_up(CLI::App& app, local_cluster_options& o) {
  auto* up = app.add_subcommand("up", "start a coordinator and workers on this machine");
  up->add_option("-n,--workers", o.workers, "how many workers")
    ->check(CLI::Range(1, 100))
    ->capture_default_str();
  up->add_option("--slots", o.slots, "slots of each")
    ->check(CLI::Range(1, 1024))
    ->capture_default_str();
  up->add_option("--port", o.network.coordinator_port, "port of the coordinator")
    ->check(CLI::Range(1, 65535))
    ->capture_default_str();
  up->add_option("--data-dir", o.data_dir,
                 "where jobs and logs are kept (default: a new directory, which stays)");
  up->fallthrough();
  up->footer("Runs until Ctrl-C. Nothing that ends is started again.\n"
             "  sluice cluster up -n 3 --slots 2");
  return up;
}

CLI::App* add_init(CLI::App& app, certificate_options& o) {
  auto* init = app.add_subcommand(
    "init-certs", "make a CA, and certificates and keys that it has signed, for TLS");
  init->add_option("directory", o.directory, "where the files go")->required();
  init->add_option("--hosts", o.hosts, "names or addresses; each gets a certificate")
    ->delimiter(',');
  init->add_option("--nodes", o.nodes, "certificates node-1, node-2 ... for this machine")
    ->check(CLI::Range(0, 1000));
  init->add_option("--days", o.days, "how long they are good for")
    ->check(CLI::Range(1, 3650))
    ->capture_default_str();
  init->add_flag("--force", o.force, "overwrite files that are there");
  init->footer("  sluice cluster init-certs certs --hosts 10.0.0.1,10.0.0.2,10.0.0.3\n"
               "Keep ca.key away from the machines of the cluster: whoever has it can join.");
  return init;
}

} // namespace

int run_cluster_command(int argc, char** argv) {
  local_cluster_options up_options;
  certificate_options init_options;
  CLI::App app("A cluster for trying things, and certificates.", "sluice cluster");
  app.require_subcommand(1);
  cluster::add_network_options(app, up_options.network);
  auto* up = add_up(app, up_options);
  auto* init = add_init(app, init_options);
  return run_command(app, argc, argv, [&] {
    log_by_default("off");
    if (up->parsed()) return run_local_cluster(up_options);
    if (init->parsed()) return make_certificates(init_options);
    return exit_usage;
  });
}

} // namespace sluice::cli
