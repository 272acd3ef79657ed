/// Supervision of one job: the logic of a job actor.
#pragma once

#include "sluice/runtime/checkpoint_coordinator.hpp"
#include "sluice/runtime/checkpoint_storage.hpp"
#include "sluice/runtime/interfaces.hpp"
#include "sluice/runtime/io_services.hpp"
#include "sluice/runtime/job_board.hpp"
#include "sluice/runtime/loops.hpp"
#include "sluice/runtime/restart_policy.hpp"
#include "sluice/runtime/split_assigner.hpp"
#include "sluice/runtime/task.hpp"
#include "sluice/runtime/wiring.hpp"

#include <caf/send.hpp>

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace sluice::runtime {

/// Keeps, for good, what a job needs to go on in another process.
class job_journal {
public:
  virtual ~job_journal() = default;

  /// The complete checkpoints of the job, oldest first. Called on the job's blocking strand, before
  /// anybody hears that the newest is complete. Errors: any; the checkpoint then does not count.
  virtual void checkpoints(const std::vector<std::string>& paths) = 0;

  /// The job goes on with another parallelism. Called where `checkpoints` is.
  virtual void rescaled(std::uint32_t parallelism, const std::string& fingerprint) = 0;

  /// The job has ended; `error` says why if it failed. Called before anybody hears of it.
  virtual void ended(job_status status, const std::string& error, const job_result& result) = 0;
};

/// The cluster that a job runs in.
struct job_cluster {
  coordinator_actor coordinator;
  std::uint64_t job = 0;
  program_ref program;
  std::string fingerprint;
  std::uint32_t rescaled_to = 0; ///< as in `deploy_order`
};

struct job_spec {
  std::shared_ptr<const job_graph> graph;
  io_services* io = nullptr;
  std::shared_ptr<job_board> board;
  std::optional<job_cluster> cluster{};   ///< nothing: all tasks are in this process
  std::shared_ptr<job_journal> journal{}; ///< may be null
  std::vector<std::string>
    resume_from{}; ///< checkpoints that an earlier process made, oldest first
};

/// State of a job actor; every method is a message handler or called by one.
///
/// Life of an attempt: read the checkpoint to start from -> spawn and connect tasks -> all ready ->
/// start -> all finished -> commit -> end. A failure or cancellation at any point: stop all tasks,
/// wait until they are gone, then restart or end.
class job { // not final: CAF derives from it to look for `name`
public:
  static constexpr const char* name = "sluice.job";

  void init(job_actor::pointer self, job_spec spec);
  void adopt(std::shared_ptr<const job_graph> graph);

  void on_start();
  void on_cancel();
  void on_checkpoint_request(checkpoint_request_msg& m);
  void on_timer(job_timer_msg m);
  void on_work_done(job_work_done_msg& m);
  void on_ready(const task_ready_msg& m);
  void on_failed(task_failed_msg& m);
  void on_finished(task_finished_msg& m);
  void on_split_request(const split_request_msg& m);
  void on_ack(const snapshot_ack_msg& m);
  void on_declined(const snapshot_declined_msg& m);
  void on_committed(const committed_msg& m);
  void on_loop_input_ended(const loop_input_ended_msg& m);
  void on_loop_probed(const loop_probed_msg& m);
  void direct_loop(const std::optional<loop_ends::order>& order);
  void on_task_down(const caf::actor_addr& who);
  void on_slots(slots_granted_msg& m);
  void on_deployed(const deployed_msg& m);
  void on_deploy_failed(const deploy_failed_msg& m);
  void on_checkpoint_noted(const checkpoint_noted_msg& m);
  void on_worker_lost(const worker_lost_msg& m);
  void on_report(const task_report& m);

private:
  enum class phase : std::uint8_t {
    created,
    preparing,
    waiting_for_slots,
    deploying,
    running,
    committing,
    stopping,
    waiting,
    ended
  };
  enum class task_phase : std::uint8_t { deploying, ready, finished, committed };

  struct task_entry {
    task_id id;
    task_actor handle;
    task_phase phase = task_phase::deploying;
    std::map<std::uint32_t, std::vector<std::string>> committables;
  };

  /// Why all tasks are being stopped.
  enum class stop_reason : std::uint8_t {
    failed,
    cancelled,
    finished,
    saved, ///< stopped with a savepoint
    rescaled,
  };

  // -- deployment
  // ----------------------------------------------------------------------------------
  void prepare();
  void deploy();
  void spawn_tasks();
  void connect_tasks();
  void request_slots();
  std::string plan_rescaling(const checkpoint_request_msg& m);
  void note_checkpoint(checkpoint_id id, const std::string& path);
  void release_hosts(bool ended);
  void make_enumerators();
  void discover(std::uint32_t vertex);
  void assign_splits(std::uint32_t vertex);
  /// Runs `work` where it may block, then `apply(result)` on this actor, if the attempt still
  /// stands. What `work` throws fails the job.
  template <class Work, class Apply>
  void run_blocking(Work work, Apply apply) {
    auto handle = caf::actor_cast<job_actor>(self_);
    strand_->post([=, this, attempt = attempt_]() mutable {
      job_work_done_msg done;
      done.attempt = attempt;
      try {
        auto result = std::make_shared<decltype(work())>(work());
        done.apply
          = std::make_shared<std::function<void()>>([=]() mutable { apply(std::move(*result)); });
      } catch (...) {
        auto cause = describe(std::current_exception(), "", 0);
        done.apply = std::make_shared<std::function<void()>>([this, cause] { fail(cause); });
      }
      caf::anon_send<caf::message_priority::high>(handle, std::move(done));
    });
  }
  task_entry& entry(task_id id);
  bool current(std::uint32_t attempt) const noexcept { return attempt == attempt_; }

  // -- checkpoints
  // ---------------------------------------------------------------------------------
  bool checkpointing() const noexcept {
    return spec_.graph->config.checkpoints.interval.has_value();
  }
  void schedule_checkpoint(duration after);
  void send_later(duration after, job_timer_msg m);
  void start_checkpoint(checkpoint_request_msg request);
  void trigger(std::string path, checkpoint_id id, const checkpoint_request_msg& request);
  void trigger_tasks();
  std::vector<bool> tasks_with_senders() const;
  void complete_checkpoint();
  void checkpoint_done(checkpoint_coordinator::pending done);
  void abort_checkpoint(const std::string& why, bool counts);
  void fill_manifest(manifest& m) const;
  void add_finished_task(manifest& m, const task_entry& t) const;
  void retain(std::string path);
  void publish();

  // -- the end
  // -------------------------------------------------------------------------------------
  void fail(failure cause);
  void fail_to_stop(failure cause);
  void stop(stop_reason reason);
  void stopped();
  void all_finished();
  void commit_final();
  void go_on_rescaled();
  void rescale_waiting(checkpoint_request_msg& m);
  void end(job_status status, std::exception_ptr error);
  std::string label_of(const failure& cause) const;
  std::exception_ptr error_of(const failure& cause) const;

  job_actor::pointer self_ = nullptr;
  job_spec spec_;
  phase phase_ = phase::created;
  std::uint32_t attempt_ = 0;
  timestamp started_ = 0;
  std::shared_ptr<blocking_strand> strand_;
  std::optional<restart_policy> restarts_;
  std::uint32_t num_restarts_ = 0;

  // In a cluster: where the tasks of the attempt are.
  std::vector<job_host> hosts_;
  std::vector<std::uint32_t> placement_; ///< host, by task
  std::set<std::uint32_t> deploying_;    ///< hosts that have not answered
  std::set<std::uint32_t> noting_;       ///< hosts that do not know the checkpoint's path yet

  std::optional<task_numbering> numbering_;
  std::vector<task_entry> tasks_; ///< by their numbers
  std::map<caf::actor_addr, task_id> alive_;
  std::shared_ptr<const restore_point> from_;
  std::shared_ptr<const std::vector<std::uint32_t>> loops_;
  std::map<std::uint32_t, split_assigner> assigners_; ///< by vertex
  std::optional<loop_ends> loop_ends_;                ///< of the attempt

  checkpoint_coordinator checkpoints_;
  std::shared_ptr<checkpoint_paths> paths_;
  checkpoint_metrics checkpoint_metrics_;
  std::uint32_t failures_in_a_row_ = 0;
  std::vector<std::string> retained_;    ///< paths, oldest first
  std::string latest_;                   ///< complete checkpoint to restart from
  std::shared_ptr<storage_lease> lease_; ///< of the checkpoint directory
  bool starting_checkpoint_ = false;
  std::vector<checkpoint_request_msg> queued_requests_;
  /// Who waits for the end of the job that follows a savepoint, and where that is.
  std::pair<std::shared_ptr<std::promise<std::string>>, std::string> stopped_with_;

  stop_reason reason_ = stop_reason::finished;
  std::shared_ptr<const job_graph> rescaled_; ///< the graph to go on with
  std::uint32_t rescaled_to_ = 0;
  std::optional<failure> cause_;
};

job_actor::behavior_type job_behavior(job_actor::stateful_pointer<job> self, job_spec spec);

} // namespace sluice::runtime
