/// Certificates for the TLS of a cluster.
#pragma once

#include <string>
#include <vector>

namespace sluice::cli {

struct certificate_options {
  std::string directory;
  std::vector<std::string> hosts;
  int nodes = 0; ///< with no hosts either: 3
  int days = 365;
  bool force = false;
};

/// Makes a CA and, signed by it, a certificate for each host and node and one for clients, and says
/// how to use them. Keys are on the curve P-256, in files that only their owner can read. Returns
/// the exit status. Errors: `usage_error` if files would be overwritten; `io_error`.
int make_certificates(const certificate_options& o);

} // namespace sluice::cli
