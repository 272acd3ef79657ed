/// Sinks that write to Kafka topics.
#pragma once

#include "sluice/connect/kafka/kafka_options.hpp"
#include "sluice/connect/kafka/kafka_serializer.hpp"
#include "sluice/io/sink.hpp"

#include <memory>
#include <string>

namespace sluice {

namespace internal {
struct kafka_sink_spec;
} // namespace internal

namespace detail {

/// The part of a Kafka sink that knows no record type.
class kafka_sink_core {
public:
  kafka_sink_core(std::string topic, std::shared_ptr<const kafka_serializer_base> serializer,
                  kafka_sink_options options);

  std::string name() const;
  std::unique_ptr<sink_writer> make_writer() const;
  bool transactional() const noexcept;
  void validate() const;

private:
  std::shared_ptr<const internal::kafka_sink_spec> spec_;
};

template <class T>
class kafka_sink final : public sink<T> {
public:
  kafka_sink(std::string topic, kafka_serializer_ptr<T> serializer, kafka_sink_options options)
    : core_(std::move(topic), std::move(serializer), std::move(options)) {}

  std::string name() const override { return core_.name(); }
  std::unique_ptr<sink_writer> make_writer() const override { return core_.make_writer(); }
  bool transactional() const noexcept override { return core_.transactional(); }
  void validate() const override { core_.validate(); }

private:
  kafka_sink_core core_;
};

} // namespace detail

/// Writes to `topic`, which must exist unless the brokers create topics by themselves. `topic` may
/// be empty if the serializer names one for each message.
template <class T>
sink_ptr<T> kafka_sink(std::string topic, kafka_serializer_ptr<T> serializer,
                       kafka_sink_options options) {
  return std::make_shared<detail::kafka_sink<T>>(std::move(topic), std::move(serializer),
                                                 std::move(options));
}

/// Writes values in a format, without keys.
template <class T>
sink_ptr<T> kafka_sink(std::string topic, encoder_ptr<T> value, kafka_sink_options options) {
  return kafka_sink<T>(std::move(topic), kafka_value_from<T>(std::move(value)), std::move(options));
}

} // namespace sluice
