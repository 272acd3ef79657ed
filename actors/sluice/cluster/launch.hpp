/// What a process is to be, from its command line and environment.
#pragma once

#include "sluice/cluster/options.hpp"

#include <cstdint>

namespace CLI {
class App;
}

namespace sluice::cluster {

enum class role : std::uint8_t { local, coordinator, worker, client };

struct launch_options {
  cluster::role role = cluster::role::local;
  options cluster;
};

/// Adds the options that all processes of a cluster have, with their environment variables and a
/// configuration file. They are complete, and checked as far as texts go, once `app` has parsed.
void add_network_options(CLI::App& app, options& o);

/// Adds those of a worker, and of a coordinator.
void add_worker_options(CLI::App& app, options& o);
void add_coordinator_options(CLI::App& app, options& o);

} // namespace sluice::cluster
