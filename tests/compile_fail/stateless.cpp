// Functions of the wrong shape on plain streams. What is chained behind brings no further errors.
#include "sluice/sluice.hpp"

#include <memory>
#include <string>

struct order {
  std::int64_t id;
  std::string item;
};

void generator(const sluice::stream_environment& env) {
  // error: from_generator(f): f must be copyable, take a record's number (uint64_t) and return the
  env.from_generator([](const std::string& s) { return s; }).map([](int x) { return x; }).print();
}

void map_function(const sluice::data_stream<order>& orders) {
  // error: map(f): f must be copyable, take a record (const T&) and return a value
  orders.map([](const std::string& s) { return s; }).filter([](int) { return true; }).print();
}

void map_that_returns_nothing(const sluice::data_stream<order>& orders) {
  // error: map(f): f must be copyable, take a record (const T&) and return a value
  orders.map([](const order&) {}).name("nothing").print();
}

void map_that_changes_its_record(const sluice::data_stream<order>& orders) {
  // error: map(f): f must be copyable, take a record (const T&) and return a value
  orders.map([](order& o) { return o.id; }).sum<1>().execute_and_collect();
}

void map_that_cannot_be_copied(const sluice::data_stream<order>& orders) {
  // error: map(f): f must be copyable, take a record (const T&) and return a value
  orders.map([owned = std::make_unique<int>(1)](const order&) { return *owned; }).print();
}

void filter_function(const sluice::data_stream<order>& orders) {
  // error: filter(f): f must be copyable, take a record (const T&) and return a bool
  orders.filter([](const order& o) { return o.item; }).map([](const order& o) { return o.id; });
}

void flat_map_function(const sluice::data_stream<order>& orders) {
  // error: flat_map(f): f must be copyable and take a record (const T&) and return a range, or
  orders.flat_map([](const order& o) { return o.id; }).print();
}

void flat_map_into_auto(const sluice::data_stream<order>& orders) {
  // error: take a record and a collector<Out>& (of an `auto` one, say what is collected
  orders.flat_map([](const order& o, auto& out) { out.collect(o.id); }).print();
}

void process_function(const sluice::data_stream<order>& orders) {
  // error: process(f): f must be copyable and take, or have a process_element() that takes
  orders.process([](const order&, sluice::collector<int>&) {}).get_side_output(0).print();
}

void sink_function(const sluice::data_stream<order>& orders) {
  // error: add_sink(f): f must be copyable and take, or have an invoke() that takes, a record
  orders.add_sink([](int) {}).name("wrong").set_parallelism(1);
}

void sink_of_another_type(const sluice::data_stream<order>& orders) {
  // error: sink_to(to): the sink takes records of another type than the stream's
  orders.sink_to(std::make_shared<sluice::print_sink<std::string>>()).name("wrong");
}

void custom_partitioner(const sluice::data_stream<order>& orders) {
  // error: partition_custom(p, key_of): key_of must take a record (const T&) and return its key
  orders.partition_custom([](const std::string&) { return 0; }, &order::item).print();
}

void timestamps(const sluice::data_stream<order>& orders) {
  auto strategy = sluice::watermark_strategy<order>::for_monotonous_timestamps();
  // error: with_timestamp_assigner(f): f must take a record (const T&) and return its time
  auto wrong = strategy.with_timestamp_assigner([](const order& o) { return o.item; });
  orders.assign_timestamps_and_watermarks(wrong).print();
}
