#include "sluice/connect/socket/socket_source.hpp"

#include "sluice/connect/socket/internal/socket_reader.hpp"
#include "sluice/io/builtin_connectors.hpp"

#include <fmt/format.h>

namespace sluice {

namespace detail {

socket_source_core::socket_source_core(std::string host, std::uint16_t port,
                                       std::shared_ptr<const record_format> format,
                                       socket_source_options options)
  : spec_(std::make_shared<internal::socket_source_spec>(
    internal::socket_source_spec{std::move(host), port, std::move(format), options})) {}

std::string socket_source_core::name() const {
  return fmt::format("socket {}:{}", spec_->host, spec_->port);
}

std::unique_ptr<split_enumerator> socket_source_core::make_enumerator() const {
  return internal::make_socket_enumerator(spec_);
}

std::unique_ptr<source_reader> socket_source_core::make_reader() const {
  return internal::make_socket_reader(spec_);
}

bool socket_source_core::diverts_bad_records() const {
  auto& options = spec_->format->options();
  return options.errors == on_error::divert && !options.divert;
}

void socket_source_core::validate() const { internal::validate_socket_source(*spec_); }

} // namespace detail

source_ptr<std::string> socket_source(std::string host, std::uint16_t port, char delimiter,
                                      socket_source_options options) {
  text_options text;
  text.delimiter = delimiter;
  return socket_source_for<std::string>(std::move(host), port, make_text_format(std::move(text)),
                                        options);
}

source_ptr<std::string> make_socket_text_source(std::string host, std::uint16_t port,
                                                char delimiter) {
  return socket_source(std::move(host), port, delimiter);
}

} // namespace sluice
