/// Sources that receive records from a TCP server, as Flink's socketTextStream does.
///
/// One subtask reads. What was received is not there again after a failure: no record is repeated
/// and some are lost, so this is for trying things out and for peers that do not mind.
#pragma once

#include "sluice/connect/format/text.hpp"
#include "sluice/connect/socket/socket_options.hpp"
#include "sluice/io/source.hpp"

#include <cstdint>
#include <memory>
#include <string>

namespace sluice {

namespace internal {
struct socket_source_spec;
} // namespace internal

namespace detail {

/// The part of a socket source that knows no record type.
class socket_source_core {
public:
  socket_source_core(std::string host, std::uint16_t port,
                     std::shared_ptr<const record_format> format, socket_source_options options);

  std::string name() const;
  std::unique_ptr<split_enumerator> make_enumerator() const;
  std::unique_ptr<source_reader> make_reader() const;
  void validate() const;
  bool diverts_bad_records() const;

private:
  std::shared_ptr<const internal::socket_source_spec> spec_;
};

template <class T>
class socket_source final : public source<T> {
public:
  socket_source(std::string host, std::uint16_t port, format_ptr<T> format,
                socket_source_options options)
    : core_(std::move(host), port, std::move(format), options) {}

  boundedness bounded() const noexcept override { return boundedness::unbounded; }
  std::string name() const override { return core_.name(); }
  std::unique_ptr<split_enumerator> make_enumerator(std::uint32_t) const override {
    return core_.make_enumerator();
  }
  std::unique_ptr<source_reader> make_reader() const override { return core_.make_reader(); }
  void validate() const override { core_.validate(); }
  bool diverts_bad_records() const override { return core_.diverts_bad_records(); }
  std::optional<std::uint32_t> fixed_parallelism() const override { return 1; }

private:
  socket_source_core core_;
};

} // namespace detail

/// Receives records in any format (without a header).
template <class T>
source_ptr<T> socket_source_for(std::string host, std::uint16_t port, format_ptr<T> format,
                                socket_source_options options = {}) {
  return std::make_shared<detail::socket_source<T>>(std::move(host), port, std::move(format),
                                                    options);
}

/// Receives text, cut at `delimiter`.
source_ptr<std::string> socket_source(std::string host, std::uint16_t port, char delimiter = '\n',
                                      socket_source_options options = {});

} // namespace sluice
