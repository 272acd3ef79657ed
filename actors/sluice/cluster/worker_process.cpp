#include "sluice/cluster/worker_process.hpp"

#include "sluice/cluster/network.hpp"
#include "sluice/cluster/worker.hpp"
#include "sluice/core/errors.hpp"
#include "sluice/runtime/log.hpp"

#include <caf/send.hpp>
#include <fmt/chrono.h>
#include <fmt/format.h>

#include <unistd.h>

#include <algorithm>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

namespace sluice::cluster {

using namespace runtime;

namespace {

constexpr auto answer_timeout = std::chrono::seconds(10);
constexpr auto first_pause = std::chrono::milliseconds(100);
constexpr auto longest_pause = std::chrono::seconds(2);

std::string process_name() {
  std::string host(256, '\0');
  ::gethostname(host.data(), host.size() - 1);
  return fmt::format("{}:{}", host.c_str(), ::getpid());
}

std::string coordinator_of(const options& o) {
  return net::to_string({o.coordinator_host, o.coordinator_port});
}

std::string directory_of_copies(const options& o) { return o.data_dir + "/local"; }

/// This process's own trouble: looking for another coordinator cannot help.
class cannot_listen : public io_error {
public:
  using io_error::io_error;
};

/// Errors: `cannot_listen`.
std::unique_ptr<net::data_plane> open_data_plane(const options& o) {
  net::data_plane_config data;
  data.bind_address = o.bind;
  data.port = o.data_port;
  data.tls = o.tls;
  data.secret = o.secret;
  data.compression = o.compression;
  data.dead_peer_timeout = o.heartbeat_timeout;
  data.on_refused = [](const std::string& why) { log().warn("cluster: {}", why); };
  try {
    return std::make_unique<net::data_plane>(std::move(data));
  } catch (const io_error& e) {
    throw cannot_listen(e.what());
  }
}

} // namespace

struct worker_process::impl {
  options settings;
  worker_programs programs;
  std::unique_ptr<storage_lease> copies; ///< of checkpoints; none without a data directory
  std::mutex mutex;
  std::condition_variable changed;
  bool stopped = false;                // GUARDED_BY(mutex)
  std::optional<worker_actor> current; // GUARDED_BY(mutex)
};

/// From finding a coordinator to losing it. Has an actor system of its own: what was said to a lost
/// coordinator dies with it.
class worker_process::session {
public:
  session(impl& owner, std::unique_ptr<net::gate_link> link, std::unique_ptr<net::data_plane> data)
    : owner_(owner), io_(make_io_services()), network_(owner.settings, 0, std::move(link)),
      data_(std::move(data)) {}

  struct end {
    worker_end how = worker_end::lost;
    std::string why;
    bool joined = false;
  };

  end run() {
    auto& o = owner_.settings;
    auto coordinator = network_.find_coordinator(answer_timeout);
    worker_context context;
    context.io = io_.get();
    context.data = data_.get();
    context.coordinator = coordinator;
    context.answer_timeout = answer_timeout;
    if (!o.data_dir.empty()) context.local_directory = directory_of_copies(o);
    context.offer.name = process_name();
    context.offer.slots = o.slots;
    context.offer.takes_statements = owner_.programs.takes_statements;
    context.offer.data = {o.advertise.empty() ? o.bind : o.advertise, data_->port()};
    context.graph_of = owner_.programs.graph_of;
    context.programs = owner_.programs.waiting;
    context.on_ended = owner_.programs.on_ended;
    context.on_joined = [this] {
      auto& settings = owner_.settings;
      log().info("cluster: joined the coordinator at {}, slots: {}", coordinator_of(settings),
                 settings.slots);
      note([](end& e) { e.joined = true; });
    };
    context.on_over = [this](worker_end how, std::string why) {
      note([&](end& e) {
        e.how = how;
        e.why = std::move(why);
      });
      over();
    };
    auto actor = network_.system().spawn(worker_behavior, std::move(context));
    std::unique_lock lock(owner_.mutex);
    owner_.current = actor;
    if (owner_.stopped) say_bye(actor);
    owner_.changed.wait(lock, [&] { return over_; });
    owner_.current.reset();
    return end_;
  }

  static void say_bye(const worker_actor& worker) {
    caf::anon_send<caf::message_priority::high>(worker, bye_msg{"this process ends"});
  }

private:
  template <class Change>
  void note(Change&& change) {
    std::lock_guard lock(owner_.mutex);
    change(end_);
  }

  void over() {
    std::lock_guard lock(owner_.mutex);
    over_ = true;
    owner_.changed.notify_all();
  }

  impl& owner_;
  end end_;           // GUARDED_BY(owner_.mutex)
  bool over_ = false; // GUARDED_BY(owner_.mutex)
  std::unique_ptr<io_services> io_;
  network network_;
  std::unique_ptr<net::data_plane> data_;
};

worker_process::worker_process(options o, worker_programs programs)
  : impl_(std::make_unique<impl>()) {
  validate(o);
  raise_descriptor_limit();
  if ((o.bind == "0.0.0.0" || o.bind == "::") && o.advertise.empty())
    throw plan_error(fmt::format("--advertise: say under which address others reach this worker; "
                                 "it listens on all ({})",
                                 o.bind));
  // Not of the whole directory: a coordinator may have its jobs beside them.
  if (!o.data_dir.empty()) impl_->copies = own_directory(directory_of_copies(o), "worker");
  impl_->settings = std::move(o);
  impl_->programs = std::move(programs);
}

worker_process::~worker_process() { stop(); }

void worker_process::run() {
  auto& o = impl_->settings;
  auto pause = std::chrono::milliseconds(first_pause);
  auto give_up = std::chrono::steady_clock::now() + o.join_timeout;
  std::string told; // the same again is no news
  std::unique_ptr<net::data_plane> data;
  for (;;) {
    // Any free port might be the one that the coordinator is going to listen at.
    if (!data && o.data_port != 0) data = open_data_plane(o);
    session::end end;
    try {
      auto link = network::dial(o, answer_timeout);
      if (!data) data = open_data_plane(o);
      session s(*impl_, std::move(link), std::move(data));
      end = s.run();
    } catch (const cannot_listen&) {
      throw;
    } catch (const io_error& e) {
      end.why = e.what();
    }
    if (end.how == worker_end::orderly) return;
    if (end.how == worker_end::refused)
      throw plan_error(
        fmt::format("the coordinator at {} refuses this process: {}", coordinator_of(o), end.why));
    auto now = std::chrono::steady_clock::now();
    if (end.joined) {
      give_up = now + o.join_timeout;
      pause = first_pause;
      log().warn("cluster: {}; looking for a coordinator", end.why);
    } else if (now > give_up) {
      throw io_error(fmt::format("no coordinator for {}: {}",
                                 std::chrono::duration_cast<std::chrono::seconds>(o.join_timeout),
                                 end.why));
    } else if (end.why != told) {
      log().warn("cluster: no coordinator yet: {}", end.why);
      told = end.why;
    }
    std::unique_lock lock(impl_->mutex);
    if (impl_->changed.wait_for(lock, pause, [&] { return impl_->stopped; })) return;
    pause = std::min<std::chrono::milliseconds>(2 * pause, longest_pause);
  }
}

void worker_process::stop() {
  std::lock_guard lock(impl_->mutex);
  impl_->stopped = true;
  if (impl_->current) session::say_bye(*impl_->current);
  impl_->changed.notify_all();
}

} // namespace sluice::cluster
