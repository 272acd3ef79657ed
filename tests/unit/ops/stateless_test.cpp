#include "sluice/ops/stateless.hpp"

#include "support/operator_harness.hpp"

#include <boost/test/unit_test.hpp>

namespace {

using namespace sluice;
using namespace sluice::testing;

template <class Operator, class... Args>
operator_factory factory_of(Args... args) {
  return [=] { return std::make_unique<Operator>(args...); };
}

template <class In, class Out, class F>
operator_factory map(F f) {
  return factory_of<ops::map_operator<In, Out, F>>(f);
}

template <class T, class F>
operator_factory filter(F f) {
  return factory_of<ops::filter_operator<T, F>>(f);
}

template <class In, class Out, class F>
operator_factory flat_map(F f) {
  return factory_of<ops::flat_map_operator<In, Out, F>>(f);
}

BOOST_AUTO_TEST_SUITE(stateless_operators)

BOOST_AUTO_TEST_CASE(map_changes_records_and_keeps_timestamps) {
  operator_harness<int> in_place(map<int, int>([](int x) { return 2 * x; }));
  in_place.feed_timed<int>({{1, 10}, {2, 20}});
  in_place.feed<int>({3});
  BOOST_CHECK_EQUAL(in_place.out.take(), "2@10 4@20 6");

  operator_harness<double> to_trivial(map<int, double>([](int x) { return 0.5 * x; }));
  to_trivial.feed_timed<int>({{1, 10}, {2, 20}});
  to_trivial.feed<int>({3});
  BOOST_CHECK_EQUAL(to_trivial.out.take(), "0.5@10 1.0@20 1.5");

  operator_harness<std::string> to_string(map<int, std::string>([](int x) { return to_text(x); }));
  to_string.feed_timed<int>({{1, 10}, {2, 20}});
  to_string.feed<int>({3});
  to_string.feed_timed<int>({{4, 40}});
  BOOST_CHECK_EQUAL(to_string.out.take(), "1@10 2@20 3 4@40");
}

BOOST_AUTO_TEST_CASE(map_counts_the_bytes_of_what_it_makes) {
  operator_harness<std::string> h(
    map<std::string, std::string>([](const std::string& s) { return s + std::string(100, 'x'); }));
  h.feed<std::string>({"a", "b"});
  BOOST_CHECK_EQUAL(h.op().ports()[0].num_records(), 2u);
  BOOST_CHECK_GE(h.op().ports()[0].num_bytes(), 202u);
}

BOOST_AUTO_TEST_CASE(filter_keeps_what_is_accepted_with_its_timestamp) {
  operator_harness<int> numbers(filter<int>([](int x) { return x % 3 == 0; }));
  numbers.feed_timed<int>({{1, 10}, {3, 30}, {6, 60}, {7, 70}, {9, 90}});
  numbers.feed<int>({1, 2});
  numbers.feed<int>({3});
  BOOST_CHECK_EQUAL(numbers.out.take(), "3@30 6@60 9@90 3");

  operator_harness<std::string> texts(filter<std::string>([](auto& s) { return s.size() > 1; }));
  texts.feed_timed<std::string>({{"a", 1}, {"bb", 2}, {"c", 3}, {"dd", 4}});
  BOOST_CHECK_EQUAL(texts.out.take(), "bb@2 dd@4");
}

BOOST_AUTO_TEST_CASE(filter_that_keeps_nothing_sends_nothing) {
  operator_harness<int> h(filter<int>([](int) { return false; }));
  h.feed<int>({1, 2, 3});
  BOOST_CHECK_EQUAL(h.out.num_batches, 0u);
}

BOOST_AUTO_TEST_CASE(flat_map_emits_any_number_with_the_time_of_its_record) {
  operator_harness<std::string> h(
    flat_map<int, std::string>([](int n, collector<std::string>& out) {
      for (int i = 0; i < n; ++i) out.collect(to_text(n));
    }));
  h.feed_timed<int>({{0, 5}, {2, 10}, {1, 20}});
  h.feed<int>({1});
  BOOST_CHECK_EQUAL(h.out.take(), "2@10 2@10 1@20 1");
}

struct counted_word {
  std::string word;
  std::int64_t count = 0;
};

BOOST_AUTO_TEST_CASE(emplaced_records_reuse_those_sent_before) {
  operator_harness<counted_word> h(
    flat_map<int, counted_word>([](int n, collector<counted_word>& out) {
      out.emplace(std::string_view("a word that needs memory of its own"), n);
      out.emplace("b", 2 * n);
    }));
  h.feed_timed<int>({{1, 10}});
  h.feed_timed<int>({{2, 20}, {3, 30}});
  h.feed<int>({4});
  BOOST_CHECK_EQUAL(h.out.take(), "(a word that needs memory of its own, 1)@10 (b, 2)@10 "
                                  "(a word that needs memory of its own, 2)@20 (b, 4)@20 "
                                  "(a word that needs memory of its own, 3)@30 (b, 6)@30 "
                                  "(a word that needs memory of its own, 4) (b, 8)");
}

BOOST_AUTO_TEST_CASE(flat_map_hands_on_large_results_batch_by_batch) {
  operator_harness<int> h(flat_map<int, int>([](int n, collector<int>& out) {
    for (int i = 0; i < n; ++i) out.collect(i);
  }));
  h.feed<int>({100'000});
  BOOST_CHECK_EQUAL(h.out.records.size(), 100'000u);
  BOOST_CHECK_GT(h.out.num_batches, 10u);
}

BOOST_AUTO_TEST_CASE(a_record_with_its_own_time_may_be_mixed_with_others) {
  operator_harness<int> h(flat_map<int, int>([](int n, collector<int>& out) {
    out.collect(n);
    out.collect_with_timestamp(n, 100 + n);
    out.collect(n);
  }));
  h.feed<int>({1});
  h.feed_timed<int>({{2, 5}});
  BOOST_CHECK_EQUAL(h.out.take(), "1 1@101 1 2@5 2@102 2@5");
}

BOOST_AUTO_TEST_CASE(connected_inputs_have_a_function_each) {
  auto count = [](int n, collector<std::string>& out) { out.collect("number " + to_text(n)); };
  auto text = [](const std::string& s, collector<std::string>& out) { out.collect("text " + s); };
  operator_harness<std::string> h(
    factory_of<
      ops::co_flat_map_operator<int, std::string, std::string, decltype(count), decltype(text)>>(
      count, text));
  h.feed<int>({1}, 0);
  h.feed_timed<std::string>({{"x", 7}}, 1);
  BOOST_CHECK_EQUAL(h.out.take(), "number 1 text x@7");
}

BOOST_AUTO_TEST_CASE(watermarks_and_idleness_pass_through) {
  operator_harness<int> h(map<int, int>([](int x) { return x; }));
  h.watermark(5);
  h.idle(true);
  h.idle(false);
  h.end_of_input();
  BOOST_CHECK((h.out.watermarks == std::vector<timestamp>{5, max_timestamp}));
  BOOST_CHECK((h.out.statuses == std::vector<bool>{true, false}));
}

BOOST_AUTO_TEST_CASE(every_consumer_gets_all_records) {
  operator_harness<std::string> h(
    map<std::string, std::string>([](const std::string& s) { return s + "!"; }));
  auto second = h.collect<std::string>(0);
  h.feed_timed<std::string>({{"a", 1}, {"b", 2}});
  BOOST_CHECK_EQUAL(h.out.take(), "a!@1 b!@2");
  BOOST_CHECK_EQUAL(second->take(), "a!@1 b!@2");
}

BOOST_AUTO_TEST_CASE(what_a_function_throws_is_reported_with_the_record_s_time) {
  auto fails = [](int x) {
    if (x == 3) throw std::runtime_error("three");
    return x;
  };
  operator_harness<int> h(map<int, int>(fails));
  BOOST_CHECK_EXCEPTION(h.feed_timed<int>({{1, 10}, {3, 30}}), user_function_error, [](auto& e) {
    return std::string(e.what()) == "three" && e.record_time() == 30;
  });
  BOOST_CHECK_EXCEPTION(h.feed<int>({3}), user_function_error,
                        [](auto& e) { return !e.record_time(); });
  operator_harness<int> odd(map<int, int>([](int) -> int { throw 5; }));
  BOOST_CHECK_EXCEPTION(odd.feed<int>({3}), user_function_error, [](auto& e) {
    return std::string(e.what()) == "an exception of type int";
  });
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
