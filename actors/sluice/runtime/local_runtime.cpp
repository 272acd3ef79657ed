#include "sluice/runtime/local_runtime.hpp"

#include "sluice/runtime/actor_config.hpp"
#include "sluice/runtime/job.hpp"
#include "sluice/runtime/job_client.hpp"

#include <caf/actor_system.hpp>
#include <caf/send.hpp>

#include <mutex>
#include <optional>

namespace sluice::runtime {

struct local_runtime::impl {
  explicit impl(runtime_config c)
    : config(make_actor_config(c.worker_threads)), io(make_io_services()), precise(std::in_place),
      system(config) {
    precise.reset();
  }

  caf::actor_system_config config;
  std::unique_ptr<io_services> io;
  std::optional<precise_timers> precise; // while CAF starts its threads
  caf::actor_system system;
  std::mutex mutex;
  std::vector<std::pair<job_actor, std::shared_ptr<job_board>>> jobs; // GUARDED_BY(mutex)
};

local_runtime::local_runtime(runtime_config config) : impl_(std::make_unique<impl>(config)) {}

local_runtime::~local_runtime() {
  std::lock_guard lock(impl_->mutex);
  for (auto& [actor, board] : impl_->jobs)
    if (!board->ended()) caf::anon_send<caf::message_priority::high>(actor, job_cancel_msg{});
  for (auto& [actor, board] : impl_->jobs) {
    try {
      board->wait_until(std::chrono::steady_clock::now() + std::chrono::seconds(30));
    } catch (const std::exception&) {
      // The job's own waiters got its error.
    }
  }
  impl_->jobs.clear();
}

std::shared_ptr<job_control> local_runtime::submit(job_graph graph) {
  auto board = std::make_shared<job_board>();
  job_spec spec;
  spec.graph = std::make_shared<const job_graph>(std::move(graph));
  spec.io = impl_->io.get();
  spec.board = board;
  auto actor = impl_->system.spawn(job_behavior, std::move(spec));
  {
    std::lock_guard lock(impl_->mutex);
    std::erase_if(impl_->jobs, [](auto& j) { return j.second->ended(); });
    impl_->jobs.emplace_back(actor, board);
  }
  caf::anon_send<caf::message_priority::high>(actor, job_start_msg{});
  job_client::sender send;
  send.cancel = [actor] { caf::anon_send<caf::message_priority::high>(actor, job_cancel_msg{}); };
  send.request = [actor](checkpoint_request_msg m) {
    caf::anon_send<caf::message_priority::high>(actor, std::move(m));
  };
  return std::make_shared<job_client>(std::move(send), std::move(board),
                                      impl_->io->processing_clock());
}

} // namespace sluice::runtime
