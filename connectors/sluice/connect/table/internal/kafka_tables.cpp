#include "sluice/connect/kafka/kafka_sink.hpp"
#include "sluice/connect/kafka/kafka_source.hpp"
#include "sluice/connect/table/internal/columnar_source.hpp"
#include "sluice/connect/table/internal/compacting_sink.hpp"
#include "sluice/connect/table/internal/factories.hpp"
#include "sluice/connect/table/internal/kafka_rows.hpp"
#include "sluice/connect/table/internal/kafka_settings.hpp"
#include "sluice/connect/table/internal/option_keys.hpp"
#include "sluice/core/errors.hpp"
#include "sluice/table/column/columnar_batch.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace sluice::table::internal {

namespace {

// -- source --------------------------------------------------------------------------------------

using rows_source = columnar_source<::sluice::detail::kafka_source_core>;

class kafka_table_source final : public table_source {
public:
  kafka_table_source(const table_description& table, const table_options& options,
                     const connector_context& context, bool upsert)
    : table_(table), options_(options), zone_(context.zone), upsert_(upsert),
      layout_(kafka_layout::of(table, options, upsert)),
      kafka_(kafka_source_settings(table, options, upsert)) {
    for (const auto& column : table.metadata) metadata_.push_back(kafka_metadata_of(table, column));
    scan_request all;
    for (std::size_t i = 0; i < table.columns.size(); ++i) all.columns.push_back(i);
    parallelism();
    make(all)->validate();
  }

  changelog_mode changelog() const override {
    return upsert_ ? changelog_mode::upserts() : changelog_mode::inserts();
  }
  boundedness bounded() const override {
    return kafka_.bounded ? boundedness::bounded : boundedness::unbounded;
  }
  std::optional<std::uint32_t> parallelism() const override {
    return parallelism_of(table_.name, options_, "scan.parallelism");
  }

  std::shared_ptr<const source_base> make(const scan_request& request) const override {
    kafka_rows_settings rows;
    format_columns key{layout_.key_fields(table_), {}};
    format_columns value{layout_.value_fields(table_), {}};
    for (auto i : request.columns) {
      kafka_column column;
      column.type = table_.columns[i].type;
      auto in_key = std::find(layout_.key.begin(), layout_.key.end(), i);
      auto in_value = std::find(layout_.value.begin(), layout_.value.end(), i);
      // A delete has only its key.
      bool from_key = in_key != layout_.key.end() && (upsert_ || in_value == layout_.value.end());
      auto& part = from_key ? key : value;
      column.from = from_key ? kafka_column::origin::key : kafka_column::origin::value;
      column.number = part.wanted.size();
      part.wanted.push_back(static_cast<std::size_t>(from_key ? in_key - layout_.key.begin()
                                                              : in_value - layout_.value.begin()));
      rows.columns.push_back(std::move(column));
    }
    for (auto i : request.metadata) {
      kafka_column column;
      column.from = kafka_column::origin::metadata;
      column.metadata = metadata_.at(i);
      column.type = table_.metadata.at(i).type;
      rows.columns.push_back(std::move(column));
    }
    if (!key.wanted.empty() || upsert_)
      rows.key = layout_.key_format->decoder(key, {table_.name, &options_, layout_.key_prefix});
    rows.value
      = layout_.value_format->decoder(value, {table_.name, &options_, layout_.value_prefix});
    rows.upsert = upsert_;
    rows.zone = zone_;
    return std::make_shared<rows_source>(make_rows_deserializer(std::move(rows)), kafka_);
  }

private:
  table_description table_;
  table_options options_;
  time_zone zone_;
  bool upsert_;
  kafka_layout layout_;
  kafka_source_options kafka_;
  std::vector<kafka_metadata> metadata_;
};

// -- sink ----------------------------------------------------------------------------------------

class rows_sink final : public sink_base {
public:
  rows_sink(std::string topic, std::shared_ptr<const kafka_serializer_base> serializer,
            kafka_sink_options options)
    : core_(std::move(topic), std::move(serializer), std::move(options)) {}

  const element_type& type() const noexcept override { return columnar_rows(); }
  std::string name() const override { return core_.name(); }
  std::unique_ptr<sink_writer> make_writer() const override { return core_.make_writer(); }
  bool transactional() const noexcept override { return core_.transactional(); }
  void validate() const override { core_.validate(); }

private:
  ::sluice::detail::kafka_sink_core core_;
};

class kafka_table_sink final : public table_sink {
public:
  kafka_table_sink(const table_description& table, const table_options& options,
                   const connector_context& context, bool upsert)
    : table_(table), options_(options), zone_(context.zone), upsert_(upsert),
      layout_(kafka_layout::of(table, options, upsert)),
      kafka_(kafka_sink_settings(table, options, upsert)) {
    auto topics = topics_of(options);
    if (topics.size() != 1)
      throw plan_error(
        fmt::format("table {}: option 'topic' must name one topic to write to", table.name));
    topic_ = topics[0];
    find_metadata();
    check_buffer();
    parallelism();
    make()->validate();
  }

  changelog_mode accept(const changelog_mode& offered) const override {
    if (upsert_) return {false, offered.update_after, offered.deletes};
    if (!offered.insert_only())
      throw plan_error(fmt::format("Table sink '{}' doesn't support consuming update and delete "
                                   "changes: the connector 'kafka' with format '{}' only takes "
                                   "inserts; use 'upsert-kafka'",
                                   table_.name, layout_.value_format->identifier()));
    return offered;
  }

  std::shared_ptr<const sink_base> make() const override {
    kafka_messages_settings messages;
    if (layout_.key_format)
      messages.key
        = encoder(layout_.key_fields(table_), layout_.key, *layout_.key_format, layout_.key_prefix);
    messages.value = encoder(layout_.value_fields(table_), layout_.value, *layout_.value_format,
                             layout_.value_prefix);
    messages.timestamp = timestamp_;
    messages.headers = headers_;
    messages.upsert = upsert_;
    messages.zone = zone_;
    auto key = messages.key;
    auto sink
      = std::make_shared<rows_sink>(topic_, make_rows_serializer(std::move(messages)), kafka_);
    if (max_rows_ == 0) return sink;
    return make_compacting_sink({sink, key, max_rows_, interval_});
  }

  std::optional<std::uint32_t> parallelism() const override {
    return parallelism_of(table_.name, options_, "sink.parallelism");
  }

private:
  std::shared_ptr<const record_encoder> encoder(std::vector<data_type::field> fields,
                                                std::vector<std::size_t> numbers,
                                                const columnar_format& format,
                                                const std::string& prefix) const {
    return format.encoder({std::move(fields), std::move(numbers)},
                          {table_.name, &options_, prefix});
  }

  /// Where the columns are that go into a record's metadata: behind the physical ones.
  void find_metadata() {
    auto at = table_.columns.size();
    for (const auto& column : table_.metadata) {
      if (column.is_virtual) continue;
      auto kind = kafka_metadata_of(table_, column);
      if (kind == kafka_metadata::timestamp)
        timestamp_ = at;
      else if (kind == kafka_metadata::headers)
        headers_ = at;
      else
        throw plan_error(fmt::format("table {}: metadata column {} can only be read: declare it "
                                     "VIRTUAL",
                                     table_.name, column.name));
      ++at;
    }
  }

  void check_buffer() {
    if (!upsert_) return;
    auto rows = options_.integer("sink.buffer-flush.max-rows");
    interval_ = options_.time("sink.buffer-flush.interval");
    if (rows < 0 || (rows > 0) != (interval_.count() > 0))
      throw plan_error(fmt::format("table {}: options 'sink.buffer-flush.max-rows' and "
                                   "'sink.buffer-flush.interval' must both be greater than zero "
                                   "to hold rows back, or both be zero",
                                   table_.name));
    max_rows_ = static_cast<std::size_t>(rows);
  }

  table_description table_;
  table_options options_;
  time_zone zone_;
  bool upsert_;
  kafka_layout layout_;
  kafka_sink_options kafka_;
  std::string topic_;
  std::optional<std::size_t> timestamp_;
  std::optional<std::size_t> headers_;
  std::size_t max_rows_ = 0; // held back; 0: none
  duration interval_{0};
};

// -- factories -----------------------------------------------------------------------------------

class kafka_factory final : public table_factory {
public:
  explicit kafka_factory(bool upsert) : upsert_(upsert) {}

  std::string identifier() const override { return upsert_ ? "upsert-kafka" : "kafka"; }
  std::string doc() const override {
    return upsert_ ? "Reads and writes a Kafka topic as a table that is updated by key."
                   : "Reads Kafka topics and appends to one.";
  }

  std::vector<option_definition> source_options(const table_description& table) const override {
    return options(table);
  }
  std::vector<option_definition> sink_options(const table_description& table) const override {
    return options(table);
  }

  std::shared_ptr<const table_source> make_source(const table_description& table,
                                                  const table_options& options,
                                                  const connector_context& context) const override {
    refuse_partitions(table, identifier());
    return std::make_shared<kafka_table_source>(table, options, context, upsert_);
  }
  std::shared_ptr<const table_sink> make_sink(const table_description& table,
                                              const table_options& options,
                                              const connector_context& context) const override {
    refuse_partitions(table, identifier());
    return std::make_shared<kafka_table_sink>(table, options, context, upsert_);
  }

private:
  std::vector<option_definition> options(const table_description& table) const {
    std::vector<option_definition> list;
    define_kafka_options(list, upsert_);
    kafka_layout::define(list, table, upsert_);
    return list;
  }

  bool upsert_;
};

} // namespace

std::shared_ptr<const table_factory> make_kafka_factory() {
  return std::make_shared<kafka_factory>(false);
}

std::shared_ptr<const table_factory> make_upsert_kafka_factory() {
  return std::make_shared<kafka_factory>(true);
}

} // namespace sluice::table::internal
