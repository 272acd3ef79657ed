/// One subtask of a chain: the logic of a task actor.
#pragma once

#include "sluice/runtime/feedback_buffer.hpp"
#include "sluice/runtime/flow_control.hpp"
#include "sluice/runtime/in_flight.hpp"
#include "sluice/runtime/input_gate.hpp"
#include "sluice/runtime/interfaces.hpp"
#include "sluice/runtime/io_services.hpp"
#include "sluice/runtime/keyed_spill.hpp"
#include "sluice/runtime/loops.hpp"
#include "sluice/runtime/operator_chain.hpp"
#include "sluice/runtime/output_channel.hpp"
#include "sluice/runtime/probe.hpp"
#include "sluice/runtime/restore.hpp"
#include "sluice/runtime/slice_gauge.hpp"

#include <array>
#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <vector>

namespace sluice::runtime {

/// `d` as metrics count it.
inline std::uint64_t nanos(std::chrono::steady_clock::duration d) {
  return static_cast<std::uint64_t>(
    std::chrono::duration_cast<std::chrono::nanoseconds>(d).count());
}

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
  /// Per edge of the graph: the loop that it is part of; see `loops_of_edges`.
  std::shared_ptr<const std::vector<std::uint32_t>> loops;
  std::shared_ptr<runtime::checkpoint_paths> checkpoint_paths;
  std::shared_ptr<const local_copies> local; ///< may be null
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
  void on_overtake(overtake_msg m);
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
    emptying, ///< the input has ended, the operators emit what is left
    finishing,
    finished,
    failed,
    gone
  };

  // -- set-up
  // --------------------------------------------------------------------------------------
  void build_chain();
  chain_services make_services();
  spill_services make_spill_services();
  void set_up_spilling();
  void open_restored();
  void restore_inputs();
  void replay_outputs();
  void replay_slice();
  void request_timer(timestamp at);
  void send_timer(timestamp at);
  std::chrono::microseconds time_until(timestamp at) const;

  // -- data plane
  // ----------------------------------------------------------------------------------
  void run();
  void run_inputs();
  void run_source();
  void handle(input_gate::next n);
  void arrive(std::uint32_t channel, channel_element& e);
  void handle_records(input_gate::next n);
  void handle_slice();
  std::size_t slice_limit() const noexcept;
  bool feed_slice(batch& b, std::uint32_t input, std::size_t& done);
  void process(batch& b, std::uint32_t input);
  void complete_batch(input_gate::next& n, std::int64_t bytes);
  void handle_watermark(timestamp w, bool exact);
  void handle_end(std::uint32_t channel);
  void return_credit(std::uint32_t channel, std::int64_t bytes, batch_box recycled);
  bool may_produce();
  void measure(std::size_t records, std::chrono::steady_clock::time_point since);
  void poll_less_or_more();
  void flush_aged();
  void settle();
  void yield();
  void send(std::uint32_t output_channel, channel_element element) override;
  template <class F>
  void guarded(F&& f) {
    try {
      f();
    } catch (...) {
      fail(chain_ ? chain_->current() : building_, std::current_exception());
    }
  }
  void fail(std::uint32_t operator_index, std::exception_ptr error);
  void report(std::uint32_t operator_index, const std::exception_ptr& error) const;
  void log_step(const char* what) const;
  bool active() const noexcept { return phase_ >= phase::running && phase_ <= phase::finishing; }

  // -- checkpoints
  // ---------------------------------------------------------------------------------
  struct pending_snapshot;
  void take_checkpoint(barrier mark, in_flight_log overtaken = {});
  void arm_overtake(const barrier& mark);
  void overtake(checkpoint_id id);
  void overtake_inputs(barrier mark);
  void log_input(std::uint32_t channel, const channel_element& e, in_flight_log& log) const;
  void log_output(std::uint32_t output_channel, const channel_element& e, in_flight_log& log) const;
  std::shared_ptr<pending_snapshot> look_at_state(checkpoint_id id);
  void write_snapshot_if_complete();
  void write_snapshot(checkpoint_id id);
  void post_snapshot(std::shared_ptr<pending_snapshot> pending, snapshot_ack_msg ack);
  void decline(checkpoint_id id, std::string why);
  void after_alignment(const std::optional<barrier>& mark);
  void commit(checkpoint_id up_to, bool final_output);

  // -- the end
  // -------------------------------------------------------------------------------------
  void finish_inputs();
  void finish_chain();
  void report_finished_if_drained();
  void tear_down();

  // -- batch mode past its memory limit
  // ---------------------------------------------------------------
  bool drain_spilled();
  void run_spilled();

  // -- feedback loops
  // ------------------------------------------------------------------------------
  void on_feedback(std::uint32_t channel, channel_element& e);
  void came_back(std::uint32_t channel, std::unique_ptr<batch> b);
  void run_loop_buffer();
  bool loop_is_quiet();
  void begin_round(std::uint64_t round);
  void report_probed();
  std::uint32_t loop_of_head() const;
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
  std::vector<std::uint32_t> ordinals_; ///< of input channels, among those of the same edge
  std::vector<output_channel*> channels_;
  restored_in_flight replay_;                          ///< for when all tasks are there
  std::deque<restored_in_flight::internal> replaying_; ///< comes before all other input
  std::size_t replay_done_ = 0;                        ///< records of the first
  std::optional<trigger_msg> postponed_trigger_;       ///< until it is done

  std::optional<slice_gauge> slices_;  ///< if an operator may make many records of one
  std::unique_ptr<keyed_spill> spill_; ///< of a keyed operator in batch mode
  bool draining_ = false;              ///< it hands back what it has on disk
  bool spilled_at_hand_ = false;       ///< a batch of that is not handled to its end
  std::size_t spilled_done_ = 0;
  bool time_stands_still_ = false; ///< until the end of the input

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
  std::chrono::steady_clock::time_point state_measured_{};
  std::uint32_t building_ = 0;                  ///< operator of the chain, until that is made
  std::chrono::steady_clock::time_point now_{}; ///< when the clock was read last
  std::chrono::steady_clock::time_point run_started_{};

  work_slicer slicer_;
  buffer_debloater debloater_;
  std::vector<credit_msg> owed_; ///< per input channel: credit that its sender has not been told of
  std::optional<input_gate::next> partial_; ///< a batch of slow records, handled in slices
  std::size_t partial_done_ = 0;
  std::int64_t partial_bytes_ = 0;
  std::unique_ptr<batch> slice_;
  std::size_t full_poll_ = 0;    ///< most records that a source may be asked for at once ...
  std::size_t poll_records_ = 0; ///< ... and that it is asked for, as its chain is slow

  struct pending_snapshot {
    checkpoint_id id = 0;
    std::vector<std::pair<std::string, std::unique_ptr<state_snapshot>>> states; ///< by uid
    std::vector<std::pair<std::uint32_t, prepare_commit_work>> works;            ///< by operator
    std::vector<source_split> splits;
    std::vector<stored_batch> loop; ///< records in the loop
    std::set<std::uint32_t>
      barrier_back; ///< feedback channels behind whose barrier records are new
    in_flight_log in_flight;
    std::size_t barriers_queued = 0; ///< output channels whose barrier waits for credit
    bool discarded = false;          ///< the checkpoint was given up
    /// What earlier checkpoints that were given up have prepared, by operator.
    std::map<std::uint32_t, std::vector<std::string>> committables;
  };
  /// Waits for its barrier: to come round the loop, on inputs that it has overtaken, or to get out
  /// of output queues.
  std::shared_ptr<pending_snapshot> logging_;
  std::optional<barrier> waiting_mark_; ///< has arrived, or is known to be due, but not overtaken
  checkpoint_id overtake_armed_ = 0;
  bool snapshot_in_progress_ = false;
  checkpoint_id last_checkpoint_ = 0;
  std::optional<checkpoint_id> halted_by_; ///< the job stops with this checkpoint, if it completes
  std::map<checkpoint_id, std::map<std::uint32_t, std::vector<std::string>>> uncommitted_;
  std::map<std::uint32_t, std::vector<std::string>> final_committables_;
  bool finished_on_restore_ = false;
  bool strand_finished_ = false;

  bool is_head_ = false; ///< an iteration head
  std::size_t num_feedback_ = 0;
  std::unique_ptr<feedback_buffer> loop_buffer_; ///< of a head
  std::unique_ptr<batch> loop_batch_;            ///< taken from it, handled up to `loop_done_`
  std::size_t loop_done_ = 0;
  timestamp last_came_back_ = 0; ///< or when the regular inputs ended
  std::uint64_t came_back_ = 0;  ///< records, since the last probe left
  std::optional<std::uint64_t> probe_to_send_;
  std::uint64_t probe_came_in_ = 0; ///< the round whose probe all regular inputs have brought
  std::uint64_t probe_sent_ = 0;    ///< the round whose probes are not all back; 0: none
  std::uint64_t probe_round_ = 0;   ///< the newest that is known of
  std::size_t probes_back_ = 0;     ///< of that round
  bool inputs_ended_ = false;
  std::optional<barrier> missed_trigger_; ///< a checkpoint whose barrier has not come
};

/// The actor around a `task`.
task_actor::behavior_type task_behavior(task_actor::stateful_pointer<task> self, task_spec spec);

/// Turns whatever was thrown into what users get to see.
failure describe(std::exception_ptr error, const std::string& operator_name, std::uint32_t subtask);

} // namespace sluice::runtime
