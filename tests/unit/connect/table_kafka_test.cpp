/// Tables of Kafka on brokers inside the process.
#include "sluice/connect/kafka/embedded_broker.hpp"
#include "support/kafka_client.hpp"
#include "support/table_harness.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>

namespace {

using namespace sluice;
using namespace sluice::testing;
using table::changelog_mode;
using table::scalar;

struct cluster {
  embedded_broker broker;
  kafka_client client{broker.bootstrap_servers()};

  table::table_description table(const std::string& columns, const std::string& topic,
                                 option_map options) const {
    options.insert({{"connector", "kafka"},
                    {"topic", topic},
                    {"properties.bootstrap.servers", broker.bootstrap_servers()},
                    {"scan.startup.mode", "earliest-offset"},
                    {"scan.bounded.mode", "latest-offset"}});
    if (options["connector"] == "upsert-kafka") options.erase("scan.startup.mode");
    return describe(columns, std::move(options));
  }

  /// Reads a bounded table; what the client's threads do is waited for.
  row_texts read(const table::table_description& table) const {
    auto source = source_of(table)->make(everything(table));
    source->validate();
    table_reader reader(*source, all_splits(*source));
    row_texts rows;
    auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    auto idle = [&](const poll_result&) {
      // A client's thread calls when something has come.
      if (!reader.context.wait_for_wakeup(deadline)) throw std::runtime_error("too slow");
    };
    while (reader.step(rows, idle)) {}
    return rows;
  }

  void write(const table::table_description& table, std::unique_ptr<table::columnar_batch> rows) {
    auto sink = sink_of(table)->make();
    sink->validate();
    table_writer writer(*sink);
    writer.write(std::move(rows));
    writer.checkpoint(1, true);
  }
};

scalar text(const char* t) { return scalar::of(table::data_type::string(), std::string(t)); }

void check(const row_texts& got, const row_texts& expected) {
  BOOST_TEST(got == expected, boost::test_tools::per_element());
  if (got.size() != expected.size())
    for (auto& row : got) BOOST_TEST_MESSAGE(row);
}

std::string shown(const plain_record& r) {
  return r.key.value_or("<none>") + " -> " + r.value.value_or("<null>");
}

row_texts shown(const std::vector<plain_record>& records) {
  row_texts out;
  for (auto& r : records) out.push_back(shown(r));
  return out;
}

using maybe = std::optional<std::string>;

plain_record record(maybe key, maybe value, std::int64_t milliseconds = 1,
                    std::vector<std::pair<std::string, std::string>> headers = {}) {
  plain_record r;
  r.key = std::move(key);
  r.value = std::move(value);
  r.milliseconds = milliseconds;
  r.headers = std::move(headers);
  return r;
}

BOOST_FIXTURE_TEST_SUITE(table_kafka, cluster)

BOOST_AUTO_TEST_CASE(values_are_rows_and_metadata_is_columns) {
  broker.create_topic("in", 1);
  client.produce("in", {record("k", "{\"a\":1,\"b\":\"x\"}", 1000, {{"h", "v"}}),
                        record({}, "no json", 2000), record({}, "{\"b\":\"y\"}", 3000),
                        record("tombstone", {}, 4000)});
  auto t
    = table("a INT, b STRING", "in", {{"format", "json"}, {"json.ignore-parse-errors", "true"}});
  check(read(t), {"+I[1, x]", "+I[null, y]"});
  t.metadata
    = {{"o", "offset", table::data_type::bigint(), true},
       {"p", "partition", table::data_type::integer(), true},
       {"n", "topic", table::data_type::string(), true},
       {"ts", "timestamp", table::data_type::timestamp_ltz(3), false},
       {"tt", "timestamp-type", table::data_type::string(), true},
       {"h", "headers",
        table::data_type::map(table::data_type::string(), table::data_type::bytes()), true}};
  check(read(t), {"+I[1, x, 0, 0, in, 1970-01-01T00:00:01Z, CreateTime, {h=[118]}]",
                  "+I[null, y, 2, 0, in, 1970-01-01T00:00:03Z, CreateTime, {}]"});
  t.metadata = {{"e", "leader-epoch", table::data_type::integer(), true}};
  BOOST_CHECK_THROW(source_of(t), plan_error);
}

BOOST_AUTO_TEST_CASE(keys_have_their_own_format_and_fields) {
  broker.create_topic("in", 1);
  client.produce("in", {record("7;u", "{\"v\":\"x\",\"k_id\":8}"),
                        record({}, "{\"v\":\"without a key\"}"), record("9;w", "{\"v\":\"y\"}")});
  option_map options{{"key.format", "csv"},         {"key.csv.field-delimiter", ";"},
                     {"key.fields", "k_id;k_name"}, {"value.format", "json"},
                     {"key.fields-prefix", "k_"},   {"value.fields-include", "EXCEPT_KEY"}};
  check(read(table("v STRING, k_id INT, k_name STRING", "in", options)),
        {"+I[x, 7, u]", "+I[y, 9, w]"});
  options.erase("key.fields-prefix");
  options["value.fields-include"] = "ALL"; // the value tells all columns
  check(read(table("v STRING, k_id INT, k_name STRING", "in", options)),
        {"+I[x, 8, null]", "+I[without a key, null, null]", "+I[y, null, null]"});
}

BOOST_AUTO_TEST_CASE(an_error_names_topic_partition_and_offset) {
  broker.create_topic("in", 1);
  client.produce_values("in", 0, {"1,a", "x,b"});
  try {
    read(table("i INT, s STRING", "in", {{"format", "csv"}}));
    BOOST_ERROR("nothing was thrown");
  } catch (const format_error& e) {
    BOOST_TEST(std::string(e.what()).starts_with("in:0:1: Fail to deserialize at field: i."),
               e.what());
  }
}

BOOST_AUTO_TEST_CASE(csv_messages_are_one_row_each) {
  broker.create_topic("in", 1);
  client.produce_values("in", 0, {"1,\"a\nb\"", "2,c\n3,d", "", "4,\"open", "5,e,f", "6"});
  check(
    read(table("i INT, s STRING", "in", {{"format", "csv"}, {"csv.ignore-parse-errors", "true"}})),
    {"+I[1, a\nb]", "+I[2, c]", "+I[6, null]"});
}

BOOST_AUTO_TEST_CASE(scans_start_and_end_where_the_options_say) {
  broker.create_topic("in", 2);
  client.produce_values("in", 0, {"0", "1", "2", "3"});
  auto rows = [&](option_map options) {
    options.insert({{"format", "csv"}});
    return read(table("i INT", "in", std::move(options)));
  };
  check(rows({{"scan.startup.mode", "latest-offset"}}), {});
  check(rows({{"scan.startup.mode", "specific-offsets"},
              {"scan.startup.specific-offsets", "partition:0,offset:1;partition:1,offset:0"},
              {"scan.bounded.mode", "specific-offsets"},
              {"scan.bounded.specific-offsets", "partition:0,offset:3"}}),
        {"+I[1]", "+I[2]"});
  check(rows({{"scan.startup.mode", "group-offsets"},
              {"properties.group.id", "g"},
              {"properties.auto.offset.reset", "earliest"}}),
        {"+I[0]", "+I[1]", "+I[2]", "+I[3]"});
}

BOOST_AUTO_TEST_CASE(rows_are_written_with_key_time_and_headers) {
  broker.create_topic("out", 1);
  auto t = table("id INT, s STRING", "out",
                 {{"value.format", "json"}, {"key.format", "json"}, {"key.fields", "id"}});
  t.metadata
    = {{"ts", "timestamp", table::data_type::timestamp_ltz(3), false},
       {"h", "headers",
        table::data_type::map(table::data_type::string(), table::data_type::bytes()), false}};
  auto bytes = [](const char* b) { return scalar::of(table::data_type::bytes(), std::string(b)); };
  write(t, rows_of(
             t, {{scalar::of(1), text("a"), scalar::of(t.metadata[0].type, std::int64_t{5'000'000}),
                  scalar::of(t.metadata[1].type, scalar::list{text("h"), bytes("v")})}}));
  auto records = client.read("out", 1);
  check(shown(records), {"{\"id\":1} -> {\"id\":1,\"s\":\"a\"}"});
  BOOST_TEST(records.at(0).milliseconds == 5000);
  BOOST_TEST(
    (records.at(0).headers == std::vector<std::pair<std::string, std::string>>{{"h", "v"}}));
  BOOST_CHECK_THROW(sink_of(t)->accept(changelog_mode::upserts()), plan_error);
}

BOOST_AUTO_TEST_CASE(upserts_are_values_and_deletes_tombstones) {
  broker.create_topic("stats", 1);
  auto t = table("region STRING, n BIGINT, note STRING", "stats",
                 {{"connector", "upsert-kafka"}, {"key.format", "json"}, {"value.format", "json"}});
  t.primary_key = {"region"};
  auto sink = sink_of(t);
  BOOST_TEST((sink->accept(changelog_mode::all()) == changelog_mode::upserts()));
  auto row = [&](const char* region, std::int64_t n) {
    return std::vector<scalar>{text(region), scalar::of(n), text("x")};
  };
  using enum table::row_kind;
  write(t, rows_of(t, {row("a", 1), row("b", 1), row("a", 1), row("a", 2), row("b", 1)},
                   {insert, insert, update_before, update_after, delete_}));
  check(shown(client.read("stats", 1)),
        {"{\"region\":\"a\"} -> {\"region\":\"a\",\"n\":1,\"note\":\"x\"}",
         "{\"region\":\"b\"} -> {\"region\":\"b\",\"n\":1,\"note\":\"x\"}",
         "{\"region\":\"a\"} -> {\"region\":\"a\",\"n\":2,\"note\":\"x\"}",
         "{\"region\":\"b\"} -> <null>"});
  BOOST_TEST((source_of(t)->changelog() == changelog_mode::upserts()));
  check(read(t), {"+U[a, 1, x]", "+U[b, 1, x]", "+U[a, 2, x]", "-D[b, null, null]"});
  check(read([&] {
          auto narrow = t;
          narrow.columns.erase(narrow.columns.begin() + 1, narrow.columns.end());
          return narrow;
        }()),
        {"+U[a]", "+U[b]", "+U[a]", "-D[b]"});
}

BOOST_AUTO_TEST_CASE(the_value_may_be_without_the_key) {
  broker.create_topic("stats", 1);
  auto t = table("k_id INT, n BIGINT", "stats",
                 {{"connector", "upsert-kafka"},
                  {"key.format", "json"},
                  {"value.format", "json"},
                  {"value.fields-include", "EXCEPT_KEY"},
                  {"key.fields-prefix", "k_"}});
  t.primary_key = {"k_id"};
  write(t, rows_of(t, {{scalar::of(1), scalar::of(std::int64_t{5})}}));
  check(shown(client.read("stats", 1)), {"{\"id\":1} -> {\"n\":5}"});
  check(read(t), {"+U[1, 5]"});
}

BOOST_AUTO_TEST_CASE(held_back_rows_are_compacted_by_key) {
  broker.create_topic("stats", 1);
  auto t = table("id INT, n INT", "stats",
                 {{"connector", "upsert-kafka"},
                  {"key.format", "csv"},
                  {"value.format", "csv"},
                  {"sink.buffer-flush.max-rows", "100"},
                  {"sink.buffer-flush.interval", "1 s"}});
  t.primary_key = {"id"};
  auto sink = sink_of(t)->make();
  table_writer writer(*sink);
  auto row = [](int id, int n) { return std::vector<scalar>{scalar::of(id), scalar::of(n)}; };
  using enum table::row_kind;
  writer.write(rows_of(t, {row(1, 1), row(2, 1), row(1, 2)}, {insert, insert, update_after}));
  writer.writer().flush();
  BOOST_TEST(client.read("stats", 1).empty());
  writer.write(rows_of(t, {row(2, 1), row(3, 1)}, {delete_, insert}));
  BOOST_TEST(writer.writer().flush_due().value() == writer.context.time.now() + 1'000'000);
  writer.context.time.advance(std::chrono::seconds(1));
  writer.writer().flush();
  BOOST_TEST(!writer.writer().flush_due().has_value());
  writer.write(rows_of(t, {row(3, 2)}, {update_after}));
  writer.checkpoint(1, true);
  check(shown(client.read("stats", 1)), {"1 -> 1,2", "2 -> <null>", "3 -> 3,1", "3 -> 3,2"});
}

// What takes a row back comes alone where its new version did not pass a filter.
BOOST_AUTO_TEST_CASE(row_taken_back_and_not_replaced_is_a_tombstone) {
  for (bool compacting : {false, true}) {
    auto topic = compacting ? "compacted" : "stats";
    broker.create_topic(topic, 1);
    option_map options{
      {"connector", "upsert-kafka"}, {"key.format", "csv"}, {"value.format", "csv"}};
    if (compacting) {
      options["sink.buffer-flush.max-rows"] = "100";
      options["sink.buffer-flush.interval"] = "1 s";
    }
    auto t = table("id INT, n INT", topic, options);
    t.primary_key = {"id"};
    auto row = [](int id, int n) { return std::vector<scalar>{scalar::of(id), scalar::of(n)}; };
    using enum table::row_kind;
    write(
      t,
      rows_of(t, {row(1, 1), row(2, 1), row(1, 1), row(2, 1), row(2, 2), row(1, 5), row(1, 5)},
              {insert, insert, update_before, update_before, update_after, insert, update_before}));
    check(shown(client.read(topic, 1)), compacting
                                          ? row_texts{"2 -> 2,2", "1 -> <null>"}
                                          : row_texts{"1 -> 1,1", "2 -> 2,1", "1 -> <null>",
                                                      "2 -> 2,2", "1 -> 1,5", "1 -> <null>"});
  }
}

BOOST_AUTO_TEST_CASE(tables_that_make_no_sense_are_refused) {
  auto refused
    = [&](option_map options, const char* part, std::vector<std::string> primary_key = {}) {
        auto t = table("id INT, s STRING", "x", std::move(options));
        t.primary_key = std::move(primary_key);
        try {
          source_of(t);
          BOOST_ERROR("not refused: " << part);
        } catch (const plan_error& e) {
          BOOST_TEST(std::string(e.what()).find(part) != std::string::npos, e.what());
        }
      };
  option_map upsert{
    {"connector", "upsert-kafka"}, {"key.format", "json"}, {"value.format", "json"}};
  refused(upsert, "require to define a PRIMARY KEY");
  upsert["scan.topic-partition-discovery.interval"] = "1 s";
  refused(upsert, "scan.topic-partition-discovery.interval", {"id"});
  refused({{"format", "json"}}, "PRIMARY KEY", {"id"});
  refused({}, "'format' (or 'value.format') is missing");
  refused({{"format", "json"}, {"value.format", "json"}}, "give one of them");
  refused({{"format", "json"}, {"key.format", "json"}}, "needs 'key.fields'");
  refused({{"format", "json"}, {"key.format", "json"}, {"key.fields", "nope"}}, "'nope'");
  refused({{"format", "json"}, {"scan.startup.mode", "group-offsets"}}, "properties.group.id");
  refused({{"format", "json"}, {"scan.startup.timestamp-millis", "1"}}, "for 'scan.startup.mode'");
  refused({{"format", "json"},
           {"scan.startup.mode", "specific-offsets"},
           {"scan.startup.specific-offsets", "0:1"}},
          "must look like");
  refused({{"format", "json"}, {"properties.no.such.thing", "1"}}, "no.such.thing");
  refused({{"format", "avro"}}, "there is no format 'avro'");
  auto sink = table("id INT", "a;b", {{"format", "json"}});
  BOOST_CHECK_THROW(sink_of(sink), plan_error);
  sink.options["topic"] = "a";
  sink.options["sink.delivery-guarantee"] = "exactly-once";
  BOOST_CHECK_THROW(sink_of(sink), plan_error);
  sink.options["sink.transactional-id-prefix"] = "p";
  BOOST_TEST(sink_of(sink)->make()->transactional());
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
