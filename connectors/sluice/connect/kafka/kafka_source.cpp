#include "sluice/connect/kafka/kafka_source.hpp"

#include "sluice/connect/kafka/internal/kafka_split.hpp"

namespace sluice::detail {

kafka_source_core::kafka_source_core(std::shared_ptr<const kafka_deserializer_base> deserializer,
                                     kafka_source_options options)
  : spec_(std::make_shared<internal::kafka_source_spec>(
    internal::kafka_source_spec{std::move(deserializer), std::move(options)})) {}

boundedness kafka_source_core::bounded() const noexcept {
  return spec_->options.bounded ? boundedness::bounded : boundedness::unbounded;
}

std::string kafka_source_core::name() const { return "kafka " + spec_->topics_text(); }

std::unique_ptr<split_enumerator> kafka_source_core::make_enumerator() const {
  return internal::make_kafka_enumerator(spec_);
}

std::unique_ptr<source_reader> kafka_source_core::make_reader() const {
  return internal::make_kafka_reader(spec_);
}

bool kafka_source_core::diverts_bad_records() const {
  auto& options = spec_->deserializer->options();
  return options.errors == on_error::divert && !options.divert;
}

void kafka_source_core::validate() const { internal::validate_kafka_source(*spec_); }

} // namespace sluice::detail
