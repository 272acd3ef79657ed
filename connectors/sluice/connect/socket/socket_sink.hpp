/// Sinks that send records to a TCP server.
///
/// Not exactly-once, nor is there a second try: after a failure records are sent again or are lost,
/// because nobody can tell what the peer has seen.
#pragma once

#include "sluice/connect/format/record_format.hpp"
#include "sluice/connect/socket/socket_options.hpp"
#include "sluice/io/sink.hpp"

#include <cstdint>
#include <memory>
#include <string>

namespace sluice {

namespace internal {
struct socket_sink_spec;
} // namespace internal

namespace detail {

/// The part of a socket sink that knows no record type.
class socket_sink_core {
public:
  socket_sink_core(std::string host, std::uint16_t port,
                   std::shared_ptr<const record_encoder> encoder, socket_sink_options options);

  std::string name() const;
  std::unique_ptr<sink_writer> make_writer() const;
  void validate() const;

private:
  std::shared_ptr<const internal::socket_sink_spec> spec_;
};

template <class T>
class socket_sink final : public sink<T> {
public:
  socket_sink(std::string host, std::uint16_t port, encoder_ptr<T> encoder,
              socket_sink_options options)
    : core_(std::move(host), port, std::move(encoder), options) {}

  std::string name() const override { return core_.name(); }
  std::unique_ptr<sink_writer> make_writer() const override { return core_.make_writer(); }
  void validate() const override { core_.validate(); }

private:
  socket_sink_core core_;
};

} // namespace detail

/// Sends records in any format; every subtask has a connection of its own.
template <class T>
sink_ptr<T> socket_sink_for(std::string host, std::uint16_t port, encoder_ptr<T> encoder,
                            socket_sink_options options = {}) {
  return std::make_shared<detail::socket_sink<T>>(std::move(host), port, std::move(encoder),
                                                  options);
}

/// Sends lines.
sink_ptr<std::string> socket_sink(std::string host, std::uint16_t port,
                                  socket_sink_options options = {});

} // namespace sluice
