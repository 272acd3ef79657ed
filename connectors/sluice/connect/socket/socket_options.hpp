/// How TCP peers are dealt with.
#pragma once

#include "sluice/core/time.hpp"

#include <cstddef>

namespace sluice {

struct socket_source_options {
  /// How often to try (again) to connect: at the start, and after the peer closed the connection.
  /// 0: a peer that is not there fails the job, one that closes ends the source. Negative: for
  /// ever. When the tries after a lost connection are used up the source ends.
  int max_retry = 0;
  duration retry_interval = std::chrono::seconds(1);

  /// Bytes received in advance. When there are more, reading stops and TCP slows the peer down.
  std::size_t max_buffered_bytes = std::size_t{1} << 20;
};

struct socket_sink_options {
  /// Bytes that may wait to be sent before the sink takes no more records.
  std::size_t max_buffered_bytes = std::size_t{1} << 20;

  /// Bytes that are handed over at a time while records keep coming.
  std::size_t block_bytes = std::size_t{64} << 10;
};

} // namespace sluice
