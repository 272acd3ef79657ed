/// Who does not belong to a cluster, and wants its attention.
#pragma once

#include <cstdint>

namespace sluice::testing {

/// What connections of strangers have come to.
struct strangers_result {
  int connected = 0;
  int hung_up = 0; ///< by the other side, before the strangers did
};

/// Opens connections to a port of loopback, one after the other, as many as this process may have
/// at once: some say nothing, others random bytes, HTTP, headers of CAF's protocol that claim
/// gigabytes, or the beginning of a handshake. Then waits until the other side has hung up on all
/// of them. `seed` decides who says what.
strangers_result send_strangers(std::uint16_t port, int connections, unsigned seed);

} // namespace sluice::testing
