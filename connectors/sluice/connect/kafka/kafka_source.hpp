/// Sources that read Kafka topics.
///
/// Every partition is a split: it is read by one subtask, in order, and has a watermark of its own.
/// Positions are in the checkpoint, so every record is processed exactly once; the offsets in Kafka
/// are for others to see.
#pragma once

#include "sluice/connect/kafka/kafka_deserializer.hpp"
#include "sluice/connect/kafka/kafka_options.hpp"
#include "sluice/io/source.hpp"

#include <memory>
#include <string>

namespace sluice {

namespace internal {
struct kafka_source_spec;
} // namespace internal

namespace detail {

/// The part of a Kafka source that knows no record type.
class kafka_source_core {
public:
  kafka_source_core(std::shared_ptr<const kafka_deserializer_base> deserializer,
                    kafka_source_options options);

  boundedness bounded() const noexcept;
  std::string name() const;
  std::unique_ptr<split_enumerator> make_enumerator() const;
  std::unique_ptr<source_reader> make_reader() const;
  bool diverts_bad_records() const;
  void validate() const;

private:
  std::shared_ptr<const internal::kafka_source_spec> spec_;
};

template <class T>
class kafka_source final : public source<T> {
public:
  kafka_source(kafka_deserializer_ptr<T> deserializer, kafka_source_options options)
    : core_(std::move(deserializer), std::move(options)) {}

  boundedness bounded() const noexcept override { return core_.bounded(); }
  std::string name() const override { return core_.name(); }
  std::unique_ptr<split_enumerator> make_enumerator(std::uint32_t) const override {
    return core_.make_enumerator();
  }
  std::unique_ptr<source_reader> make_reader() const override { return core_.make_reader(); }
  bool diverts_bad_records() const override { return core_.diverts_bad_records(); }
  void validate() const override { core_.validate(); }

private:
  kafka_source_core core_;
};

} // namespace detail

/// Reads topics. Records have Kafka's timestamp as their event time, unless the watermark strategy
/// assigns another.
template <class T>
source_ptr<T> kafka_source(kafka_source_options options, kafka_deserializer_ptr<T> deserializer) {
  return std::make_shared<detail::kafka_source<T>>(std::move(deserializer), std::move(options));
}

/// Reads the values of records, in a format.
template <class T>
source_ptr<T> kafka_source(kafka_source_options options, format_ptr<T> value) {
  return kafka_source<T>(std::move(options), kafka_value_as<T>(std::move(value)));
}

} // namespace sluice
