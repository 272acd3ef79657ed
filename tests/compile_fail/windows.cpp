// Functions of the wrong shape on windows.
#include "sluice/sluice.hpp"

#include <chrono>
#include <string>

using namespace std::chrono_literals;

struct order {
  std::int64_t id;
  double price;
};

struct no_result {
  int create_accumulator() { return 0; }
  void add(int&, const order&) {}
};

struct of_another_record : no_result {
  void add(int&, const std::string&) {}
  int get_result(int acc) { return acc; }
};

using orders_t = sluice::data_stream<order>;

auto windows_of(const orders_t& orders) {
  return orders.key_by(&order::id).window(sluice::tumbling_event_time_windows(1s));
}

void assigner(const orders_t& orders) {
  // error: window(assigner): this is none of the assigners of api/window.hpp
  orders.key_by(&order::id).window(1s).allowed_lateness(1s).sum(&order::price).print();
}

void assigner_of_all(const orders_t& orders) {
  // error: window_all(assigner): this is none of the assigners of api/window.hpp
  orders.window_all(10).sum<1>().print();
}

void reduce_function(const orders_t& orders) {
  // error: reduce(f) of windows: f must be copyable, take two records (const T&, const T&)
  windows_of(orders).reduce([](double a, double b) { return a + b; }).print();
}

void reduce_then_function(const orders_t& orders) {
  auto first = [](const order& a, const order&) { return a; };
  // error: reduce(f, function) of windows: f must take two records and return one of the same type
  windows_of(orders).reduce(first, [](const order&, sluice::collector<int>&) {}).print();
}

void aggregate_without_result(const orders_t& orders) {
  // error: aggregate(f): f must be copyable and have Acc create_accumulator(), add(Acc&, const T&)
  windows_of(orders).aggregate(no_result{}).map([](int x) { return x; }).print();
}

void aggregate_of_another_record(const orders_t& orders) {
  // error: aggregate(f): f must be copyable and have Acc create_accumulator(), add(Acc&, const T&)
  windows_of(orders).aggregate(of_another_record{}).print();
}

void aggregate_then_function(const orders_t& orders) {
  auto count = sluice::aggregates::count();
  // error: aggregate(f, function): f must have Acc create_accumulator(), add(Acc&, const T&)
  windows_of(orders).aggregate(count, [](int, sluice::collector<int>&) {}).print();
}

void process_function(const orders_t& orders) {
  // error: process(function) of windows: function must take, or have a process() that takes
  windows_of(orders).process([](const std::vector<order>&, sluice::collector<int>&) {}).print();
}

void sum_of_no_field(const orders_t& orders) {
  // error: sum(field): field must be a pointer to a member of the record, or take a record
  windows_of(orders).sum([](const order& o) { return o.price; }).print();
}
