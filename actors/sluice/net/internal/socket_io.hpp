/// System calls on a socket that never block and never raise SIGPIPE.
#pragma once

#include "sluice/net/transport.hpp"

namespace sluice::net::internal {

/// Errors: `std::system_error`.
io_result receive(int fd, char* to, std::size_t room);
/// What is received next, without receiving it.
io_result peek(int fd, const iovec& to);
io_result send(int fd, std::span<const iovec> from);

} // namespace sluice::net::internal
