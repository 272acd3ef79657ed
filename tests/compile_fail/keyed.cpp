// Functions of the wrong shape on keyed streams.
#include "sluice/sluice.hpp"

#include <string>

struct order {
  std::int64_t id;
  std::string item;
  double price;
};

struct of_another_record {
  void process_element(const std::string&, sluice::process_context&, sluice::collector<int>&) {}
};

struct other_key {
  void process_element(const order&, sluice::keyed_process_context<int>&, sluice::collector<int>&) {
  }
};

using orders_t = sluice::data_stream<order>;

void key_of_another_record(const orders_t& orders) {
  // error: key_by(f): f must be copyable, take a record (const T&) and return its key
  orders.key_by([](const std::string& s) { return s; }).sum(&order::price).print();
}

void key_that_is_none(const orders_t& orders) {
  // error: return its key (a type with == and stable_hash())
  orders.key_by([](const order& o) { return &o; }).process(of_another_record{}).print();
}

void reduce_function(const orders_t& orders) {
  // error: reduce(f): f must be copyable, take two records (const T&, const T&) and return one of
  orders.key_by(&order::id).reduce([](double a, double b) { return a + b; }).print();
}

void reduce_to_another_type(const orders_t& orders) {
  auto f = [](const order& a, const order& b) { return a.price + b.price; };
  // error: reduce(f): f must be copyable, take two records (const T&, const T&) and return one of
  orders.key_by(&order::id).reduce(f).map([](const order& o) { return o.id; }).print();
}

void sum_of_no_field(const orders_t& orders) {
  // error: sum(field): field must be a pointer to a member of the record, or take a record
  orders.key_by(&order::id).sum([](const order& o) { return o.price; }).print();
}

void min_of_a_field_that_can_only_be_changed(const orders_t& orders) {
  // error: min(field): field must be a pointer to a member of the record, or take a record
  orders.key_by(&order::id).min([](order& o) -> double& { return o.price; }).print();
}

void max_by_of_no_field(const orders_t& orders) {
  // error: max_by(field): field must be a pointer to a member of the record, or take a record
  orders.key_by(&order::id).max_by(&std::pair<int, int>::first).print();
}

void sum_of_a_field_that_is_not_there(const orders_t& orders) {
  // error: sum(field): field must be a pointer to a member of the record, or take a record
  orders.key_by(&order::id).sum<5>().print();
}

void process_function_of_another_record(const orders_t& orders) {
  // error: process(f) of a keyed stream: f must be copyable and take, or have a process_element()
  orders.key_by(&order::item).process(of_another_record{}).uid("wrong").print();
}

void process_function_of_another_key(const orders_t& orders) {
  // error: (const T&, keyed_process_context<K>&, collector<Out>&), K being the key's type
  orders.key_by(&order::item).process(other_key{}).print();
}
