/// A cluster whose workers are hosts of their own, on a network that fails: nothing is lost,
/// nothing doubled.
#include "support/killed_job.hpp"
#include "support/network_namespaces.hpp"

#include <boost/test/tree/decorator.hpp>
#include <boost/test/unit_test.hpp>

namespace sluice::testing {

BOOST_AUTO_TEST_SUITE(cluster_network)

namespace {

using boost::unit_test::precondition;
using std::chrono::milliseconds;
using std::chrono::seconds;

/// The coordinator on host 0, workers on the others.
struct networked_job : killed_job {
  /// The spare joins when the job runs on three others.
  networked_job(std::int64_t records, int seconds_without_failures, bool spare)
    : killed_job(records, seconds_without_failures), net(spare ? 5 : 4) {
    auto on = [&](int host) {
      return cluster_processes::settings{{"SLUICE_COORDINATOR", net.address(0) + ":7070"},
                                         {"SLUICE_BIND", net.address(host)},
                                         {"SLUICE_ALLOW_INSECURE", "true"}};
    };
    processes.start_coordinator(on(0), net.launcher(0));
    for (int i = 1; i <= 3; ++i) processes.start_worker(on(i), net.launcher(i));
    BOOST_TEST(processes.wait_for_log("running, attempt 1", seconds(20)), processes.log());
    if (spare) processes.start_worker(on(4), net.launcher(4));
  }

  void finish() {
    BOOST_TEST((processes.wait_for_coordinator(seconds(120)) == 0), processes.log());
    check_output();
  }

  network_namespaces net;
};

} // namespace

BOOST_AUTO_TEST_CASE(a_partition_is_survived_and_a_healed_host_is_used_again,
                     *precondition(network_namespaces::available)) {
  networked_job job(100000, 12, true);
  auto& p = job.processes;
  BOOST_TEST(!p.wait_for_coordinator(seconds(2)).has_value());
  job.net.disconnect(2);
  BOOST_TEST(p.wait_for_log("is lost: no heartbeat", seconds(20)), p.log());
  BOOST_TEST(p.wait_for_log("running, attempt 2", seconds(20)), p.log());
  BOOST_TEST(p.wait_for_log("looking for a coordinator", seconds(20)), p.log());
  job.net.reconnect(2);
  BOOST_TEST(!p.wait_for_coordinator(seconds(1)).has_value());
  job.net.disconnect(3); // only with the one that was away are there three
  job.finish();
}

BOOST_AUTO_TEST_CASE(a_short_partition_is_no_failure,
                     *precondition(network_namespaces::available)) {
  networked_job job(50000, 6, false);
  auto& p = job.processes;
  BOOST_TEST(!p.wait_for_coordinator(seconds(1)).has_value());
  job.net.disconnect(2);
  BOOST_TEST(!p.wait_for_coordinator(milliseconds(700)).has_value());
  job.net.reconnect(2);
  job.finish();
  BOOST_TEST(p.log().find("attempt 2") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(connections_that_are_half_open_are_found,
                     *precondition(network_namespaces::available)) {
  networked_job job(100000, 8, true);
  auto& p = job.processes;
  BOOST_TEST(!p.wait_for_coordinator(seconds(1)).has_value());
  job.net.disconnect(1); // what its death says is not heard
  p.kill_worker(0);
  BOOST_TEST(p.wait_for_log("running, attempt 2", seconds(20)), p.log());
  job.finish();
}

BOOST_AUTO_TEST_CASE(a_coordinator_that_is_cut_off_goes_on_when_it_is_back,
                     *precondition(network_namespaces::available)) {
  networked_job job(100000, 10, false);
  auto& p = job.processes;
  BOOST_TEST(!p.wait_for_coordinator(seconds(2)).has_value());
  job.net.disconnect(0);
  BOOST_TEST(p.wait_for_log("looking for a coordinator", seconds(20)), p.log());
  BOOST_TEST(!p.wait_for_coordinator(seconds(1)).has_value());
  job.net.reconnect(0);
  job.finish();
}

BOOST_AUTO_TEST_CASE(a_slow_network_that_loses_packets_costs_time_only,
                     *precondition(network_namespaces::can_impair)) {
  networked_job job(30000, 4, false);
  job.net.impair(2, "delay 20ms 5ms loss 2%");
  job.finish();
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace sluice::testing
