/// One subtask of a chain: the logic of a task actor.
#pragma once

#include "sluice/runtime/input_gate.hpp"
#include "sluice/runtime/interfaces.hpp"
#include "sluice/runtime/io_services.hpp"
#include "sluice/runtime/operator_chain.hpp"
#include "sluice/runtime/output_channel.hpp"
#include "sluice/runtime/probe.hpp"
#include "sluice/runtime/restore.hpp"

#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <vector>

namespace sluice::runtime {

/// Where checkpoints that are under way write to. Thread safety: all.
class checkpoint_paths {
public:
  void set(checkpoint_id id, std::string path);
  std::string path_of(checkpoint_id id) const;

private:
  mutable std::mutex mutex_;
  std::map<checkpoint_id, std::string> paths_; // GUARDED_BY(mutex_)
};

/// What a task is made from. Shared parts are immutable.
struct task_spec {
  std::shared_ptr<const job_graph> graph;
  task_id id;
  std::uint32_t attempt = 0;
  job_actor job;
  io_services* io = nullptr;
  std::shared_ptr<task_probe> probe;
  std::shared_ptr<const restore_point> from; ///< null: a fresh start
  /// Per edge of the graph: vertices of the iteration heads whose loops it is part of.
  std::shared_ptr<const std::vector<std::vector<std::uint32_t>>> loops;
  std::shared_ptr<runtime::checkpoint_paths> checkpoint_paths;
};

/// State of a task actor; every method is a message handler or called by one.
///
/// The rule of the data plane: a task takes its next input only when all its outputs have credit
/// and its sinks are ready; whatever arrives before that stays queued, bounded by the credit that
/// the senders were given.
class task : public element_sender { // not final: CAF derives from it to look for `name`
public:
  static constexpr const char* name = "sluice.task";

  virtual ~task() = default;

  void init(task_actor::pointer self, task_spec spec);

  void on_connect(connect_msg& m);
  void on_start();
  void on_element(element_msg& m);
  void on_credit(credit_msg& m);
  void on_continue();
  void on_timer(timer_msg m);
  void on_wakeup();
  void on_splits(assign_splits_msg& m);
  void on_trigger(trigger_msg m);
  void on_complete(checkpoint_complete_msg m);
  void on_aborted(checkpoint_aborted_msg m);
  void on_probe_loop(probe_loop_msg m);
  void on_end_loop();
  void on_strand_done(strand_done_msg& m);
  void on_cancel();

private:
  enum class phase : std::uint8_t {
    created,
    restoring,
    ready,
    running,
    finishing,
    finished,
    failed,
    gone
  };

  // -- set-up
  // --------------------------------------------------------------------------------------
  void build_chain();
  chain_services make_services();
  void open_restored();

  // -- data plane
  // ----------------------------------------------------------------------------------
  void run();
  void run_inputs();
  void run_source();
  void handle(input_gate::next n);
  void handle_records(std::uint32_t channel, channel_element& e);
  void handle_watermark(timestamp w, bool exact);
  void handle_end(std::uint32_t channel);
  void return_credit(std::uint32_t channel, std::int64_t bytes, batch_box recycled);
  bool may_produce();
  void flush_aged();
  void settle();
  void yield();
  void send(std::uint32_t output_channel, channel_element element) override;
  template <class F>
  void guarded(F&& f) {
    try {
      f();
    } catch (...) {
      fail(chain_ ? chain_->current() : 0, std::current_exception());
    }
  }
  void fail(std::uint32_t operator_index, std::exception_ptr error);
  void log_step(const char* what) const;
  bool active() const noexcept { return phase_ == phase::running || phase_ == phase::finishing; }

  // -- checkpoints
  // ---------------------------------------------------------------------------------
  void take_checkpoint(barrier mark);
  void write_snapshot(checkpoint_id id);
  void decline(checkpoint_id id, std::string why);
  void after_alignment(const std::optional<barrier>& mark);
  void commit(checkpoint_id up_to, bool final_output);

  // -- the end
  // -------------------------------------------------------------------------------------
  void finish_inputs();
  void report_finished_if_drained();
  void tear_down();

  // -- feedback loops
  // ------------------------------------------------------------------------------
  void on_feedback(std::uint32_t channel, channel_element& e);
  void run_loop_buffer();
  void forward_probe(barrier mark);
  void send_pending_probe();

  task_actor::pointer self_ = nullptr;
  task_spec spec_;
  phase phase_ = phase::created;
  connect_msg peers_;
  std::vector<std::pair<std::uint32_t, std::uint32_t>> output_at_; ///< channel -> (edge, target)
  std::shared_ptr<blocking_strand> strand_; ///< readers', writers' and commits' work, in order
  std::shared_ptr<blocking_strand> state_strand_; ///< writing snapshots, so that it delays no I/O
  std::shared_ptr<operator_chain> chain_;
  std::shared_ptr<task_state_content> restored_;
  input_gate gate_;
  std::vector<output_channel*> channels_;

  bool continuing_ = false; ///< a continue_msg is under way
  bool blocked_ = false;    ///< waiting for credit or for a sink
  bool source_waiting_ = false;
  bool no_more_splits_ = false;
  bool split_requested_ = false;
  bool status_idle_ = false;
  bool watermark_done_ = false;
  std::optional<timestamp> armed_timer_;
  std::optional<timestamp> armed_poll_;
  std::chrono::steady_clock::time_point last_run_{};

  struct pending_snapshot {
    checkpoint_id id = 0;
    std::vector<std::pair<std::string, std::unique_ptr<state_snapshot>>> states; ///< by uid
    std::vector<std::pair<std::uint32_t, prepare_commit_work>> works;            ///< by operator
    std::vector<source_split> splits;
    std::vector<std::string> loop; ///< records in the loop, batch by batch
    std::set<std::uint32_t>
      barrier_back; ///< feedback channels behind whose barrier records are new
  };
  std::shared_ptr<pending_snapshot> logging_; ///< waits for its barrier to come round the loop
  bool snapshot_in_progress_ = false;
  checkpoint_id last_checkpoint_ = 0;
  std::map<checkpoint_id, std::map<std::uint32_t, std::vector<std::string>>> uncommitted_;
  std::map<std::uint32_t, std::vector<std::string>> final_committables_;
  bool finished_on_restore_ = false;
  bool strand_finished_ = false;

  bool is_head_ = false; ///< an iteration head
  std::size_t num_feedback_ = 0;
  std::deque<std::unique_ptr<batch>> loop_buffer_;
  std::uint64_t came_back_ = 0; ///< records, since the last probe left
  std::optional<std::uint64_t> probe_to_send_;
  std::size_t probes_missing_ = 0;
  bool inputs_ended_ = false;
  std::optional<checkpoint_id> missed_trigger_; ///< a checkpoint whose barrier has not come
};

/// The actor around a `task`.
task_actor::behavior_type task_behavior(task_actor::stateful_pointer<task> self, task_spec spec);

/// Turns whatever was thrown into what users get to see.
failure describe(std::exception_ptr error, const std::string& operator_name, std::uint32_t subtask);

} // namespace sluice::runtime
