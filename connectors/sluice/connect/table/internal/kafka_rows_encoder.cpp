#include "sluice/connect/table/internal/kafka_rows.hpp"
#include "sluice/table/column/columnar_batch.hpp"

namespace sluice::table::internal {

namespace {

class rows_encoder final : public kafka_encoder {
public:
  explicit rows_encoder(const kafka_messages_settings& settings) : s_(settings), values_(s_.value) {
    if (s_.key) keys_.emplace(s_.key);
  }

  void encode(const batch& records, kafka_message_sink& sink) override {
    const auto& rows = as_columnar(records);
    values_.encode(rows);
    if (keys_) keys_->encode(rows);
    kafka_message_view message;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      if (is_replaced_by_next(rows, i)) continue;
      if (keys_) message.key = (*keys_)[i];
      message.value.reset();
      if (!s_.upsert || is_present(rows.kind(i))) message.value = values_[i];
      message.time = time_of(rows, i);
      message.headers = headers_of(rows, i);
      sink.take(message);
    }
  }

private:
  static bool is_present(row_kind kind) {
    return kind == row_kind::insert || kind == row_kind::update_after;
  }

  /// Whether row i only takes back what row i + 1 says anew. Without that row it is a delete: the
  /// new version may not have passed a filter.
  bool is_replaced_by_next(const columnar_batch& rows, std::size_t i) const {
    return keys_ && rows.kind(i) == row_kind::update_before && i + 1 < rows.size()
           && rows.kind(i + 1) == row_kind::update_after && (*keys_)[i] == (*keys_)[i + 1];
  }

  std::optional<timestamp> time_of(const columnar_batch& rows, std::size_t i) const {
    if (s_.timestamp) {
      const auto& c = rows.at(*s_.timestamp);
      if (c.is_null(i)) return std::nullopt;
      auto micros = c.value<std::int64_t>(i);
      return c.type().is(type_root::timestamp) ? s_.zone.to_utc(micros) : micros;
    }
    if (rows.has_timestamps()) return rows.timestamps()[i];
    return std::nullopt;
  }

  const std::vector<std::pair<std::string, std::optional<std::string>>>*
  headers_of(const columnar_batch& rows, std::size_t i) {
    if (!s_.headers) return nullptr;
    const auto& c = rows.at(*s_.headers);
    if (c.is_null(i)) return nullptr;
    headers_.clear();
    auto entry = c.value<list_entry>(i);
    for (auto k = entry.offset; k < entry.offset + entry.size; ++k) {
      if (c.child(0).is_null(k)) continue;
      headers_.emplace_back(c.child(0).text(k), c.child(1).is_null(k)
                                                  ? std::optional<std::string>()
                                                  : std::string(c.child(1).text(k)));
    }
    return &headers_;
  }

  kafka_messages_settings s_;
  ::sluice::detail::message_encoder values_;
  std::optional<::sluice::detail::message_encoder> keys_;
  std::vector<std::pair<std::string, std::optional<std::string>>> headers_;
};

class rows_serializer final : public kafka_serializer_base {
public:
  explicit rows_serializer(kafka_messages_settings settings) : settings_(std::move(settings)) {}

  std::unique_ptr<kafka_encoder> make_encoder() const override {
    return std::make_unique<rows_encoder>(settings_);
  }

private:
  kafka_messages_settings settings_;
};

} // namespace

std::shared_ptr<const kafka_serializer_base>
make_rows_serializer(kafka_messages_settings settings) {
  return std::make_shared<rows_serializer>(std::move(settings));
}

} // namespace sluice::table::internal
