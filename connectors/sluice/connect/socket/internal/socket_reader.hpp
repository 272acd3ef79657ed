/// Sources that read from a TCP peer, in any format.
#pragma once

#include "sluice/connect/format/record_format.hpp"
#include "sluice/connect/socket/socket_options.hpp"
#include "sluice/io/source.hpp"

#include <cstdint>
#include <memory>
#include <string>

namespace sluice::internal {

/// What a socket source is told.
struct socket_source_spec {
  std::string host;
  std::uint16_t port = 0;
  std::shared_ptr<const record_format> format;
  socket_source_options options;
};

std::unique_ptr<split_enumerator>
make_socket_enumerator(std::shared_ptr<const socket_source_spec> spec);
std::unique_ptr<source_reader> make_socket_reader(std::shared_ptr<const socket_source_spec> spec);

/// Errors: `plan_error`.
void validate_socket_source(const socket_source_spec& spec);

} // namespace sluice::internal
