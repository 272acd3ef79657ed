#include "sluice/cluster/coordinator_process.hpp"

#include "sluice/cluster/coordinator.hpp"
#include "sluice/cluster/network.hpp"
#include "sluice/plan/fingerprint.hpp"
#include "sluice/runtime/job_client.hpp"
#include "sluice/runtime/log.hpp"

#include <caf/send.hpp>
#include <fmt/format.h>

#include <future>
#include <thread>

namespace sluice::cluster {

using namespace runtime;

namespace {

constexpr auto high = caf::message_priority::high;

/// How long workers may take to hear that the coordinator goes.
constexpr auto farewell = std::chrono::seconds(3);

std::exception_ptr error_of(const job_record& r) {
  if (r.status == job_status::failed)
    return std::make_exception_ptr(job_error(r.error, {r.name, "", 0, std::nullopt}));
  if (r.status == job_status::cancelled) return std::make_exception_ptr(job_cancelled(r.error));
  return nullptr;
}

} // namespace

struct coordinator_process::impl {
  impl(options o, program_loader load)
    : settings(std::move(o)), store(std::make_shared<job_store>(settings.data_dir)),
      io(make_io_services()), net(settings, 0) {
    coordinator_context context{settings, io.get(), store, std::move(load)};
    actor = net.system().spawn(coordinator_behavior, std::move(context), &state);
    try {
      port = net.publish(actor);
    } catch (...) {
      end(); // the system's end waits for it
      throw;
    }
  }

  void end() {
    caf::anon_send_exit(actor, caf::exit_reason::user_shutdown);
    actor = nullptr;
  }

  /// Runs `work(coordinator&)` on the actor.
  template <class Work>
  void on_actor(Work work) {
    caf::anon_send<high>(actor, coordinator_step_msg{std::make_shared<std::function<void()>>(
                                  [this, work]() mutable { work(*state); })});
  }

  options settings;
  std::shared_ptr<job_store> store;
  std::unique_ptr<io_services> io;
  network net;
  coordinator* state = nullptr; // of the actor: touched by it only
  coordinator_actor actor;
  std::uint16_t port = 0;
};

coordinator_process::coordinator_process(options o,
                                         std::function<job_graph(const std::string&)> load) {
  validate(o);
  raise_descriptor_limit();
  if (o.data_dir.empty())
    log().warn("cluster: without a data directory, jobs do not survive this process");
  impl_ = std::make_unique<impl>(std::move(o), std::move(load));
  log().info("cluster: coordinator listens on {}:{}", impl_->settings.bind, impl_->port);
}

coordinator_process::~coordinator_process() {
  if (!impl_) return;
  auto gone = std::make_shared<std::promise<void>>();
  auto all_gone = gone->get_future();
  impl_->on_actor(
    [gone](coordinator& c) { c.close("the coordinator ends", [gone] { gone->set_value(); }); });
  all_gone.wait_for(farewell);
  impl_->end();
}

std::uint16_t coordinator_process::port() const noexcept { return impl_->port; }

std::shared_ptr<job_control> coordinator_process::run(std::uint64_t ordinal, job_graph graph) {
  auto board = std::make_shared<job_board>();
  auto shared = std::make_shared<const job_graph>(std::move(graph));
  std::optional<job_record> known;
  for (auto& r : impl_->store->jobs())
    if (r.program.text.empty() && r.program.ordinal == ordinal) known = r;
  if (known && known->rescaled_to > 0)
    shared = std::make_shared<const job_graph>(rescaled(*shared, known->rescaled_to));
  auto looks = fingerprint(*shared);
  if (known) {
    if (auto difference = fingerprint_difference(known->fingerprint, looks))
      throw plan_error(fmt::format(
        "the data directory {} belongs to another program (job \"{}\"): {}; give another directory",
        impl_->settings.data_dir, known->name, *difference));
  } else {
    job_record r;
    r.name = shared->config.name;
    r.program.ordinal = ordinal;
    r.fingerprint = looks;
    r.created = impl_->io->processing_clock().now();
    known = impl_->store->add(std::move(r));
  }
  job_client::sender send;
  if (known->ended()) {
    log().info("job \"{}\": had ended before: {}", known->name, to_string(known->status));
    board->end(
      known->status, error_of(*known),
      {known->status, duration(static_cast<std::int64_t>(known->runtime_us)), known->num_restarts});
    send.cancel = [] {};
    send.request = [](const checkpoint_request_msg&) {};
  } else {
    impl_->on_actor([r = *known, shared, board](coordinator& c) { c.start(r, shared, board); });
    send.cancel
      = [this, id = known->id] { impl_->on_actor([id](coordinator& c) { c.cancel(id); }); };
    send.request = [this, id = known->id](const checkpoint_request_msg& m) {
      impl_->on_actor([id, m](coordinator& c) { c.request_checkpoint(id, m); });
    };
  }
  return std::make_shared<job_client>(std::move(send), std::move(board),
                                      impl_->io->processing_clock());
}

} // namespace sluice::cluster
