/// Kafka in and out: clicks are read from a topic, counted per user, and written to another one.
/// The broker is in the process; with a real one only the address differs.
#include "sluice/connect/format/json.hpp"
#include "sluice/connect/kafka/embedded_broker.hpp"
#include "sluice/connect/kafka/kafka_sink.hpp"
#include "sluice/connect/kafka/kafka_source.hpp"
#include "sluice/sluice.hpp"

#include <boost/describe.hpp>

#include <iostream>

struct click {
  std::string user;
  int count = 1;
};
BOOST_DESCRIBE_STRUCT(click, (), (user, count))

int main() {
  sluice::embedded_broker broker;
  broker.create_topic("clicks", 3);
  broker.create_topic("counts", 1);

  // [sink
  sluice::kafka_sink_options to;
  to.bootstrap_servers = broker.bootstrap_servers();
  auto by_user = [](const click& c) { return c.user; }; // the key: it chooses the partition
  auto clicks = sluice::kafka_sink(
    "clicks", sluice::kafka_value_from(sluice::make_json_encoder<click>(), by_user), to);
  // sink]

  sluice::stream_environment produce;
  produce.from_collection(std::vector<click>{{"ann"}, {"bob"}, {"ann"}, {"cid"}, {"ann"}, {"bob"}})
    .sink_to(clicks);
  produce.execute("produce");

  // [source
  sluice::kafka_source_options from;
  from.bootstrap_servers = broker.bootstrap_servers();
  from.topics = {"clicks"};
  from.bounded = sluice::kafka_offsets::latest(); // else it would wait for more, for ever

  sluice::stream_environment env;
  env.from_source(sluice::kafka_source(from, sluice::make_json_format<click>()))
    .key_by([](const click& c) { return c.user; })
    .reduce([](const click& a, const click& b) {
      return click{a.user, a.count + b.count};
    })
    .sink_to(sluice::kafka_sink("counts", sluice::make_json_encoder<click>(), to));
  env.execute("count clicks");
  // source]

  from.topics = {"counts"};
  auto show = [](const sluice::kafka_record& r) { return std::string(*r.value); };
  sluice::stream_environment look;
  for (auto& line :
       look.from_source(sluice::kafka_source(from, sluice::kafka_record_as<std::string>(show)))
         .execute_and_collect("look"))
    std::cout << line << '\n';
}
