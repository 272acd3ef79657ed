#include "sluice/connect/table/internal/kafka_rows.hpp"
#include "sluice/core/errors.hpp"
#include "sluice/table/column/columnar_batch.hpp"

#include <algorithm>

namespace sluice::table::internal {

namespace {

std::string_view type_name(kafka_timestamp_type type) {
  switch (type) {
  case kafka_timestamp_type::create_time:
    return "CreateTime";
  case kafka_timestamp_type::log_append_time:
    return "LogAppendTime";
  case kafka_timestamp_type::none:
    break;
  }
  return "NoTimestampType";
}

class rows_decoder final : public kafka_decoder {
public:
  explicit rows_decoder(std::shared_ptr<const kafka_rows_settings> settings)
    : s_(std::move(settings)), values_in_(*s_->value) {
    if (s_->key) keys_in_.emplace(*s_->key);
    plain_ = !s_->upsert && !s_->key
             && std::all_of(s_->columns.begin(), s_->columns.end(),
                            [](const auto& c) { return c.from == kafka_column::origin::value; });
  }

  void decode(std::span<const kafka_record> records, batch& out, std::vector<std::uint32_t>& ends,
              decode_sink& sink) override {
    if (plain_) return values_in_.decode_values(records, out, ends, sink);
    values_.clear();
    value_ends_.clear();
    values_in_.decode_values(records, values_, value_ends_, sink);
    keys_.clear();
    key_ends_.clear();
    if (keys_in_) keys_in_->decode_keys(records, keys_, key_ends_, sink);
    match(records, ends);
    auto& rows = as_columnar(out);
    std::vector<column_ptr> columns;
    for (const auto& c : s_->columns) columns.push_back(assemble(c, records));
    rows.assign(std::move(columns), record_of_.size());
    if (!s_->upsert) return;
    auto* kinds = rows.make_kinds();
    for (std::size_t i = 0; i < record_of_.size(); ++i)
      kinds[i] = records[record_of_[i]].value ? row_kind::update_after : row_kind::delete_;
  }

private:
  /// Finds which key, which value and which record each row is made of. A record whose key or value
  /// was refused makes no row.
  void match(std::span<const kafka_record> records, std::vector<std::uint32_t>& ends) {
    value_of_.clear();
    key_of_.clear();
    record_of_.clear();
    std::uint32_t k = 0;
    std::uint32_t v = 0;
    auto no_value = static_cast<std::uint32_t>(values_.size());
    for (std::size_t i = 0; i < records.size(); ++i) {
      auto key_end = keys_in_ ? key_ends_[i] : k + 1;
      auto add = [&](std::uint32_t value) {
        for (auto key = k; key < key_end; ++key) {
          value_of_.push_back(value);
          key_of_.push_back(key);
          record_of_.push_back(static_cast<std::uint32_t>(i));
        }
      };
      if (s_->upsert && !records[i].value) add(no_value);
      for (; v < value_ends_[i]; ++v) add(v);
      k = keys_in_ ? key_end : k;
      ends.push_back(static_cast<std::uint32_t>(record_of_.size()));
    }
  }

  column_ptr assemble(const kafka_column& c, std::span<const kafka_record> records) {
    switch (c.from) {
    case kafka_column::origin::key:
      return gather(keys_.at(c.number), key_of_.data(), key_of_.size());
    case kafka_column::origin::value: {
      auto& values = values_.writable(c.number);
      if (s_->upsert) {
        if (values.size() == values_.size()) values.append_null(); // what a delete has
      }
      return gather(values, value_of_.data(), value_of_.size());
    }
    case kafka_column::origin::metadata:
      break;
    }
    auto result = std::make_shared<column>(c.type);
    for (auto i : record_of_) append_metadata(*result, c.metadata, records[i]);
    return result;
  }

  void append_metadata(column& c, kafka_metadata kind, const kafka_record& record) {
    switch (kind) {
    case kafka_metadata::topic:
      return c.append_text(record.topic);
    case kafka_metadata::partition:
      return c.append(record.partition);
    case kafka_metadata::offset:
      return c.append(record.offset);
    case kafka_metadata::timestamp: {
      if (record.time == min_timestamp) return c.append_null();
      return c.append(c.type().is(type_root::timestamp) ? s_->zone.to_local(record.time)
                                                        : std::int64_t{record.time});
    }
    case kafka_metadata::timestamp_type:
      return c.append_text(type_name(record.time_type));
    case kafka_metadata::headers: {
      std::size_t count = 0;
      for (const auto& header : record.headers()) {
        c.child(0).append_text(header.name);
        if (header.value)
          c.child(1).append_text(*header.value);
        else
          c.child(1).append_null();
        ++count;
      }
      return c.append_list(count);
    }
    }
  }

  std::shared_ptr<const kafka_rows_settings> s_;
  ::sluice::detail::message_decoder values_in_;
  std::optional<::sluice::detail::message_decoder> keys_in_;
  bool plain_ = false; // rows are just the decoded values

  columnar_batch values_;
  columnar_batch keys_;
  std::vector<std::uint32_t> value_ends_;
  std::vector<std::uint32_t> key_ends_;
  // of each row
  std::vector<std::uint32_t> value_of_;
  std::vector<std::uint32_t> key_of_;
  std::vector<std::uint32_t> record_of_;
};

class rows_deserializer final : public kafka_deserializer_base {
public:
  explicit rows_deserializer(kafka_rows_settings settings)
    : settings_(std::make_shared<const kafka_rows_settings>(std::move(settings))) {}

  const format_options& options() const override { return settings_->value->options(); }
  std::unique_ptr<kafka_decoder> make_decoder() const override {
    // A zone remembers what it last looked up, so each decoder has its own.
    return std::make_unique<rows_decoder>(std::make_shared<const kafka_rows_settings>(*settings_));
  }
  void validate() const override {
    if (settings_->key) ::sluice::detail::validate_message_format(*settings_->key, "key");
    ::sluice::detail::validate_message_format(*settings_->value, "value");
  }

private:
  std::shared_ptr<const kafka_rows_settings> settings_;
};

} // namespace

std::shared_ptr<const kafka_deserializer_base>
make_rows_deserializer(kafka_rows_settings settings) {
  return std::make_shared<rows_deserializer>(std::move(settings));
}

} // namespace sluice::table::internal
