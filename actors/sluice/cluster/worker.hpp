/// A worker: makes tasks of jobs that are supervised elsewhere. The logic of a worker actor.
#pragma once

#include "sluice/net/data_plane.hpp"
#include "sluice/runtime/interfaces.hpp"
#include "sluice/runtime/io_services.hpp"
#include "sluice/runtime/job.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace sluice::cluster {

enum class worker_end : std::uint8_t {
  lost,    ///< no connection to the coordinator: try again
  refused, ///< trying again cannot help
  orderly, ///< on purpose
};

/// What a worker needs of its process. The functions are called by the worker actor or, where it
/// says so, by a thread that may block.
struct worker_context {
  runtime::io_services* io = nullptr;
  net::data_plane* data = nullptr;
  runtime::coordinator_actor coordinator;
  runtime::worker_offer offer;
  std::string local_directory;                 ///< for copies of checkpoints; empty: none are made
  std::chrono::microseconds answer_timeout{0}; ///< of the coordinator, while joining
  /// The graph of a program. May block. Errors: any; the job hears of it.
  std::function<std::shared_ptr<const job_graph>(const runtime::program_ref&,
                                                 std::uint32_t rescaled_to)>
    graph_of;
  /// Programs of this process that wait for the end of their jobs, and their fingerprints.
  std::function<std::map<std::uint64_t, std::string>()> programs;
  /// Some of them have ended.
  std::function<void(const std::map<std::uint64_t, runtime::program_end>&)> on_ended;
  std::function<void()> on_joined;
  /// Nothing comes of this worker any more: it has stopped its tasks and ends.
  std::function<void(worker_end how, std::string why)> on_over;
};

/// State of a worker actor; every method is a message handler or called by one.
class worker {
public:
  static constexpr const char* name = "sluice.worker";

  void init(runtime::worker_actor::pointer self, worker_context context);

  void on_deploy(runtime::deploy_msg& m);
  void on_connect(runtime::connect_tasks_msg m);
  void on_note_checkpoint(const runtime::note_checkpoint_msg& m);
  void on_release(runtime::release_msg m);
  void on_heartbeat_ack(const runtime::heartbeat_ack_msg& m);
  void on_bye(const runtime::bye_msg& m);
  void on_tick();
  void on_down(const caf::down_msg& m);

private:
  using key = std::pair<std::uint64_t, std::uint32_t>; ///< job, attempt

  /// The tasks of one attempt of a job in this process.
  struct deployment {
    runtime::job_actor job;
    runtime::deploy_order order;
    std::shared_ptr<const job_graph> graph;
    std::vector<std::size_t> numbers; ///< of the tasks, ascending
    std::map<std::size_t, runtime::task_actor> tasks;
    std::vector<std::shared_ptr<runtime::task_probe>> probes;
    std::shared_ptr<runtime::checkpoint_paths> paths;
    std::set<caf::actor_addr> alive;
    std::shared_ptr<const runtime::local_copies> local; ///< may be null
    bool released = false;
  };

  struct prepared {
    std::shared_ptr<const job_graph> graph;
    std::shared_ptr<const runtime::restore_point> from;
    std::string problem;
    bool fatal = false;
  };

  void join();
  void joined(const runtime::join_reply& welcome);
  static prepared prepare(const worker_context& context, const runtime::deploy_order& order);
  void make_tasks(key k, prepared p);
  runtime::connect_msg peers_of(const deployment& d, std::size_t number,
                                const runtime::task_numbering& tasks,
                                const runtime::task_wiring& wiring);
  void decline(const deployment& d, std::string why, bool fatal);
  void forget_if_over(key k);
  void stop(worker_end how, std::string why);
  void end_if_stopped();

  runtime::worker_actor::pointer self_ = nullptr;
  worker_context context_;
  std::uint64_t number_ = 0; ///< 0: not joined yet
  std::chrono::microseconds heartbeat_interval_{0};
  std::chrono::microseconds heartbeat_timeout_{0};
  std::chrono::steady_clock::time_point last_ack_{};
  std::map<key, deployment> deployments_;
  bool stopping_ = false;
  worker_end how_ = worker_end::lost;
  std::string why_;
};

runtime::worker_actor::behavior_type
worker_behavior(runtime::worker_actor::stateful_pointer<worker> self, worker_context context);

} // namespace sluice::cluster
