/// How a process takes part in a cluster.
#pragma once

#include "sluice/core/time.hpp"
#include "sluice/net/data_plane.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace sluice::cluster {

/// Settings of a coordinator, worker or client.
struct options {
  /// Where the coordinator listens.
  std::string coordinator_host = "127.0.0.1";
  std::uint16_t coordinator_port = 7070;

  /// Address that this process listens on, and the one that it tells others (default: the same).
  std::string bind = "127.0.0.1";
  std::string advertise;
  /// Where a worker takes data of others; 0: any free port.
  std::uint16_t data_port = 0;

  /// Worker: how many subtasks of an operator it takes at most.
  std::uint32_t slots = 1;
  /// Coordinator: where it keeps its jobs; empty: they do not survive the process. Worker: where it
  /// keeps copies of what its tasks write into checkpoints, to recover from; empty: it keeps none.
  std::string data_dir;

  std::optional<net::tls_files> tls;
  /// Known to all processes of the cluster.
  std::string secret;
  /// Listen on an address that others reach, without TLS.
  bool allow_insecure = false;
  net::compression compression = net::compression::none;

  /// Who has not been heard of for so long is lost.
  duration heartbeat_timeout = std::chrono::seconds(5);
  /// Worker, client: how long to look for a coordinator before giving up.
  duration join_timeout = std::chrono::minutes(5);
};

/// Checks what can be wrong before anything listens or dials; reads the files of TLS. Errors:
/// `plan_error` that names the option or file.
void validate(const options& o);

} // namespace sluice::cluster
