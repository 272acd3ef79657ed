#include "sluice/connect/kafka/kafka_record.hpp"

#include "sluice/connect/kafka/kafka_deserializer.hpp"

#include <fmt/format.h>
#include <librdkafka/rdkafka.h>

namespace sluice {

namespace {

std::optional<std::string_view> header_value(const void* value, std::size_t size) {
  if (!value) return std::nullopt;
  return std::string_view(static_cast<const char*>(value), size);
}

rd_kafka_headers_t* headers_of(const void* native) {
  rd_kafka_headers_t* headers = nullptr;
  auto* message = static_cast<const rd_kafka_message_t*>(native);
  if (!message || rd_kafka_message_headers(message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR)
    return nullptr;
  return headers;
}

} // namespace

std::vector<kafka_header> kafka_record::headers() const {
  std::vector<kafka_header> result;
  auto* native_headers = headers_of(native);
  if (!native_headers) return result;
  const char* name = nullptr;
  const void* bytes = nullptr;
  std::size_t size = 0;
  for (std::size_t i = 0; rd_kafka_header_get_all(native_headers, i, &name, &bytes, &size) == 0;
       ++i)
    result.push_back({name, header_value(bytes, size)});
  return result;
}

std::optional<std::string_view> kafka_record::header(std::string_view name) const {
  std::optional<std::string_view> result;
  for (auto& h : headers())
    if (h.name == name) result = h.value;
  return result;
}

namespace detail {

namespace {
constexpr std::size_t padding = 64; // that decoders may read
} // namespace

void validate_message_format(const record_format& format, std::string_view part) {
  if (format.layout().header)
    throw plan_error(fmt::format("kafka source: the format of the {} wants a header line, which "
                                 "messages do not have; name the columns in its options",
                                 part));
  format.validate();
}

message_decoder::message_decoder(const record_format& format) : decoder_(format.make_decoder()) {
  decoder_->begin({});
}

void message_decoder::decode_values(std::span<const kafka_record> records, batch& out,
                                    std::vector<std::uint32_t>& ends, decode_sink& sink) {
  gather(records, &kafka_record::value);
  decoder_->decode_messages(messages_, out, ends, sink);
}

void message_decoder::decode_keys(std::span<const kafka_record> records, batch& out,
                                  std::vector<std::uint32_t>& ends, decode_sink& sink) {
  gather(records, &kafka_record::key);
  decoder_->decode_messages(messages_, out, ends, sink);
}

/// Copies: in the client's memory there is no room behind the last message of a fetch.
void message_decoder::gather(std::span<const kafka_record> records,
                             std::optional<std::string_view> kafka_record::*part) {
  std::size_t size = 0;
  for (auto& r : records) size += (r.*part) ? (r.*part)->size() : 0;
  if (bytes_.size() < size + padding) bytes_.resize(size + padding);
  messages_.clear();
  auto* at = bytes_.data();
  for (auto& r : records) {
    if (auto& text = r.*part) {
      text->copy(at, text->size());
      messages_.emplace_back(at, text->size());
      at += text->size();
    } else {
      messages_.emplace_back();
    }
  }
}

} // namespace detail

} // namespace sluice
