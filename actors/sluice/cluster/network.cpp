#include "sluice/cluster/network.hpp"

#include "sluice/cluster/gate_doorman.hpp"
#include "sluice/core/errors.hpp"
#include "sluice/runtime/actor_config.hpp"
#include "sluice/runtime/log.hpp"
#include "sluice/version.hpp"

#include <caf/io/basp_broker.hpp>
#include <caf/io/middleman.hpp>
#include <caf/io/network/multiplexer.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/sec.hpp>
#include <fmt/format.h>

#include <sys/resource.h>

#include <set>
#include <string>
#include <utility>

namespace sluice::cluster {

using namespace runtime;

namespace {

constexpr auto this_release
  = net::release_number(SLUICE_VERSION_MAJOR, SLUICE_VERSION_MINOR, SLUICE_VERSION_PATCH);

/// How long the network layer of this process may take to take over what it is given.
constexpr auto handover = std::chrono::seconds(10);

caf::actor basp_broker_of(caf::actor_system& system) {
  return system.middleman().named_broker<caf::io::basp_broker>(caf::atom("BASP"));
}

} // namespace

network::network(const options& o, std::uint32_t threads, std::unique_ptr<net::gate_link> link)
  : options_(o), link_(std::move(link)),
    config_(std::make_unique<caf::actor_system_config>(make_actor_config(threads))) {
  config_->load<caf::io::middleman>();
  register_messages(*config_);
  precise_timers precise;
  try {
    system_ = std::make_unique<caf::actor_system>(*config_);
  } catch (const std::exception& e) {
    throw io_error(fmt::format("cannot start the network layer: {}", e.what()));
  }
}

network::~network() {
  if (gate_) gate_->close(); // it gives connections to the system, which goes first
}

namespace {

net::gate_terms terms_of(const options& o, std::chrono::milliseconds timeout) {
  net::gate_terms t;
  t.tls = o.tls;
  t.secret = o.secret;
  t.release = this_release;
  t.connect_timeout = timeout;
  t.handshake_timeout = timeout;
  t.dead_peer_timeout = 2 * o.heartbeat_timeout; // heartbeats are to find it first
  return t;
}

} // namespace

std::unique_ptr<net::gate_link> network::dial(const options& o, std::chrono::milliseconds timeout) {
  try {
    return net::dial_gate({o.coordinator_host, o.coordinator_port}, terms_of(o, timeout));
  } catch (const net::refusal& e) {
    throw plan_error(fmt::format("no way into the cluster: {}", e.what()));
  }
}

std::uint16_t network::publish(const coordinator_actor& coordinator) {
  auto& backend = system_->middleman().backend();
  auto doorman = caf::make_counted<gate_doorman>(backend);
  auto problem
    = [](caf::error& e) { throw io_error("cannot publish the coordinator: " + plain_words(e)); };
  caf::scoped_actor self(*system_);
  self
    ->request(basp_broker_of(*system_), handover, caf::publish_atom::value,
              caf::io::doorman_ptr(doorman), doorman->port(),
              caf::actor_cast<caf::strong_actor_ptr>(coordinator), std::set<std::string>{})
    .receive([] {}, problem);
  net::gate_config config;
  config.terms = terms_of(options_, std::chrono::seconds(5));
  config.bind_address = options_.bind;
  config.port = options_.coordinator_port;
  config.on_refused = [](const std::string& why) { log().warn("cluster: {}", why); };
  gate_ = std::make_unique<net::gate>(
    std::move(config), [doorman, &backend](net::unique_fd fd, const net::endpoint&) {
      // Shared: what is posted must be copyable, and closes it also if it never runs.
      auto shared = std::make_shared<net::unique_fd>(std::move(fd));
      backend.post([doorman, shared] { doorman->admit(std::move(*shared)); });
    });
  return gate_->port();
}

coordinator_actor network::find_coordinator(std::chrono::milliseconds timeout) {
  net::endpoint at{options_.coordinator_host, options_.coordinator_port};
  auto scribe = system_->middleman().backend().new_scribe(link_->take().release());
  caf::scoped_actor self(*system_);
  coordinator_actor found;
  std::string problem = "nobody is published there";
  self
    ->request(basp_broker_of(*system_), timeout, caf::connect_atom::value, std::move(scribe),
              at.port)
    .receive([&](const caf::node_id&, caf::strong_actor_ptr& actor,
                 std::set<std::string>&) { found = caf::actor_cast<coordinator_actor>(actor); },
             [&](caf::error& e) { problem = plain_words(e); });
  if (!found)
    throw io_error(fmt::format("{} lets this process in, but there is no talking to it: {}",
                               net::to_string(at), problem));
  return found;
}

std::string plain_words(const caf::error& e) {
  // What an actor of ours has said is meant for people.
  if (e.context().match_elements<std::string>()) return e.context().get_as<std::string>(0);
  if (e == caf::sec::request_timeout || e == caf::sec::connection_timeout)
    return "no answer came in time";
  if (e == caf::sec::no_actor_published_at_port) return "nobody is published there";
  if (e == caf::sec::incompatible_versions || e == caf::sec::incompatible_application_ids
      || e == caf::sec::malformed_basp_message)
    return "it speaks another protocol";
  // Of the many kinds left, each means that who was asked is gone, or the way there.
  return "the connection to it is lost";
}

void raise_descriptor_limit() noexcept {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

} // namespace sluice::cluster
