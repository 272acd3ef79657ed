#include "sluice/connect/kafka/internal/kafka_split.hpp"

#include "sluice/core/codec.hpp"
#include "sluice/core/errors.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <regex>
#include <set>

namespace sluice::internal {

std::string kafka_source_spec::topics_text() const {
  if (!options.topic_pattern.empty()) return "topics matching " + options.topic_pattern;
  if (options.topics.size() == 1) return "topic " + options.topics.front();
  return fmt::format("topics {}", fmt::join(options.topics, ", "));
}

std::string kafka_split::id() const { return fmt::format("{}:{}", place.topic, place.partition); }

std::string kafka_split::encode() const {
  byte_writer out;
  out.varint(1); // version
  out.text(place.topic);
  out.varint(static_cast<std::uint64_t>(place.partition));
  out.varint(static_cast<std::uint64_t>(position));
  out.varint(static_cast<std::uint64_t>(end));
  return out.take();
}

kafka_split kafka_split::decode(std::string_view data) {
  byte_reader in(data);
  if (in.varint() != 1) throw format_error("unknown version of a Kafka split");
  kafka_split split;
  split.place.topic = in.text();
  split.place.partition = static_cast<std::int32_t>(in.varint());
  split.position = static_cast<std::int64_t>(in.varint());
  split.end = static_cast<std::int64_t>(in.varint());
  return split;
}

client_config make_source_config(const kafka_source_spec& spec) {
  auto& o = spec.options;
  client_config config("kafka source");
  // Of each partition, so much is fetched before anybody asks for it.
  config.set("queued.max.messages.kbytes", "16384");
  config.set("fetch.wait.max.ms", "100");
  config.set("fetch.error.backoff.ms", "100");
  config.set("reconnect.backoff.max.ms", "1000");
  config.set("allow.auto.create.topics", "false");
  config.set_all(o.properties,
                 {{"bootstrap.servers", "use the option bootstrap_servers"},
                  {"metadata.broker.list", "use the option bootstrap_servers"},
                  {"group.id", "use the option group_id"},
                  {"auto.offset.reset", "use kafka_offsets::committed(reset)"},
                  {"enable.auto.commit", "offsets are committed when a checkpoint is complete"},
                  {"enable.auto.offset.store", "offsets are kept in checkpoints"},
                  {"enable.partition.eof", "the source needs to know the end of a partition"}});
  config.set("bootstrap.servers", o.bootstrap_servers);
  config.set("enable.auto.commit", "false");
  config.set("enable.auto.offset.store", "false");
  config.set("enable.partition.eof", "true");
  // A position that is gone: records were deleted before they were read, which only a source that
  // wants whatever is there may pass over.
  auto whatever = o.starting_offsets.which() == kafka_offsets::mode::earliest;
  config.set("auto.offset.reset", whatever ? "earliest" : "error");
  if (!o.group_id.empty()) config.set("group.id", o.group_id);
  return config;
}

void validate_kafka_source(const kafka_source_spec& spec) {
  auto& o = spec.options;
  using mode = kafka_offsets::mode;
  require_servers(o.bootstrap_servers, "kafka source");
  if (o.topics.empty() == o.topic_pattern.empty())
    throw plan_error("kafka source: give either topics or topic_pattern");
  for (auto& topic : o.topics)
    if (topic.empty()) throw plan_error("kafka source: the name of a topic is empty");
  if (std::set<std::string>(o.topics.begin(), o.topics.end()).size() != o.topics.size())
    throw plan_error("kafka source: a topic is named twice");
  if (!o.topic_pattern.empty()) {
    try {
      std::regex check(o.topic_pattern);
    } catch (const std::regex_error& e) {
      throw plan_error(
        fmt::format("kafka source: topic_pattern \"{}\" is no regular expression: {}",
                    o.topic_pattern, e.what()));
    }
  }
  if (o.bounded && o.bounded->which() == mode::earliest)
    throw plan_error("kafka source: bounded cannot be the earliest offset");
  bool asks_group = o.starting_offsets.which() == mode::committed
                    || (o.bounded && o.bounded->which() == mode::committed);
  if (asks_group && o.group_id.empty())
    throw plan_error("kafka source: committed offsets need a group_id");
  if (o.partition_discovery_interval < duration::zero())
    throw plan_error("kafka source: partition_discovery_interval must not be negative");
  if (o.connect_timeout <= duration::zero())
    throw plan_error("kafka source: connect_timeout must be positive");
  for (auto* offsets : {&o.starting_offsets, o.bounded ? &*o.bounded : nullptr})
    if (offsets)
      for (auto& [place, offset] : offsets->offsets())
        if (offset < 0)
          throw plan_error(fmt::format("kafka source: offset {} of {}:{} is negative", offset,
                                       place.topic, place.partition));
  make_source_config(spec);
  spec.deserializer->validate();
}

} // namespace sluice::internal
