// Streams that do not go together, and functions of the wrong shape over two of them.
#include "sluice/sluice.hpp"

#include <string>

struct order {
  std::int64_t id;
  std::string item;
};

struct only_one {
  void process_element1(const order&, sluice::process_context&, sluice::collector<int>&) {}
};

using orders_t = sluice::data_stream<order>;
using names_t = sluice::data_stream<std::string>;

void union_of_two_types(const orders_t& orders, const names_t& names) {
  // error: union_with(others...): all streams of a union must have records of one type; connect()
  orders.union_with(names).map([](int x) { return x; }).print();
}

void co_map_of_the_wrong_record(const orders_t& orders, const names_t& names) {
  // error: connect(b).map(f1, f2): f1 must take a record of the first stream, f2 one of the second
  orders.connect(names).map([](const order& o) { return o.id; }, [](int x) { return x; }).print();
}

void co_map_of_unlike_results(const orders_t& orders, const names_t& names) {
  auto id = [](const order& o) { return o.id; };
  // error: and both must return values of one type (or a common type)
  orders.connect(names).map(id, [](const std::string& s) { return s; }).print();
}

void co_flat_map_of_the_wrong_shape(const orders_t& orders, const names_t& names) {
  auto f1 = [](const order&, sluice::collector<int>&) {};
  // error: connect(b).flat_map(f1, f2): f1 must take a record of the first stream
  orders.connect(names).flat_map(f1, [](const std::string&) {}).print();
}

void co_process_of_half_a_function(const orders_t& orders, const names_t& names) {
  // error: connect(b).process(f): f must have process_element1(const A&, process_context&
  orders.connect(names).process(only_one{}).uid("half").print();
}

void keyed_co_process_of_half_a_function(const orders_t& orders, const names_t& names) {
  auto both = orders.connect(names).key_by(&order::item, [](const std::string& s) { return s; });
  // error: connect(b).process(f) of keyed streams: f must have process_element1(const A&
  both.process(only_one{}).print();
}

void keys_of_two_types(const orders_t& orders, const names_t& names) {
  auto by_name = names.key_by([](const std::string& s) { return s; });
  // error: connect(other): keyed streams must have keys of one type to be connected
  orders.key_by(&order::id).connect(by_name).process(only_one{}).print();
}

void key_of_the_wrong_record(const orders_t& orders, const names_t& names) {
  // error: connect(b).key_by(key_a, key_b): each must take a record of its stream and return
  orders.connect(names).key_by(&order::item, &order::item).process(only_one{}).print();
}

void loop_of_another_type(const orders_t& orders) {
  auto loop = orders.iterate();
  // error: close_with(feedback): the records that come back must be of the type that the loop
  loop.close_with(loop.map([](const order& o) { return o.id; }));
}

void a_mistake_in_another_stream_is_told_once(const orders_t& orders, const names_t& names) {
  // error: filter(f): f must be copyable, take a record (const T&) and return a bool
  auto wrong = orders.filter([](int) { return true; });
  names.union_with(wrong).print();
  names.connect(wrong).map([](int x) { return x; }, [](int x) { return x; }).print();
}
