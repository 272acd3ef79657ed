/// What users hear of the network layer.
#include "sluice/cluster/network.hpp"

#include <boost/test/unit_test.hpp>
#include <caf/exit_reason.hpp>
#include <caf/sec.hpp>

#include <string>

namespace sluice::testing {

BOOST_AUTO_TEST_SUITE(network_errors)

using cluster::plain_words;

BOOST_AUTO_TEST_CASE(errors_of_the_actor_framework_are_told_in_plain_words) {
  BOOST_TEST(plain_words(caf::make_error(caf::sec::request_timeout)) == "no answer came in time");
  BOOST_TEST(plain_words(caf::make_error(caf::sec::runtime_error, "the coordinator ends"))
             == "the coordinator ends");
  BOOST_TEST(plain_words(caf::make_error(caf::sec::no_actor_published_at_port))
             == "nobody is published there");
  for (auto& e : {caf::make_error(caf::sec::request_receiver_down),
                  caf::make_error(caf::sec::socket_disconnected),
                  caf::make_error(caf::exit_reason::remote_link_unreachable)})
    BOOST_TEST(plain_words(e) == "the connection to it is lost");
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace sluice::testing
