/// The Kafka connector on brokers inside the process.
#include "sluice/connect/format/csv.hpp"
#include "sluice/connect/format/json.hpp"
#include "sluice/connect/format/text.hpp"
#include "sluice/connect/kafka/embedded_broker.hpp"
#include "sluice/connect/kafka/kafka_admin.hpp"
#include "sluice/connect/kafka/kafka_sink.hpp"
#include "sluice/connect/kafka/kafka_source.hpp"
#include "sluice/sluice.hpp"
#include "support/fake_io_context.hpp"
#include "support/kafka_client.hpp"
#include "support/source_harness.hpp"

#include <boost/describe.hpp>
#include <boost/test/unit_test.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <condition_variable>
#include <map>
#include <mutex>
#include <set>

namespace sluice::testing {

struct click {
  std::string user;
  int count = 0;
  friend bool operator==(const click&, const click&) = default;
};
BOOST_DESCRIBE_STRUCT(click, (), (user, count))

namespace {

using namespace std::chrono_literals;

struct cluster {
  embedded_broker broker;
  kafka_client client{broker.bootstrap_servers()};

  kafka_source_options source(std::string topic) const {
    kafka_source_options o;
    o.bootstrap_servers = broker.bootstrap_servers();
    o.topics = {std::move(topic)};
    o.bounded = kafka_offsets::latest();
    return o;
  }
  kafka_sink_options sink() const {
    kafka_sink_options o;
    o.bootstrap_servers = broker.bootstrap_servers();
    return o;
  }
};

std::vector<std::string> numbered(int from, int to) {
  std::vector<std::string> result;
  for (int i = from; i < to; ++i) result.push_back(std::to_string(i));
  return result;
}

template <class T>
std::vector<T> sorted(std::vector<T> values) {
  std::sort(values.begin(), values.end());
  return values;
}

template <class T>
std::vector<T> run_source(source_ptr<T> source, std::uint32_t parallelism = 1) {
  stream_environment env;
  env.set_parallelism(parallelism);
  return env.from_source(source).execute_and_collect("read");
}

std::vector<std::string> texts(const std::vector<plain_record>& records) {
  std::vector<std::string> result;
  for (auto& r : records) result.push_back(r.value.value_or("<null>"));
  return result;
}

template <class F>
std::string message_of(F f) {
  try {
    f();
  } catch (const std::exception& e) {
    return e.what();
  }
  return "nothing was thrown";
}

void must_say(const std::string& message, std::initializer_list<const char*> parts) {
  for (auto* part : parts)
    BOOST_TEST(message.find(part) != std::string::npos,
               "\"" << message << "\" does not say \"" << part << "\"");
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(kafka, cluster)

// -- source -------------------------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(reads_all_partitions_with_any_parallelism) {
  broker.create_topic("numbers", 4);
  for (int p = 0; p < 4; ++p)
    client.produce_values("numbers", p, numbered(p * 1000, p * 1000 + 1000));
  auto expected = sorted(numbered(0, 4000));
  for (std::uint32_t parallelism : {1U, 3U, 8U})
    BOOST_TEST(sorted(run_source(kafka_source(source("numbers"), make_text_format()), parallelism))
                 == expected,
               boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(empty_topic_ends_at_once) {
  broker.create_topic("empty", 2);
  BOOST_TEST(run_source(kafka_source(source("empty"), make_text_format())).empty());
}

BOOST_AUTO_TEST_CASE(order_within_a_partition_is_kept) {
  broker.create_topic("ordered", 1);
  client.produce_values("ordered", 0, numbered(0, 5000));
  BOOST_TEST(run_source(kafka_source(source("ordered"), make_text_format())) == numbered(0, 5000),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(starts_and_ends_at_specific_offsets) {
  broker.create_topic("some", 2);
  for (int p = 0; p < 2; ++p) client.produce_values("some", p, numbered(p * 100, p * 100 + 100));
  auto o = source("some");
  o.starting_offsets = kafka_offsets::specific({{{"some", 0}, 42}});
  o.bounded = kafka_offsets::specific({{{"some", 0}, 45}, {{"some", 1}, 2}});
  BOOST_TEST(sorted(run_source(kafka_source(o, make_text_format())))
               == (std::vector<std::string>{"100", "101", "42", "43", "44"}),
             boost::test_tools::per_element());
  o.bounded = kafka_offsets::specific({{{"some", 0}, 45}}); // of the other partition: nothing
  BOOST_TEST(sorted(run_source(kafka_source(o, make_text_format()))) == numbered(42, 45),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(topics_are_found_by_pattern) {
  broker.create_topic("logs-a", 1);
  broker.create_topic("logs-b", 1);
  broker.create_topic("other", 1);
  client.produce_values("logs-a", 0, {"a"});
  client.produce_values("logs-b", 0, {"b"});
  client.produce_values("other", 0, {"c"});
  auto o = source("");
  o.topics.clear();
  o.topic_pattern = "logs-.*";
  BOOST_TEST(sorted(run_source(kafka_source(o, make_text_format())))
               == (std::vector<std::string>{"a", "b"}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(function_sees_the_whole_record) {
  broker.create_topic("rich", 2);
  client.produce("rich", {{1, 0, "k", "v", 1'600'000'000'123, {{"h", "1"}, {"h", "2"}, {"g", ""}}},
                          {1, 0, std::nullopt, std::nullopt, 1'600'000'000'456, {}}});
  auto describe = [](const kafka_record& r) {
    auto text = fmt::format("{}:{}:{} {}={} @{}", r.topic, r.partition, r.offset,
                            r.key.value_or("null"), r.value.value_or("null"), r.time);
    for (auto& h : r.headers()) text += fmt::format(" {}:{}", h.name, *h.value);
    BOOST_TEST((r.time_type == kafka_timestamp_type::create_time));
    BOOST_TEST(r.header("h").value_or("none") == (r.value ? "2" : "none"));
    return text;
  };
  auto found = run_source(kafka_source(source("rich"), kafka_record_as<std::string>(describe)));
  BOOST_TEST(found
               == (std::vector<std::string>{"rich:1:0 k=v @1600000000123000 h:1 h:2 g:",
                                            "rich:1:1 null=null @1600000000456000"}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(function_may_leave_records_out) {
  broker.create_topic("odd", 1);
  client.produce_values("odd", 0, numbered(0, 10));
  auto odd = [](const kafka_record& r) -> std::optional<int> {
    auto n = std::stoi(std::string(*r.value));
    return n % 2 ? std::optional(n) : std::nullopt;
  };
  BOOST_TEST(run_source(kafka_source(source("odd"), kafka_record_as<int>(odd)))
               == (std::vector<int>{1, 3, 5, 7, 9}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(event_time_is_the_records_timestamp) {
  broker.create_topic("timed", 1);
  client.produce("timed", {{0, 0, {}, "a", 1000, {}}, {0, 0, {}, "b", 61'000, {}}});
  stream_environment env;
  auto counts = env
                  .from_source(kafka_source(source("timed"), make_text_format()),
                               watermark_strategy<std::string>::for_monotonous_timestamps())
                  .map([](const std::string&) { return 1; })
                  .key_by([](int) { return 0; })
                  .window(tumbling_event_time_windows(60s))
                  .reduce([](int a, int b) { return a + b; })
                  .execute_and_collect("windows");
  BOOST_TEST(counts == (std::vector<int>{1, 1}), boost::test_tools::per_element());
}

// One partition is read to its end before the other has said anything: its end must not let time
// jump past the other's records.
BOOST_AUTO_TEST_CASE(partition_without_a_record_yet_holds_back_event_time) {
  broker.create_topic("apart", 2);
  client.produce("apart", {{0, 0, {}, "late", 900'000, {}}, {0, 0, {}, "later", 901'000, {}}});
  client.produce("apart", {{1, 0, {}, "early", 1000, {}}});
  stream_environment env;
  env.set_parallelism(1);
  auto counts = env
                  .from_source(kafka_source(source("apart"), make_text_format()),
                               watermark_strategy<std::string>::for_monotonous_timestamps())
                  .map([](const std::string&) { return 1; })
                  .key_by([](int) { return 0; })
                  .window(tumbling_event_time_windows(10s))
                  .reduce([](int a, int b) { return a + b; })
                  .execute_and_collect("windows");
  BOOST_TEST(counts == (std::vector<int>{1, 2}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(json_messages_may_hold_line_ends) {
  broker.create_topic("json", 1);
  client.produce_values("json", 0,
                        {"{\"user\":\"a\",\n \"count\":1}", R"({"user":"b","count":2})"});
  BOOST_TEST((run_source(kafka_source(source("json"), make_json_format<click>()))
              == std::vector<click>{{"a", 1}, {"b", 2}}));
}

BOOST_AUTO_TEST_CASE(csv_messages_may_hold_several_lines) {
  broker.create_topic("csv", 1);
  client.produce_values("csv", 0, {"a,1\nb,2\n", "\"c\nc\",3", ""});
  BOOST_TEST((run_source(kafka_source(source("csv"), make_csv_format<click>()))
              == std::vector<click>{{"a", 1}, {"b", 2}, {"c\nc", 3}}));
}

BOOST_AUTO_TEST_CASE(keys_and_values_through_formats) {
  broker.create_topic("entries", 1);
  client.produce("entries", {{0, 0, "k1", R"({"user":"a","count":1})", -1, {}},
                             {0, 0, "k2", std::nullopt, -1, {}},
                             {0, 0, std::nullopt, R"({"user":"b","count":2})", -1, {}}});
  auto found
    = run_source(kafka_source(source("entries"), kafka_entry_as<std::string, click>(
                                                   make_text_format(), make_json_format<click>())));
  using entry = kafka_entry<std::string, click>;
  BOOST_TEST((found == std::vector<entry>{{"k1", click{"a", 1}}, {"k2", {}}, {{}, click{"b", 2}}}));
}

BOOST_AUTO_TEST_CASE(bad_record_fails_with_its_place) {
  broker.create_topic("bad", 2);
  client.produce_values("bad", 1, {R"({"user":"a","count":1})", "{oops"});
  must_say(message_of([&] { run_source(kafka_source(source("bad"), make_json_format<click>())); }),
           {"bad:1:1", "{oops", "kafka topic bad"});
}

BOOST_AUTO_TEST_CASE(bad_records_follow_the_policy) {
  broker.create_topic("bad", 1);
  client.produce("bad", {{0, 0, {}, "{oops", -1, {}},
                         {0, 0, {}, R"({"user":"a","count":"x"})", -1, {}},
                         {0, 0, {}, std::nullopt, -1, {}},
                         {0, 0, {}, R"({"user":"b","count":2})", -1, {}}});
  auto run = [&](json_options json) {
    auto typed = kafka_source(source("bad"), make_json_format<click>(std::move(json)));
    auto enumerator = typed->make_enumerator(1);
    auto reader = typed->make_reader();
    fake_io_context context;
    reader->open(context);
    reader->add_splits(enumerator->discover());
    std::vector<click> found;
    typed_batch<click> out;
    for (auto give_up = std::chrono::steady_clock::now() + 20s;;) {
      context.pump();
      out.clear();
      auto status = reader->poll(out, 100).status;
      found.insert(found.end(), out.begin(), out.end());
      if (status == poll_result::state::finished) break;
      BOOST_REQUIRE(std::chrono::steady_clock::now() < give_up);
    }
    context.pump();
    BOOST_TEST(context.counted("records_without_value") == 1U);
    return std::tuple(found, context.counted("records_skipped"), context.counted("fields_nulled"),
                      context.counted("records_diverted"));
  };
  json_options json;
  json.errors = on_error::skip;
  BOOST_TEST((run(json) == std::tuple(std::vector<click>{{"b", 2}}, 2U, 0U, 0U)));
  json.errors = on_error::null_field;
  BOOST_TEST((run(json) == std::tuple(std::vector<click>{{"a", 0}, {"b", 2}}, 1U, 1U, 0U)));
  std::vector<std::string> places;
  json.errors = on_error::divert;
  json.divert = [&](const bad_record& r) { places.push_back(r.place + " " + r.text); };
  BOOST_TEST((run(json) == std::tuple(std::vector<click>{{"b", 2}}, 0U, 0U, 2U)));
  BOOST_TEST(
    places == (std::vector<std::string>{"bad:0:0 {oops", R"(bad:0:1 {"user":"a","count":"x"})"}),
    boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(snapshot_goes_on_behind_the_last_record) {
  broker.create_topic("snap", 1);
  client.produce_values("snap", 0, numbered(0, 100));
  auto typed = kafka_source(source("snap"), make_text_format());
  auto splits = typed->make_enumerator(1)->discover();
  BOOST_REQUIRE(splits.size() == 1U);
  BOOST_TEST(splits[0].id == "snap:0");
  std::vector<std::string> found;
  auto read = [&](std::size_t wanted) {
    fake_io_context context;
    auto reader = typed->make_reader();
    reader->open(context);
    reader->add_splits(splits);
    typed_batch<std::string> out;
    bool more = true;
    for (auto give_up = std::chrono::steady_clock::now() + 20s; more && found.size() < wanted;) {
      context.pump();
      out.clear();
      more = reader->poll(out, 7).status != poll_result::state::finished;
      found.insert(found.end(), out.begin(), out.end());
      BOOST_REQUIRE(std::chrono::steady_clock::now() < give_up);
    }
    splits = reader->snapshot();
    context.pump();
  };
  read(30);
  BOOST_TEST(found.size() == 35U);
  read(1000);
  BOOST_TEST(found == numbered(0, 100), boost::test_tools::per_element());
  BOOST_TEST(splits.empty());
}

BOOST_AUTO_TEST_CASE(new_partition_is_read_while_others_go_on) {
  broker.create_topic("grow-a", 1);
  client.produce_values("grow-a", 0, {"old"});
  auto o = source("");
  o.topics.clear();
  o.topic_pattern = "grow-.*";
  o.bounded.reset();
  o.starting_offsets = kafka_offsets::latest(); // does not hold for what appears later
  o.partition_discovery_interval = 50ms;
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<std::string> found;
  stream_environment env;
  env.from_source(kafka_source(o, make_text_format())).add_sink([&](const std::string& s) {
    std::lock_guard lock(mutex);
    found.push_back(s);
    changed.notify_all();
  });
  auto job = env.execute_async("grow");
  auto wait_for = [&](const std::string& what, std::chrono::milliseconds limit) {
    std::unique_lock lock(mutex);
    return changed.wait_for(
      lock, limit, [&] { return std::find(found.begin(), found.end(), what) != found.end(); });
  };
  do { // until the source has found out where the latest offset was
    client.produce_values("grow-a", 0, {"tick"});
  } while (!wait_for("tick", 200ms));
  broker.create_topic("grow-b", 1);
  client.produce_values("grow-b", 0, {"new"});
  BOOST_TEST(wait_for("new", 20s));
  BOOST_TEST(!wait_for("old", 1ms));
  job.cancel();
  BOOST_CHECK_THROW(job.wait(), job_cancelled);
}

// -- sink ---------------------------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(writes_values_with_keys_to_the_javas_partition) {
  broker.create_topic("out", 3);
  stream_environment env;
  env.from_collection(numbered(0, 1000))
    .sink_to(kafka_sink("out",
                        kafka_value_from<std::string>(make_text_encoder(),
                                                      [](const std::string& s) { return "k" + s; }),
                        sink()));
  env.execute("write");
  auto records = client.read("out", 3);
  BOOST_TEST(sorted(texts(records)) == sorted(numbered(0, 1000)), boost::test_tools::per_element());
  std::set<std::int32_t> used;
  for (auto& r : records) {
    used.insert(r.partition);
    BOOST_TEST(*r.key == "k" + *r.value);
  }
  BOOST_TEST(used.size() == 3U);
}

BOOST_AUTO_TEST_CASE(message_function_writes_tombstones_headers_and_topics) {
  broker.create_topic("a", 2);
  broker.create_topic("b", 2);
  stream_environment env;
  auto fill = [](const std::string& s, kafka_message& m) {
    m.key = s;
    if (s == "gone") return;
    m.value = "";
    m.topic = s;
    m.partition = 1;
    m.headers = {{"from", "test"}, {"null", std::nullopt}};
    m.time = 5'000'000;
  };
  env.from_collection(std::vector<std::string>{"a", "b", "gone"})
    .sink_to(kafka_sink("a", kafka_message_from<std::string>(fill), sink()));
  env.execute("write");
  auto in_a = client.read("a", 2);
  auto in_b = client.read("b", 2);
  BOOST_REQUIRE(in_a.size() == 2U);
  BOOST_REQUIRE(in_b.size() == 1U);
  BOOST_TEST(in_b[0].partition == 1);
  BOOST_TEST((in_b[0].value == ""));
  BOOST_TEST(in_b[0].milliseconds == 5000);
  BOOST_REQUIRE(in_b[0].headers.size() == 2U);
  BOOST_TEST(in_b[0].headers[0].second == "test");
  auto gone = std::find_if(in_a.begin(), in_a.end(), [](auto& r) { return r.key == "gone"; });
  BOOST_REQUIRE(gone != in_a.end());
  BOOST_TEST(!gone->value);
}

BOOST_AUTO_TEST_CASE(partitioners) {
  broker.create_topic("fixed", 3);
  broker.create_topic("round", 3);
  auto write = [&](const char* topic, kafka_partitioner partitioner) {
    auto o = sink();
    o.partitioner = partitioner;
    stream_environment env;
    env.set_parallelism(1);
    env.from_collection(numbered(0, 300)).sink_to(kafka_sink(topic, make_text_encoder(), o));
    env.execute("write");
    std::map<std::int32_t, int> counts;
    for (auto& r : client.read(topic, 3)) ++counts[r.partition];
    return counts;
  };
  BOOST_TEST((write("fixed", kafka_partitioner::fixed) == std::map<std::int32_t, int>{{0, 300}}));
  BOOST_TEST((write("round", kafka_partitioner::round_robin)
              == std::map<std::int32_t, int>{{0, 100}, {1, 100}, {2, 100}}));
}

BOOST_AUTO_TEST_CASE(event_time_is_written_as_timestamp) {
  broker.create_topic("timed", 1);
  stream_environment env;
  env.from_collection(std::vector<int>{7})
    .assign_timestamps_and_watermarks(
      watermark_strategy<int>::for_monotonous_timestamps().with_timestamp_assigner(
        [](int n) { return timestamp{n} * 1'000'000; }))
    .sink_to(kafka_sink<int>("timed", make_function_encoder<int>([](int n, std::string& out) {
                               out += std::to_string(n) + "\n";
                             }),
                             sink()));
  env.execute("write");
  auto records = client.read("timed", 1);
  BOOST_REQUIRE(records.size() == 1U);
  BOOST_TEST(records[0].milliseconds == 7000);
  BOOST_TEST((records[0].value == "7"));
}

BOOST_AUTO_TEST_CASE(more_than_the_buffer_holds_goes_through) {
  broker.create_topic("much", 2);
  auto o = sink();
  o.max_buffered_bytes = 1000;
  o.max_buffered_records = 10;
  stream_environment env;
  env.from_collection(numbered(0, 20'000)).sink_to(kafka_sink("much", make_text_encoder(), o));
  env.execute("write");
  BOOST_TEST(client.read("much", 2).size() == 20'000U);
}

BOOST_AUTO_TEST_CASE(broker_that_goes_away_and_comes_back_loses_nothing) {
  broker.create_topic("flaky", 1);
  stream_environment env;
  generator_options options;
  options.count = 3000;
  options.records_per_second = 3000;
  env.from_generator([](std::uint64_t n) { return std::to_string(n); }, options)
    .sink_to(kafka_sink("flaky", make_text_encoder(), sink()));
  auto job = env.execute_async("write");
  BOOST_TEST(!job.wait_for(300ms));
  broker.set_down();
  BOOST_TEST(!job.wait_for(500ms));
  broker.set_up();
  job.wait();
  BOOST_TEST(texts(client.read("flaky", 1)) == numbered(0, 3000), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(refused_record_fails_the_job_with_the_topic) {
  broker.create_topic("strict", 1);
  broker.fail_requests(0, 10 /* MSG_SIZE_TOO_LARGE */, 1);
  must_say(message_of([&] {
             stream_environment env;
             env.from_collection(std::vector<std::string>{"x"})
               .sink_to(kafka_sink("strict", make_text_encoder(), sink()));
             env.execute("write");
           }),
           {"topic strict", "not delivered", "Message size too large"});
}

BOOST_AUTO_TEST_CASE(transactions_are_prepared_and_committed_at_the_end) {
  broker.create_topic("exact", 2);
  auto o = sink();
  o.delivery = kafka_delivery::exactly_once;
  o.transactional_id_prefix = "unit";
  stream_environment env;
  env.from_collection(numbered(0, 5000)).sink_to(kafka_sink("exact", make_text_encoder(), o));
  env.execute("write");
  BOOST_TEST(sorted(texts(client.read("exact", 2))) == sorted(numbered(0, 5000)),
             boost::test_tools::per_element());
}

// Each transaction has a producer of its own, and producers keep no order between each other.
BOOST_AUTO_TEST_CASE(transaction_waits_until_the_one_before_it_is_written) {
  broker.create_topic("order", 1);
  auto o = sink();
  o.delivery = kafka_delivery::exactly_once;
  o.transactional_id_prefix = "order";
  fake_io_context context;
  auto writer = kafka_sink("order", make_text_encoder(), o)->make_writer();
  auto write = [&](std::string text) {
    typed_batch<std::string> records;
    records.push_back(std::move(text));
    writer->write(records);
  };
  writer->open(context, {});
  write("1");
  context.pump();
  BOOST_TEST(writer->ready());
  auto end_first = writer->prepare_commit(1, false);
  BOOST_TEST(!writer->ready());
  write("2"); // taken all the same, and kept
  auto wakeups = context.wakeups();
  auto first = end_first();
  BOOST_TEST(writer->ready());
  BOOST_TEST(context.wakeups() > wakeups);
  context.pump();
  auto second = writer->prepare_commit(2, true)();
  writer->commit(first.committables);
  writer->commit(second.committables);
  BOOST_TEST(texts(client.read("order", 1)) == (std::vector<std::string>{"1", "2"}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(topics_are_made_and_measured) {
  kafka_admin admin(broker.bootstrap_servers());
  broker.create_topic("there", 2);
  BOOST_TEST(!admin.create_topic("there", 5));
  BOOST_TEST(admin.num_offsets("there") == 0U);
  client.produce_values("there", 0, {"a", "b"});
  client.produce_values("there", 1, {"c"});
  BOOST_TEST(admin.num_offsets("there") == 3U);
  broker.set_down();
  kafka_admin lost(broker.bootstrap_servers(), {}, 300ms);
  auto where = broker.bootstrap_servers();
  must_say(message_of([&] { lost.create_topic("x", 1); }), {"topic x", where.c_str()});
  must_say(message_of([&] { lost.num_offsets("x"); }), {"topic x", where.c_str()});
}

BOOST_AUTO_TEST_CASE(commit_is_repeated_while_its_outcome_is_unknown) {
  broker.create_topic("again", 1);
  broker.fail_requests(26 /* EndTxn */, 16 /* NOT_COORDINATOR */, 2);
  auto o = sink();
  o.delivery = kafka_delivery::exactly_once;
  o.transactional_id_prefix = "again";
  stream_environment env;
  env.from_collection(numbered(0, 10)).sink_to(kafka_sink("again", make_text_encoder(), o));
  env.execute("write");
  BOOST_TEST(client.read("again", 1).size() == 10U);
}

BOOST_AUTO_TEST_CASE(lost_transaction_fails_the_job_unless_that_is_tolerated) {
  broker.create_topic("lost", 1);
  auto run = [&](bool tolerate) {
    broker.fail_requests(26 /* EndTxn */, 48 /* INVALID_TXN_STATE */, 1);
    auto o = sink();
    o.delivery = kafka_delivery::exactly_once;
    o.transactional_id_prefix = "lost";
    o.tolerate_lost_transactions = tolerate;
    stream_environment env;
    env.set_parallelism(1);
    env.from_collection(numbered(0, 10)).sink_to(kafka_sink("lost", make_text_encoder(), o));
    env.execute("write");
  };
  must_say(message_of([&] { run(false); }),
           {"topic lost", "records of checkpoint", "are lost", "lost-0of1-0"});
  BOOST_TEST(message_of([&] { run(true); }) == "nothing was thrown");
}

// -- what is wrong is said ------------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(unreachable_broker_is_an_error_in_bounded_time) {
  auto begin = std::chrono::steady_clock::now();
  kafka_source_options in;
  in.bootstrap_servers = "127.0.0.1:1";
  in.topics = {"t"};
  in.connect_timeout = 1s;
  must_say(message_of([&] { run_source(kafka_source(in, make_text_format())); }),
           {"topic t", "127.0.0.1:1", "Connection refused"});
  for (auto delivery : {kafka_delivery::at_least_once, kafka_delivery::exactly_once}) {
    kafka_sink_options out;
    out.bootstrap_servers = "127.0.0.1:1";
    out.connect_timeout = 1s;
    out.delivery_timeout = 1s;
    out.delivery = delivery;
    if (delivery == kafka_delivery::exactly_once) out.transactional_id_prefix = "p";
    must_say(message_of([&] {
               stream_environment env;
               env.from_collection(std::vector<std::string>{"x"})
                 .sink_to(kafka_sink("t", make_text_encoder(), out));
               env.execute("write");
             }),
             {"t", "127.0.0.1:1"});
  }
  BOOST_TEST((std::chrono::steady_clock::now() - begin < 30s));
}

BOOST_AUTO_TEST_CASE(wrong_options_are_refused_before_anything_runs) {
  auto source_says = [&](auto change, std::initializer_list<const char*> parts) {
    auto o = source("t");
    change(o);
    must_say(message_of([&] { kafka_source(o, make_text_format())->validate(); }), parts);
  };
  source_says([](auto& o) { o.bootstrap_servers.clear(); }, {"bootstrap_servers"});
  source_says([](auto& o) { o.topics.clear(); }, {"topics or topic_pattern"});
  source_says([](auto& o) { o.topic_pattern = "x"; }, {"topics or topic_pattern"});
  source_says([](auto& o) { o.topics.clear(), o.topic_pattern = "("; }, {"regular expression"});
  source_says([](auto& o) { o.topics = {"t", "t"}; }, {"twice"});
  source_says([](auto& o) { o.starting_offsets = kafka_offsets::committed(); }, {"group_id"});
  source_says([](auto& o) { o.bounded = kafka_offsets::earliest(); }, {"bounded"});
  source_says([](auto& o) { o.properties["fetch.min.bites"] = "1"; }, {"fetch.min.bites"});
  source_says([](auto& o) { o.properties["fetch.min.bytes"] = "x"; }, {"fetch.min.bytes"});
  source_says([](auto& o) { o.properties["group.id"] = "x"; }, {"group.id", "group_id"});
  source_says([](auto& o) { o.properties["auto.offset.reset"] = "latest"; },
              {"auto.offset.reset", "committed"});
  csv_options csv;
  csv.header = csv_header::by_name;
  must_say(message_of([&] { kafka_source(source("t"), make_csv_format<click>(csv))->validate(); }),
           {"header"});

  csv.header = csv_header::none;
  csv.write_header = true;
  must_say(message_of([&] { kafka_sink("t", make_csv_encoder<click>(csv), sink())->validate(); }),
           {"kafka sink", "header"});
  must_say(message_of([&] { kafka_sink("t", make_json_encoder<row>(), sink())->validate(); }),
           {"JSON", "row_schema"});

  auto sink_says = [&](auto change, std::initializer_list<const char*> parts) {
    auto o = sink();
    change(o);
    must_say(message_of([&] { kafka_sink("t", make_text_encoder(), o)->validate(); }), parts);
  };
  sink_says([](auto& o) { o.delivery = kafka_delivery::exactly_once; },
            {"transactional_id_prefix"});
  sink_says([](auto& o) { o.transactional_id_prefix = "p"; }, {"exactly_once only"});
  sink_says([](auto& o) { o.properties["transactional.id"] = "p"; }, {"transactional_id_prefix"});
  sink_says([](auto& o) { o.properties["acks"] = "several"; }, {"acks"});
  sink_says([](auto& o) { o.max_buffered_bytes = 0; }, {"max_buffered_bytes"});
  sink_says(
    [](auto& o) {
      o.delivery = kafka_delivery::exactly_once;
      o.transactional_id_prefix = "p";
      o.properties["security.protocol"] = "ssl";
    },
    {"security.protocol", "not support"});
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace sluice::testing
