/// From Kafka's records to a stream's: through a format, two formats, or a function.
#pragma once

#include "sluice/connect/format/record_format.hpp"
#include "sluice/connect/kafka/kafka_record.hpp"
#include "sluice/core/errors.hpp"

#include <concepts>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace sluice {

/// Turns received records into those of one type. Used by one reader.
class kafka_decoder {
public:
  virtual ~kafka_decoder() = default;

  /// Appends what is in `records` to `out` (which is empty), and to `ends`, for each of them, the
  /// size of `out` behind it. In what is refused, `offset` is the index in `records`; refusing must
  /// not stop the decoder, but may throw.
  virtual void decode(std::span<const kafka_record> records, batch& out,
                      std::vector<std::uint32_t>& ends, decode_sink& sink)
    = 0;
};

/// Makes decoders. Immutable, shared by all readers.
class kafka_deserializer_base {
public:
  virtual ~kafka_deserializer_base() = default;
  virtual const format_options& options() const = 0;
  virtual std::unique_ptr<kafka_decoder> make_decoder() const = 0;

  /// Errors: `plan_error` for options that contradict each other.
  virtual void validate() const {}
};

/// A deserializer whose decoders append to `typed_batch<T>`.
template <class T>
class kafka_deserializer : public kafka_deserializer_base {};

template <class T>
using kafka_deserializer_ptr = std::shared_ptr<const kafka_deserializer<T>>;

/// Key and value of a record; either may be null.
template <class K, class V>
struct kafka_entry {
  std::optional<K> key;
  std::optional<V> value;

  friend bool operator==(const kafka_entry&, const kafka_entry&) = default;
};

namespace detail {

/// Errors: `plan_error` for formats that need more than one message (a header line).
void validate_message_format(const record_format& format, std::string_view part);

/// Hands the keys or the values of records to a format, in one run and with room behind each.
class message_decoder {
public:
  explicit message_decoder(const record_format& format);

  void decode_values(std::span<const kafka_record> records, batch& out,
                     std::vector<std::uint32_t>& ends, decode_sink& sink);
  void decode_keys(std::span<const kafka_record> records, batch& out,
                   std::vector<std::uint32_t>& ends, decode_sink& sink);

private:
  void gather(std::span<const kafka_record> records,
              std::optional<std::string_view> kafka_record::*part);

  std::unique_ptr<record_decoder> decoder_;
  std::string bytes_;
  std::vector<std::string_view> messages_;
};

template <class T>
class value_deserializer final : public kafka_deserializer<T> {
public:
  explicit value_deserializer(format_ptr<T> format) : format_(std::move(format)) {}

  const format_options& options() const override { return format_->options(); }
  std::unique_ptr<kafka_decoder> make_decoder() const override {
    class decoder final : public kafka_decoder {
    public:
      explicit decoder(const record_format& format) : values_(format) {}
      void decode(std::span<const kafka_record> records, batch& out,
                  std::vector<std::uint32_t>& ends, decode_sink& sink) override {
        values_.decode_values(records, out, ends, sink);
      }

    private:
      message_decoder values_;
    };
    return std::make_unique<decoder>(*format_);
  }
  void validate() const override { validate_message_format(*format_, "value"); }

private:
  format_ptr<T> format_;
};

template <class K, class V>
class entry_deserializer final : public kafka_deserializer<kafka_entry<K, V>> {
public:
  entry_deserializer(format_ptr<K> key, format_ptr<V> value)
    : key_(std::move(key)), value_(std::move(value)) {}

  const format_options& options() const override { return value_->options(); }
  std::unique_ptr<kafka_decoder> make_decoder() const override {
    return std::make_unique<decoder>(*key_, *value_);
  }
  void validate() const override {
    validate_message_format(*key_, "key");
    validate_message_format(*value_, "value");
    if (key_->options().errors != value_->options().errors)
      throw plan_error("kafka source: the formats of key and value must have the same on_error");
  }

private:
  class decoder final : public kafka_decoder {
  public:
    decoder(const record_format& key, const record_format& value)
      : keys_in_(key), values_in_(value) {}

    void decode(std::span<const kafka_record> records, batch& out, std::vector<std::uint32_t>& ends,
                decode_sink& sink) override {
      keys_.clear();
      values_.clear();
      key_ends_.clear();
      value_ends_.clear();
      keys_in_.decode_keys(records, keys_, key_ends_, sink);
      values_in_.decode_values(records, values_, value_ends_, sink);
      auto& entries = batch_as<kafka_entry<K, V>>(out);
      std::uint32_t k = 0;
      std::uint32_t v = 0;
      for (std::size_t i = 0; i < records.size(); ++i) {
        bool key_lost = records[i].key && k == key_ends_[i]; // it was refused: so is the record
        kafka_entry<K, V> entry;
        if (k < key_ends_[i]) entry.key = std::move(keys_[k]);
        if (!key_lost && !records[i].value) entries.push_back(std::move(entry));
        for (; v < value_ends_[i]; ++v) {
          if (key_lost) continue;
          entry.value = std::move(values_[v]);
          entries.push_back(entry);
        }
        k = key_ends_[i];
        ends.push_back(static_cast<std::uint32_t>(entries.size()));
      }
    }

  private:
    message_decoder keys_in_;
    message_decoder values_in_;
    typed_batch<K> keys_;
    typed_batch<V> values_;
    std::vector<std::uint32_t> key_ends_;
    std::vector<std::uint32_t> value_ends_;
  };

  format_ptr<K> key_;
  format_ptr<V> value_;
};

template <class T, class F>
class function_deserializer final : public kafka_deserializer<T> {
public:
  function_deserializer(F f, format_options options)
    : f_(std::move(f)), options_(std::move(options)) {}

  const format_options& options() const override { return options_; }
  std::unique_ptr<kafka_decoder> make_decoder() const override {
    return std::make_unique<decoder>(f_);
  }
  void validate() const override { validate_format_options(options_, "kafka source"); }

private:
  class decoder final : public kafka_decoder {
  public:
    explicit decoder(const F& f) : f_(f) {}

    void decode(std::span<const kafka_record> records, batch& out, std::vector<std::uint32_t>& ends,
                decode_sink& sink) override {
      auto& typed = batch_as<T>(out);
      for (std::size_t i = 0; i < records.size(); ++i) {
        try {
          if constexpr (std::same_as<std::invoke_result_t<F&, const kafka_record&>, T>) {
            typed.push_back(f_(records[i]));
          } else if (std::optional<T> record = f_(records[i])) {
            typed.push_back(std::move(*record));
          }
        } catch (const format_error& e) {
          sink.refuse({i, records[i].value.value_or(std::string_view{}), e.what()});
        }
        ends.push_back(static_cast<std::uint32_t>(typed.size()));
      }
    }

  private:
    F f_;
  };

  F f_;
  format_options options_;
};

} // namespace detail

/// The value of each record, in a format. Tombstones hold nothing and are counted
/// ("records_without_value").
template <class T>
kafka_deserializer_ptr<T> kafka_value_as(format_ptr<T> value) {
  return std::make_shared<detail::value_deserializer<T>>(std::move(value));
}

/// Key and value of each record, each in a format; tombstones are entries without a value.
template <class K, class V>
kafka_deserializer_ptr<kafka_entry<K, V>> kafka_entry_as(format_ptr<K> key, format_ptr<V> value) {
  return std::make_shared<detail::entry_deserializer<K, V>>(std::move(key), std::move(value));
}

/// A function of the whole record: `T f(const kafka_record&)`, or `std::optional<T>` to leave some
/// out. Every reader has a copy of it. A `format_error` that it throws is a bad record, which is
/// dealt with as `options` say; anything else fails the job.
template <class T, class F>
  requires std::invocable<F&, const kafka_record&>
kafka_deserializer_ptr<T> kafka_record_as(F f, format_options options = {}) {
  return std::make_shared<detail::function_deserializer<T, F>>(std::move(f), std::move(options));
}

} // namespace sluice
