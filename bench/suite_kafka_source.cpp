/// JSON from Kafka: a Sluice job against librdkafka and simdjson, called by hand.
#include "measure.hpp"
#include "stopwatch.hpp"
#include "suites.hpp"

#include "sluice/connect/format/json.hpp"
#include "sluice/connect/kafka/embedded_broker.hpp"
#include "sluice/connect/kafka/kafka_sink.hpp"
#include "sluice/connect/kafka/kafka_source.hpp"
#include "sluice/sluice.hpp"

#include <boost/describe.hpp>
#include <fmt/format.h>
#include <librdkafka/rdkafka.h>
#include <simdjson.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <vector>

namespace bench {

struct behavior {
  std::string user;
  std::int64_t item = 0;
  std::int64_t category = 0;
  std::string action;
  std::string time;
};
BOOST_DESCRIBE_STRUCT(behavior, (), (user, item, category, action, time))

namespace {

constexpr int partitions = 64; // the embedded broker keeps 5 MB of each
constexpr auto topic = "bench-behaviors";

std::uint64_t value_of(const behavior& b) {
  return static_cast<std::uint64_t>(b.item + b.category) + b.user.size() + b.action.size()
         + b.time.size();
}

/// About 100 bytes as JSON.
behavior make_behavior(std::uint64_t n) {
  return {fmt::format("u{:07}", n % 9'999'991), static_cast<std::int64_t>(1'000'000 + n % 900'000),
          static_cast<std::int64_t>(1000 + n % 8999), n % 9 == 0 ? "cart" : "view",
          fmt::format("2017-11-{:02} {:02}:00:00", 1 + n % 30, n % 24)};
}

void fill(const std::string& servers, std::uint64_t records) {
  sluice::kafka_sink_options to;
  to.bootstrap_servers = servers;
  to.partitioner = sluice::kafka_partitioner::round_robin;
  to.properties["acks"] = "1";
  sluice::generator_options options;
  options.count = records;
  sluice::stream_environment env;
  env.set_parallelism(1);
  env.from_generator(make_behavior, options)
    .sink_to(sluice::kafka_sink(topic, sluice::make_json_encoder<behavior>(), to));
  env.execute("fill");
}

outcome run_sluice(const std::string& servers, std::uint64_t, std::uint32_t parallelism) {
  outcome result;
  stopwatch time;
  sluice::kafka_source_options from;
  from.bootstrap_servers = servers;
  from.topics = {topic};
  from.bounded = sluice::kafka_offsets::latest();
  from.properties["check.crcs"] = "false";
  sluice::stream_environment env;
  env.set_parallelism(parallelism);
  std::atomic<std::uint64_t> count{0};
  std::atomic<std::uint64_t> checksum{0};
  struct totals {
    std::atomic<std::uint64_t>* count;
    std::atomic<std::uint64_t>* checksum;
    std::uint64_t n = 0;
    std::uint64_t sum = 0;
    void invoke(const behavior& b) {
      ++n;
      sum += value_of(b);
    }
    void finish() {
      *count += n;
      *checksum += sum;
    }
  };
  env.from_source(sluice::kafka_source(from, sluice::make_json_format<behavior>()))
    .add_sink(totals{&count, &checksum});
  env.execute("kafka source");
  result.count = count;
  result.checksum = checksum;
  result.take_times(time);
  return result;
}

/// What somebody would write who has only this to do: one queue, one parser, one record reused.
outcome run_bare(const std::string& servers, std::uint64_t records) {
  outcome result;
  stopwatch time;
  std::array<char, 512> reason{};
  auto* conf = rd_kafka_conf_new();
  rd_kafka_conf_set_log_cb(conf, nullptr);
  rd_kafka_conf_set(conf, "bootstrap.servers", servers.c_str(), reason.data(), reason.size());
  rd_kafka_conf_set(conf, "check.crcs", "false", reason.data(), reason.size());
  rd_kafka_conf_set(conf, "fetch.wait.max.ms", "100", reason.data(), reason.size());
  rd_kafka_conf_set(conf, "queued.max.messages.kbytes", "16384", reason.data(), reason.size());
  auto* client = rd_kafka_new(RD_KAFKA_CONSUMER, conf, reason.data(), reason.size());
  if (!client) throw std::runtime_error(reason.data());
  auto* queue = rd_kafka_queue_new(client);
  auto* handle = rd_kafka_topic_new(client, topic, nullptr);
  for (int p = 0; p < partitions; ++p)
    rd_kafka_consume_start_queue(handle, p, RD_KAFKA_OFFSET_BEGINNING, queue);
  std::array<rd_kafka_message_t*, 1024> messages{};
  simdjson::dom::parser parser;
  std::string text(4096, '\0');
  behavior b;
  auto wanted = [](simdjson::error_code error) {
    if (error) throw std::runtime_error("kafka_source: a record is not as it was written");
  };
  while (result.count < records) {
    auto n = rd_kafka_consume_batch_queue(queue, 10'000, messages.data(), messages.size());
    if (n <= 0) throw std::runtime_error("kafka_source: the broker sends nothing");
    for (ssize_t i = 0; i < n; ++i) {
      auto& m = *messages[static_cast<std::size_t>(i)];
      if (m.err == RD_KAFKA_RESP_ERR_NO_ERROR) {
        std::memcpy(text.data(), m.payload, m.len);
        simdjson::dom::object object;
        std::string_view s;
        wanted(parser.parse(text.data(), m.len, false).get(object));
        wanted(object["user"].get(s));
        b.user.assign(s);
        wanted(object["item"].get(b.item));
        wanted(object["category"].get(b.category));
        wanted(object["action"].get(s));
        b.action.assign(s);
        wanted(object["time"].get(s));
        b.time.assign(s);
        ++result.count;
        result.checksum += value_of(b);
      }
      rd_kafka_message_destroy(&m);
    }
  }
  result.take_times(time);
  for (int p = 0; p < partitions; ++p) rd_kafka_consume_stop(handle, p);
  rd_kafka_topic_destroy(handle);
  rd_kafka_queue_destroy(queue);
  rd_kafka_destroy(client);
  return result;
}

rates rates_of(const std::vector<outcome>& runs) {
  std::vector<double> speeds;
  std::vector<double> costs;
  for (auto& r : runs) {
    speeds.push_back(static_cast<double>(r.count) / r.seconds);
    costs.push_back(r.cpu_seconds * 1e9 / static_cast<double>(r.count));
  }
  return {median(speeds), *std::max_element(speeds.begin(), speeds.end()), median(costs)};
}

} // namespace

void run_kafka_source(const options& o) {
  auto records = o.records.value_or(2'000'000);
  auto parallelism = o.parallelism.value_or(1);
  auto repeat = o.repeat.value_or(5);
  std::unique_ptr<sluice::embedded_broker> embedded;
  std::string servers;
  if (auto* given = std::getenv("SLUICE_KAFKA_BROKER")) {
    servers = given; // with a topic of 64 partitions, empty
  } else {
    embedded = std::make_unique<sluice::embedded_broker>();
    embedded->create_topic(topic, partitions);
    servers = embedded->bootstrap_servers();
  }
  fill(servers, records);
  std::vector<outcome> sluice_runs;
  std::vector<outcome> bare_runs;
  for (std::uint32_t i = 0; i <= repeat; ++i) {
    auto bare = run_bare(servers, records);
    auto ours = run_sluice(servers, records, parallelism);
    if (!ours.same_result(bare))
      throw std::runtime_error(
        fmt::format("kafka_source: {} records read instead of {}", ours.count, bare.count));
    if (i == 0) continue; // to warm up
    bare_runs.push_back(bare);
    sluice_runs.push_back(ours);
  }
  auto ours = rates_of(sluice_runs);
  auto bare = rates_of(bare_runs);
  auto ratio = ours.median / bare.median;
  if (o.json)
    fmt::print(R"({{"suite": "kafka_source", "parallelism": {}, "records": {}, )"
               R"("sluice": {{"median": {:.0f}, "best": {:.0f}}}, )"
               R"("librdkafka_simdjson": {{"median": {:.0f}, "best": {:.0f}}}, "ratio": {:.4f}}})"
               "\n",
               parallelism, records, ours.median, ours.best, bare.median, bare.best, ratio);
  else
    fmt::print("kafka_source: {} JSON records of 100 bytes, 5 fields, {} broker\n"
               "  sluice                 {:6.2f} M records/s, {:4.0f} ns of CPU each\n"
               "  librdkafka + simdjson  {:6.2f} M records/s, {:4.0f} ns of CPU each\n"
               "  ratio                  {:6.2f}\n",
               records, embedded ? "embedded" : "given", ours.median / 1e6, ours.cpu_ns,
               bare.median / 1e6, bare.cpu_ns, ratio);
}

} // namespace bench
