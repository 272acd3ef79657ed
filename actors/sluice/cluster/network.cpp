#include "sluice/cluster/network.hpp"

#include "sluice/cluster/secret.hpp"
#include "sluice/runtime/actor_config.hpp"
#include "sluice/version.hpp"

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <caf/io/middleman.hpp>
#include <caf/openssl/manager.hpp>
#include <caf/openssl/publish.hpp>
#include <fmt/chrono.h>
#include <fmt/format.h>

#include <optional>

namespace sluice::cluster {

using namespace runtime;
namespace asio = boost::asio;

namespace {

/// Whether anybody listens there: CAF's own attempt can take minutes and does not say why it fails.
void check_reachable(const std::string& host, std::uint16_t port,
                     std::chrono::milliseconds timeout) {
  asio::io_context io;
  asio::ip::tcp::socket socket(io);
  asio::ip::tcp::resolver resolver(io);
  std::optional<boost::system::error_code> result;
  resolver.async_resolve(host, std::to_string(port), [&](auto ec, auto endpoints) {
    if (ec) {
      result = ec;
      return;
    }
    asio::async_connect(socket, endpoints, [&](auto error, auto&&) { result = error; });
  });
  io.run_for(timeout);
  if (!result)
    throw io_error(fmt::format("cannot reach {}:{}: no answer for {}", host, port, timeout));
  if (*result) throw io_error(fmt::format("cannot reach {}:{}: {}", host, port, result->message()));
}

} // namespace

network::network(const options& o, std::uint32_t threads)
  : options_(o), config_(std::make_unique<caf::actor_system_config>(make_actor_config(threads))) {
  config_->load<caf::io::middleman>();
  register_messages(*config_);
  if (o.tls) {
    config_->load<caf::openssl::manager>();
    config_->openssl_certificate = o.tls->certificate;
    config_->openssl_key = o.tls->key;
    config_->openssl_cafile = o.tls->ca;
  }
  precise_timers precise;
  try {
    system_ = std::make_unique<caf::actor_system>(*config_);
  } catch (const std::exception& e) {
    throw io_error(fmt::format("cannot start the network layer: {}", e.what()));
  }
}

std::uint16_t network::publish(const coordinator_actor& coordinator) {
  auto& o = options_;
  auto address = o.bind.c_str();
  auto port = o.tls ? caf::openssl::publish(coordinator, o.coordinator_port, address, true)
                    : system_->middleman().publish(coordinator, o.coordinator_port, address, true);
  if (!port)
    throw io_error(fmt::format("cannot listen on {}:{}: {}", o.bind, o.coordinator_port,
                               system_->render(port.error())));
  return *port;
}

coordinator_actor network::find_coordinator(std::chrono::milliseconds timeout) {
  auto& o = options_;
  check_reachable(o.coordinator_host, o.coordinator_port, timeout);
  auto middleman
    = o.tls ? system_->openssl_manager().actor_handle() : system_->middleman().actor_handle();
  caf::scoped_actor self(*system_);
  coordinator_actor found;
  std::string problem;
  self
    ->request(middleman, timeout, caf::connect_atom::value, o.coordinator_host, o.coordinator_port)
    .receive([&](const caf::node_id&, caf::strong_actor_ptr& actor,
                 std::set<std::string>&) { found = caf::actor_cast<coordinator_actor>(actor); },
             [&](caf::error& e) { problem = system_->render(e); });
  if (found) return found;
  auto check = o.tls ? "is TLS on there, too, and has its CA signed this certificate?"
                     : "is it a coordinator, and without TLS?";
  throw io_error(fmt::format("{}:{} listens, but there is no talking to it ({}): {}",
                             o.coordinator_host, o.coordinator_port,
                             problem.empty() ? "nobody is published there" : problem, check));
}

void prove_membership(caf::scoped_actor& self, const coordinator_actor& coordinator,
                      const std::string& secret, std::chrono::milliseconds timeout) {
  auto failed = [&](caf::error& e) {
    throw io_error("the coordinator does not answer: " + self->system().render(e));
  };
  auto nonce = make_nonce();
  challenge_msg challenge;
  self->request(coordinator, timeout, hello_msg{protocol_version, SLUICE_VERSION, nonce})
    .receive([&](challenge_msg& c) { challenge = std::move(c); }, failed);
  if (!challenge.refused.empty()) throw plan_error(challenge.refused);
  if (!equal_proofs(challenge.proof, proof_of(secret, coordinator_role, nonce, challenge.nonce)))
    throw plan_error("the coordinator does not know this cluster's secret");
  self
    ->request(coordinator, timeout, auth_msg{proof_of(secret, member_role, nonce, challenge.nonce)})
    .receive(
      [&](const auth_reply& r) {
        if (!r.refused.empty()) throw plan_error(r.refused);
      },
      failed);
}

} // namespace sluice::cluster
