#include "sluice/cluster/control_client.hpp"

#include "sluice/cluster/network.hpp"

#include <caf/scoped_actor.hpp>
#include <fmt/format.h>

namespace sluice::cluster {

namespace {

constexpr auto answer_timeout = std::chrono::seconds(10);

} // namespace

struct control_client::impl {
  explicit impl(const options& o)
    : at{o.coordinator_host, o.coordinator_port}, net(o, 2, network::dial(o, answer_timeout)),
      self(net.system()), coordinator(net.find_coordinator(answer_timeout)) {}

  net::endpoint at;
  network net;
  caf::scoped_actor self;
  runtime::coordinator_actor coordinator;
};

control_client::control_client(const options& o) : impl_(std::make_unique<impl>(o)) {}
control_client::~control_client() = default;

std::string control_client::ask(const std::string& verb, std::uint64_t job, const std::string& text,
                                std::chrono::milliseconds timeout) {
  std::string result;
  impl_->self->request(impl_->coordinator, timeout, runtime::control_request{verb, job, text})
    .receive(
      [&](runtime::control_reply& r) {
        if (!r.ok) throw state_error(r.text);
        result = std::move(r.text);
      },
      [&](caf::error& e) {
        throw io_error(fmt::format("the coordinator at {} does not answer: {}",
                                   net::to_string(impl_->at), plain_words(e)));
      });
  return result;
}

} // namespace sluice::cluster
