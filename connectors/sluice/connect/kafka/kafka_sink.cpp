#include "sluice/connect/kafka/kafka_sink.hpp"

#include "sluice/connect/kafka/internal/kafka_writer.hpp"
#include "sluice/core/errors.hpp"

#include <fmt/format.h>

namespace sluice {

namespace internal {

namespace {

void validate_exactly_once(const kafka_sink_options& o) {
  if (o.transactional_id_prefix.empty())
    throw plan_error("kafka sink: exactly_once needs a transactional_id_prefix");
  if (o.transaction_timeout < std::chrono::seconds(1))
    throw plan_error("kafka sink: transaction_timeout must be a second at least");
  // Transactions of a process that is gone are committed over a connection of our own.
  if (auto at = o.properties.find("security.protocol");
      at != o.properties.end() && at->second != "plaintext" && at->second != "PLAINTEXT")
    throw plan_error(fmt::format("kafka sink: exactly_once does not support security.protocol = "
                                 "\"{}\" yet, only plaintext",
                                 at->second));
  for (auto& [name, value] : o.properties)
    if (name == "enable.idempotence" && value != "true")
      throw plan_error("kafka sink: exactly_once needs enable.idempotence = true");
}

} // namespace

void validate_kafka_sink(const kafka_sink_spec& spec) {
  auto& o = spec.options;
  require_servers(o.bootstrap_servers, "kafka sink");
  if (o.connect_timeout <= duration::zero() || o.delivery_timeout < std::chrono::milliseconds(1))
    throw plan_error("kafka sink: connect_timeout and delivery_timeout must be positive");
  if (o.max_buffered_bytes == 0 || o.max_buffered_records == 0)
    throw plan_error("kafka sink: max_buffered_bytes and max_buffered_records must be positive");
  if (o.max_buffered_bytes > std::size_t{1} << 30 || o.max_buffered_records > 5'000'000)
    throw plan_error("kafka sink: max_buffered_bytes is at most 1 GiB, max_buffered_records at "
                     "most 5,000,000");
  if (o.delivery == kafka_delivery::exactly_once)
    validate_exactly_once(o);
  else if (!o.transactional_id_prefix.empty())
    throw plan_error("kafka sink: transactional_id_prefix is for exactly_once only");
  spec.serializer->validate();
  make_producer_config(spec, o.transactional_id_prefix);
}

} // namespace internal

namespace detail {

kafka_sink_core::kafka_sink_core(std::string topic,
                                 std::shared_ptr<const kafka_serializer_base> serializer,
                                 kafka_sink_options options)
  : spec_(std::make_shared<internal::kafka_sink_spec>(
    internal::kafka_sink_spec{std::move(topic), std::move(serializer), std::move(options)})) {}

std::string kafka_sink_core::name() const { return "kafka " + spec_->name(); }

std::unique_ptr<sink_writer> kafka_sink_core::make_writer() const {
  return transactional() ? internal::make_transactional_writer(spec_)
                         : internal::make_kafka_writer(spec_);
}

bool kafka_sink_core::transactional() const noexcept {
  return spec_->options.delivery == kafka_delivery::exactly_once;
}

void kafka_sink_core::validate() const { internal::validate_kafka_sink(*spec_); }

} // namespace detail

} // namespace sluice
