#include "sluice/connect/table/internal/kafka_settings.hpp"

#include "sluice/connect/table/internal/option_keys.hpp"
#include "sluice/core/errors.hpp"

#include <fmt/format.h>

#include <charconv>

namespace sluice::table::internal {

namespace {

constexpr const char* servers_key = "properties.bootstrap.servers";

[[noreturn]] void fail(const table_description& table, const std::string& reason) {
  throw plan_error(fmt::format("table {}: {}", table.name, reason));
}

/// Properties of the client library: without what the table's options decide, and without those of
/// Java's client that Flink sets itself.
kafka_properties properties_of(const table_options& options) {
  auto properties = options.with_prefix("properties.");
  for (const auto* name : {"bootstrap.servers", "group.id", "auto.offset.reset", "key.deserializer",
                           "value.deserializer", "key.serializer", "value.serializer",
                           "commit.offsets.on.checkpoint", "transaction.timeout.ms"})
    properties.erase(name);
  return properties;
}

std::string property(const table_options& options, const std::string& name) {
  auto key = "properties." + name;
  return options.has(key) ? options.text(key) : std::string();
}

/// `partition:0,offset:42;partition:1,offset:300`
kafka_offsets specific(const table_description& table, const table_options& options,
                       const std::string& key, const std::string& topic) {
  if (!options.has(key)) fail(table, fmt::format("option '{}' is missing", key));
  std::map<kafka_partition, std::int64_t> offsets;
  std::string_view rest = options.text(key);
  while (!rest.empty()) {
    auto item = rest.substr(0, rest.find(';'));
    rest.remove_prefix(std::min(rest.size(), item.size() + 1));
    auto take = [&](std::string_view name, auto& number) {
      if (!item.starts_with(name)) return false;
      item.remove_prefix(name.size());
      auto [end, failed] = std::from_chars(item.data(), item.data() + item.size(), number);
      if (failed != std::errc{}) return false;
      item.remove_prefix(static_cast<std::size_t>(end - item.data()));
      return true;
    };
    std::int32_t partition = 0;
    std::int64_t offset = 0;
    if (!take("partition:", partition) || !take(",offset:", offset) || !item.empty()
        || partition < 0 || offset < 0)
      fail(table, fmt::format("option '{}' must look like 'partition:0,offset:42;"
                              "partition:1,offset:300', not '{}'",
                              key, options.text(key)));
    offsets[{topic, partition}] = offset;
  }
  if (offsets.empty()) fail(table, fmt::format("option '{}' is empty", key));
  return kafka_offsets::specific(std::move(offsets));
}

kafka_offset_reset reset_of(const table_description& table, const table_options& options) {
  auto reset = property(options, "auto.offset.reset");
  if (reset.empty() || reset == "none") return kafka_offset_reset::none;
  if (reset == "earliest") return kafka_offset_reset::earliest;
  if (reset == "latest") return kafka_offset_reset::latest;
  fail(table, fmt::format("option 'properties.auto.offset.reset' can not be '{}' but only "
                          "earliest, latest or none",
                          reset));
}

/// Where an option of the mode `mode` is, which only that mode has.
void only_for(const table_description& table, const table_options& options, const std::string& key,
              const std::string& mode_key, const std::string& mode) {
  if (options.has(key) && options.text(mode_key) != mode)
    fail(table, fmt::format("option '{}' is for '{}' = '{}' only", key, mode_key, mode));
}

kafka_offsets starting_offsets(const table_description& table, const table_options& options,
                               const std::string& topic) {
  const auto& mode = options.text("scan.startup.mode");
  if (mode == "earliest-offset") return kafka_offsets::earliest();
  if (mode == "latest-offset") return kafka_offsets::latest();
  if (mode == "timestamp") {
    if (!options.has("scan.startup.timestamp-millis"))
      fail(table, "option 'scan.startup.timestamp-millis' is missing");
    return kafka_offsets::at_time(options.integer("scan.startup.timestamp-millis") * 1000);
  }
  if (mode == "specific-offsets") {
    if (topic.empty()) fail(table, "specific offsets need exactly one topic");
    return specific(table, options, "scan.startup.specific-offsets", topic);
  }
  if (property(options, "group.id").empty())
    fail(table, "'scan.startup.mode' = 'group-offsets' needs the option 'properties.group.id'");
  return kafka_offsets::committed(reset_of(table, options));
}

std::optional<kafka_offsets> ending_offsets(const table_description& table,
                                            const table_options& options,
                                            const std::string& topic) {
  const auto& mode = options.text("scan.bounded.mode");
  if (mode == "unbounded") return std::nullopt;
  if (mode == "latest-offset") return kafka_offsets::latest();
  if (mode == "timestamp") {
    if (!options.has("scan.bounded.timestamp-millis"))
      fail(table, "option 'scan.bounded.timestamp-millis' is missing");
    return kafka_offsets::at_time(options.integer("scan.bounded.timestamp-millis") * 1000);
  }
  if (mode == "specific-offsets") {
    if (topic.empty()) fail(table, "specific offsets need exactly one topic");
    return specific(table, options, "scan.bounded.specific-offsets", topic);
  }
  if (property(options, "group.id").empty())
    fail(table, "'scan.bounded.mode' = 'group-offsets' needs the option 'properties.group.id'");
  return kafka_offsets::committed();
}

void define_scan_options(std::vector<option_definition>& list, bool upsert) {
  using enum option_type;
  if (!upsert) {
    list.push_back(
      {"scan.startup.mode",
       text,
       false,
       "group-offsets",
       {"earliest-offset", "latest-offset", "group-offsets", "timestamp", "specific-offsets"},
       "Where reading begins."});
    list.push_back({"scan.startup.specific-offsets",
                    text,
                    false,
                    {},
                    {},
                    "partition:0,offset:42;partition:1,offset:300"});
    list.push_back({"scan.startup.timestamp-millis",
                    integer,
                    false,
                    {},
                    {},
                    "The time of the first records to read."});
    list.push_back({"scan.topic-partition-discovery.interval",
                    duration,
                    false,
                    "5 min",
                    {},
                    "How often to look for new partitions; 0: only at the start."});
  }
  list.push_back({"scan.bounded.mode",
                  text,
                  false,
                  "unbounded",
                  {"unbounded", "latest-offset", "group-offsets", "timestamp", "specific-offsets"},
                  "Where reading ends."});
  list.push_back({"scan.bounded.specific-offsets",
                  text,
                  false,
                  {},
                  {},
                  "partition:0,offset:42;partition:1,offset:300"});
  list.push_back({"scan.bounded.timestamp-millis",
                  integer,
                  false,
                  {},
                  {},
                  "The time of the first records not to read."});
  list.push_back(scan_parallelism_option());
}

} // namespace

std::vector<std::string> topics_of(const table_options& options) {
  std::vector<std::string> topics;
  if (!options.has("topic")) return topics;
  const auto& text = options.text("topic");
  for (std::size_t begin = 0; begin <= text.size();) {
    auto end = std::min(text.find(';', begin), text.size());
    if (end > begin) topics.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return topics;
}

void define_kafka_options(std::vector<option_definition>& list, bool upsert) {
  using enum option_type;
  list.push_back({"topic", text, upsert, {}, {}, "The topic; to read, several with ; between."});
  if (!upsert)
    list.push_back({"topic-pattern",
                    text,
                    false,
                    {},
                    {},
                    "A regular expression for the names of the topics to read."});
  list.push_back({servers_key, text, true, {}, {}, "host:port, several with commas between."});
  list.push_back({"properties.*", text, false, {}, {}, "Settings of the client library."});
  define_scan_options(list, upsert);
  if (!upsert) {
    list.push_back({"sink.partitioner",
                    text,
                    false,
                    "default",
                    {"default", "fixed", "round-robin"},
                    "Which partition a row goes to."});
  } else {
    list.push_back({"sink.buffer-flush.max-rows",
                    integer,
                    false,
                    "0",
                    {},
                    "With the interval: rows are held back, and the last of a key is written."});
    list.push_back({"sink.buffer-flush.interval",
                    duration,
                    false,
                    "0 s",
                    {},
                    "How long rows are held back at most."});
  }
  list.push_back({"sink.delivery-guarantee",
                  text,
                  false,
                  "at-least-once",
                  {"none", "at-least-once", "exactly-once"},
                  "What a failure may do to rows."});
  list.push_back({"sink.transactional-id-prefix",
                  text,
                  false,
                  {},
                  {},
                  "Begins the names of transactions; for exactly-once."});
  list.push_back(sink_parallelism_option());
}

kafka_source_options kafka_source_settings(const table_description& table,
                                           const table_options& options, bool upsert) {
  kafka_source_options result;
  result.bootstrap_servers = options.text(servers_key);
  result.topics = topics_of(options);
  if (!upsert && options.has("topic-pattern")) result.topic_pattern = options.text("topic-pattern");
  if (result.topics.empty() == result.topic_pattern.empty())
    fail(table, upsert ? "option 'topic' is empty"
                       : "Option 'topic' and 'topic-pattern': give exactly one of them");
  result.group_id = property(options, "group.id");
  auto single = result.topics.size() == 1 ? result.topics[0] : std::string();
  only_for(table, options, "scan.bounded.specific-offsets", "scan.bounded.mode",
           "specific-offsets");
  only_for(table, options, "scan.bounded.timestamp-millis", "scan.bounded.mode", "timestamp");
  if (upsert) {
    result.starting_offsets = kafka_offsets::earliest();
  } else {
    only_for(table, options, "scan.startup.specific-offsets", "scan.startup.mode",
             "specific-offsets");
    only_for(table, options, "scan.startup.timestamp-millis", "scan.startup.mode", "timestamp");
    result.starting_offsets = starting_offsets(table, options, single);
    result.partition_discovery_interval = options.time("scan.topic-partition-discovery.interval");
  }
  result.bounded = ending_offsets(table, options, single);
  if (property(options, "commit.offsets.on.checkpoint") == "false")
    result.commit_offsets_on_checkpoint = false;
  result.properties = properties_of(options);
  return result;
}

kafka_sink_options kafka_sink_settings(const table_description& table, const table_options& options,
                                       bool upsert) {
  kafka_sink_options result;
  result.bootstrap_servers = options.text(servers_key);
  const auto& guarantee = options.text("sink.delivery-guarantee");
  result.delivery = guarantee == "none"           ? kafka_delivery::none
                    : guarantee == "exactly-once" ? kafka_delivery::exactly_once
                                                  : kafka_delivery::at_least_once;
  bool exactly_once = result.delivery == kafka_delivery::exactly_once;
  if (options.has("sink.transactional-id-prefix"))
    result.transactional_id_prefix = options.text("sink.transactional-id-prefix");
  if (exactly_once && result.transactional_id_prefix.empty())
    fail(table, "sink.transactional-id-prefix must be specified when using "
                "DeliveryGuarantee.EXACTLY_ONCE.");
  if (auto timeout = property(options, "transaction.timeout.ms"); !timeout.empty()) {
    auto parsed = parse_duration(timeout);
    if (!parsed || parsed->count() <= 0)
      fail(table, "option 'properties.transaction.timeout.ms' must be a number of milliseconds");
    result.transaction_timeout = *parsed;
  }
  if (!upsert) {
    const auto& partitioner = options.text("sink.partitioner");
    result.partitioner = partitioner == "fixed"         ? kafka_partitioner::fixed
                         : partitioner == "round-robin" ? kafka_partitioner::round_robin
                                                        : kafka_partitioner::by_key;
  }
  result.properties = properties_of(options);
  return result;
}

} // namespace sluice::table::internal
