#include "sluice/table/session/result_queue.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>

namespace {

using namespace sluice;
using namespace sluice::table;
using namespace std::chrono_literals;

void put_row(result_queue& queue) {
  columnar_batch b({data_type::bigint()});
  b.writable(0).append(std::int64_t{1});
  b.set_rows(1);
  queue.put(b);
}

auto in(std::chrono::seconds time) { return std::chrono::steady_clock::now() + time; }

} // namespace

BOOST_AUTO_TEST_SUITE(result_queue_suite)

BOOST_AUTO_TEST_CASE(rows_come_in_order_and_nothing_after_the_deadline) {
  result_queue queue;
  put_row(queue);
  put_row(queue);
  BOOST_TEST(queue.take(in(20s)) != nullptr);
  BOOST_TEST(queue.take(in(20s)) != nullptr);
  BOOST_TEST(queue.take(in(0s)) == nullptr);
}

/// Who took the last rows after the writer had ended was not told so, and waited in vain: each
/// query took 50 ms longer.
BOOST_AUTO_TEST_CASE(the_end_is_seen_behind_the_last_rows) {
  result_queue queue;
  put_row(queue);
  queue.writer_ended();
  BOOST_TEST(queue.take(in(20s)) != nullptr);
  auto begin = std::chrono::steady_clock::now();
  BOOST_TEST(queue.take(begin + 20s) == nullptr);
  BOOST_TEST((std::chrono::steady_clock::now() - begin < 10s));
  BOOST_TEST(queue.take(in(0s)) == nullptr); // said once: another writer may go on
}

BOOST_AUTO_TEST_CASE(a_closed_queue_takes_nothing_and_is_never_full) {
  result_queue queue;
  queue.close();
  put_row(queue);
  BOOST_TEST(queue.take(in(20s)) == nullptr);
  BOOST_TEST(!queue.full());
}

BOOST_AUTO_TEST_SUITE_END()
