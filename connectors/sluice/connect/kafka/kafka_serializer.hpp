/// From a stream's records to Kafka's messages: through formats or a function.
#pragma once

#include "sluice/connect/format/record_format.hpp"
#include "sluice/connect/kafka/kafka_record.hpp"

#include <concepts>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice {

/// A message as it is handed to the client: views that are valid during the call.
struct kafka_message_view {
  std::string_view topic; ///< empty: the sink's
  std::optional<std::int32_t> partition;
  std::optional<std::string_view> key;
  std::optional<std::string_view> value;
  std::optional<timestamp> time;
  const std::vector<std::pair<std::string, std::optional<std::string>>>* headers = nullptr;
};

/// Takes the messages of a batch, one after the other.
class kafka_message_sink {
public:
  virtual ~kafka_message_sink() = default;
  virtual void take(const kafka_message_view& message) = 0;
};

/// Turns batches into messages. Used by one writer.
class kafka_encoder {
public:
  virtual ~kafka_encoder() = default;

  /// Hands every record of `records` to `sink`, in order.
  virtual void encode(const batch& records, kafka_message_sink& sink) = 0;
};

/// Makes encoders. Immutable, shared by all writers.
class kafka_serializer_base {
public:
  virtual ~kafka_serializer_base() = default;

  /// Checks options before anything runs. Errors: `plan_error`.
  virtual void validate() const {}

  virtual std::unique_ptr<kafka_encoder> make_encoder() const = 0;
};

/// A serializer of `typed_batch<T>`.
template <class T>
class kafka_serializer : public kafka_serializer_base {};

template <class T>
using kafka_serializer_ptr = std::shared_ptr<const kafka_serializer<T>>;

namespace detail {

/// Bytes in a format, cut into messages.
class message_encoder {
public:
  explicit message_encoder(std::shared_ptr<const record_encoder> encoder)
    : encoder_(std::move(encoder)) {}

  void encode(const batch& records) {
    bytes_.clear();
    ends_.clear();
    encoder_->encode_messages(records, 0, records.size(), bytes_, ends_);
  }

  std::string_view operator[](std::size_t i) const noexcept {
    auto begin = i == 0 ? 0 : ends_[i - 1];
    return std::string_view(bytes_).substr(begin, ends_[i] - begin);
  }

private:
  std::shared_ptr<const record_encoder> encoder_;
  std::string bytes_;
  std::vector<std::size_t> ends_;
};

template <class T, class Key>
class value_serializer final : public kafka_serializer<T> {
public:
  value_serializer(Key key, encoder_ptr<T> value)
    : key_(std::move(key)), value_(std::move(value)) {}

  void validate() const override { validate_message_encoder(*value_, "kafka sink"); }
  std::unique_ptr<kafka_encoder> make_encoder() const override {
    return std::make_unique<encoder>(key_, value_);
  }

private:
  class encoder final : public kafka_encoder {
  public:
    encoder(const Key& key, encoder_ptr<T> value) : key_(key), values_(std::move(value)) {}

    void encode(const batch& records, kafka_message_sink& sink) override {
      auto& typed = static_cast<const typed_batch<T>&>(records);
      values_.encode(records);
      kafka_message_view message;
      for (std::size_t i = 0; i < records.size(); ++i) {
        if constexpr (!std::same_as<Key, std::nullptr_t>) {
          storage_ = key_(typed[i]);
          message.key = storage_ ? std::optional<std::string_view>(*storage_) : std::nullopt;
        }
        message.value = values_[i];
        if (records.has_timestamps()) message.time = records.timestamps()[i];
        sink.take(message);
      }
    }

  private:
    Key key_;
    std::optional<std::string> storage_;
    message_encoder values_;
  };

  Key key_;
  encoder_ptr<T> value_;
};

template <class T, class F>
class function_serializer final : public kafka_serializer<T> {
public:
  explicit function_serializer(F f) : f_(std::move(f)) {}

  std::unique_ptr<kafka_encoder> make_encoder() const override {
    return std::make_unique<encoder>(f_);
  }

private:
  class encoder final : public kafka_encoder {
  public:
    explicit encoder(const F& f) : f_(f) {}

    void encode(const batch& records, kafka_message_sink& sink) override {
      auto& typed = static_cast<const typed_batch<T>&>(records);
      for (std::size_t i = 0; i < records.size(); ++i) {
        message_.clear();
        std::invoke(f_, typed[i], message_);
        kafka_message_view view{message_.topic, message_.partition, message_.key,
                                message_.value, message_.time,      nullptr};
        if (!message_.headers.empty()) view.headers = &message_.headers;
        if (!view.time && records.has_timestamps()) view.time = records.timestamps()[i];
        sink.take(view);
      }
    }

  private:
    F f_;
    kafka_message message_;
  };

  F f_;
};

} // namespace detail

/// Values in a format, without keys.
template <class T>
kafka_serializer_ptr<T> kafka_value_from(encoder_ptr<T> value) {
  return std::make_shared<detail::value_serializer<T, std::nullptr_t>>(nullptr, std::move(value));
}

/// Values in a format, with the key that `key(record)`, a string or an optional one, tells.
template <class T, class Key>
  requires std::invocable<Key&, const T&>
kafka_serializer_ptr<T> kafka_value_from(encoder_ptr<T> value, Key key) {
  return std::make_shared<detail::value_serializer<T, Key>>(std::move(key), std::move(value));
}

/// `f(record, message)` fills in the message: key, value or tombstone, headers, topic, partition.
template <class T, class F>
  requires std::invocable<F&, const T&, kafka_message&>
kafka_serializer_ptr<T> kafka_message_from(F f) {
  return std::make_shared<detail::function_serializer<T, F>>(std::move(f));
}

} // namespace sluice
