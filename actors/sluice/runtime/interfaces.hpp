/// The whole actor protocol of a job on one page.
///
///                     start, cancel, trigger, complete, splits ...
///        job actor  ----------------------------------------------->  task actors
///            ^  \----- monitors -----/                                  |    ^
///            |                                                 elements |    | credit
///            +-- ready, failed, finished, acks, split requests --  task v    |
///                                                                  task actors
///
/// In a cluster, the tasks are in other processes, and a worker actor makes them there:
///
///        clients -- control -->  coordinator  <-- join, heartbeats, reports --  worker actors
///                                  |    ^                                         ^   |  makes
///                         slots,   v    | slot requests                           |   v
///                         losses  job actor  ---- deploy, connect, release -------+  task actors
///
/// Handles of tasks, jobs and workers lead to other processes like to the own one. Elements and
/// credit between processes go over connections of their own: see remote_channel.hpp.
///
/// Control travels at high priority, data never does. Every message carries the attempt it belongs
/// to, so that what a dead attempt still says is harmless.
#pragma once

#include "sluice/runtime/cluster_messages.hpp"
#include "sluice/runtime/messages.hpp"
#include "sluice/runtime/remote_channel.hpp"
#include "sluice/runtime/wire.hpp"

#include <caf/actor_system_config.hpp>
#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/typed_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

namespace sluice::runtime {

// These need handles that are declared below.
struct connect_msg;
struct deployed_msg;
struct deploy_msg;
struct join_msg;
struct slot_request_msg;
struct slots_granted_msg;

/// A subtask of a chain, source or not.
using task_actor = caf::typed_actor<
  caf::reacts_to<element_msg>, caf::reacts_to<credit_msg>, caf::reacts_to<connect_msg>,
  caf::reacts_to<start_msg>, caf::reacts_to<cancel_msg>, caf::reacts_to<trigger_msg>,
  caf::reacts_to<checkpoint_complete_msg>, caf::reacts_to<checkpoint_aborted_msg>,
  caf::reacts_to<assign_splits_msg>, caf::reacts_to<probe_loop_msg>, caf::reacts_to<end_loop_msg>,
  caf::reacts_to<overtake_msg>, caf::reacts_to<continue_msg>, caf::reacts_to<timer_msg>,
  caf::reacts_to<wakeup_msg>, caf::reacts_to<strand_done_msg>>;

/// Supervises one job: deploys, checkpoints, restarts. Coordinates checkpoints, too: see
/// docs/decisions for why that is not an actor of its own.
using job_actor
  = caf::typed_actor<caf::reacts_to<job_start_msg>, caf::reacts_to<job_cancel_msg>,
                     caf::reacts_to<checkpoint_request_msg>, caf::reacts_to<job_timer_msg>,
                     caf::reacts_to<job_work_done_msg>, caf::reacts_to<task_ready_msg>,
                     caf::reacts_to<task_failed_msg>, caf::reacts_to<task_finished_msg>,
                     caf::reacts_to<split_request_msg>, caf::reacts_to<snapshot_ack_msg>,
                     caf::reacts_to<snapshot_declined_msg>, caf::reacts_to<committed_msg>,
                     caf::reacts_to<loop_input_ended_msg>, caf::reacts_to<loop_probed_msg>,
                     caf::reacts_to<slots_granted_msg>, caf::reacts_to<deployed_msg>,
                     caf::reacts_to<deploy_failed_msg>, caf::reacts_to<checkpoint_noted_msg>,
                     caf::reacts_to<worker_lost_msg>, caf::reacts_to<task_report>>;

/// Makes tasks in its process for jobs that run elsewhere.
using worker_actor
  = caf::typed_actor<caf::reacts_to<deploy_msg>, caf::reacts_to<connect_tasks_msg>,
                     caf::reacts_to<note_checkpoint_msg>, caf::reacts_to<release_msg>,
                     caf::reacts_to<heartbeat_ack_msg>, caf::reacts_to<bye_msg>,
                     caf::reacts_to<worker_step_msg>>;

/// Knows the workers of a cluster and its jobs.
using coordinator_actor
  = caf::typed_actor<caf::replies_to<join_msg>::with<join_reply>, caf::reacts_to<heartbeat_msg>,
                     caf::reacts_to<leave_msg>,
                     caf::replies_to<control_request>::with<control_reply>,
                     caf::reacts_to<slot_request_msg>, caf::reacts_to<slot_release_msg>,
                     caf::reacts_to<coordinator_step_msg>>;

/// Who is at the other end of each channel: a task of this process, or a channel to another
/// process. `outputs[e][i]` is consumer i of output edge e.
struct connect_msg {
  struct output {
    task_actor to;             ///< null: `remote` leads there
    std::uint32_t channel = 0; ///< the receiver's number
    std::shared_ptr<remote_sender> remote;
  };
  struct input {
    task_actor from;           ///< null: `remote` leads there
    std::uint32_t channel = 0; ///< the sender's number
    std::uint32_t edge = 0;    ///< of the job graph
    std::shared_ptr<remote_receiver> remote;
  };
  std::vector<std::vector<output>> outputs;
  std::vector<input> inputs;
};

/// A worker as a job knows it.
struct job_host {
  std::uint64_t worker = 0; ///< its number at the coordinator
  std::string name;
  worker_actor handle;
  data_address data;
};

/// Job actor to coordinator: so many slots, now or when there are as many.
struct slot_request_msg {
  std::uint64_t job = 0;
  std::uint32_t attempt = 0;
  std::uint32_t slots = 0;
  job_actor from;
};

/// Slot i is on `hosts[host_of_slot[i]]`; slots of a host stand together.
struct slots_granted_msg {
  std::uint32_t attempt = 0;
  std::vector<job_host> hosts;
  std::vector<std::uint32_t> host_of_slot;
};

struct deploy_msg {
  job_actor from;
  deploy_order order;
};

/// The tasks of `host`, by their numbers.
struct deployed_msg {
  std::uint32_t attempt = 0;
  std::uint32_t host = 0;
  std::vector<task_actor> tasks;
};

struct join_msg {
  worker_actor worker;
  worker_offer offer;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, deploy_msg& m) {
  return f(m.from, m.order);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, deployed_msg& m) {
  return f(m.attempt, m.host, m.tasks);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, join_msg& m) {
  return f(m.worker, m.offer);
}

#define SLUICE_WIRE_MESSAGES(X)                                                                    \
  X(start_msg)                                                                                     \
  X(cancel_msg)                                                                                    \
  X(trigger_msg)                                                                                   \
  X(checkpoint_complete_msg)                                                                       \
  X(checkpoint_aborted_msg)                                                                        \
  X(assign_splits_msg)                                                                             \
  X(probe_loop_msg)                                                                                \
  X(end_loop_msg)                                                                                  \
  X(task_ready_msg)                                                                                \
  X(task_failed_msg)                                                                               \
  X(task_finished_msg)                                                                             \
  X(split_request_msg)                                                                             \
  X(snapshot_ack_msg)                                                                              \
  X(snapshot_declined_msg)                                                                         \
  X(committed_msg)                                                                                 \
  X(loop_input_ended_msg)                                                                          \
  X(loop_probed_msg)                                                                               \
  X(deploy_order)                                                                                  \
  X(connect_tasks_msg)                                                                             \
  X(note_checkpoint_msg)                                                                           \
  X(release_msg)                                                                                   \
  X(deploy_failed_msg)                                                                             \
  X(checkpoint_noted_msg)                                                                          \
  X(worker_offer)                                                                                  \
  X(join_reply)                                                                                    \
  X(task_report)                                                                                   \
  X(heartbeat_msg)                                                                                 \
  X(heartbeat_ack_msg)                                                                             \
  X(leave_msg)                                                                                     \
  X(bye_msg)                                                                                       \
  X(control_request)                                                                               \
  X(control_reply)

#define SLUICE_IS_WIRE_MESSAGE(type)                                                               \
  template <>                                                                                      \
  inline constexpr bool is_wire_message<type> = true;
SLUICE_WIRE_MESSAGES(SLUICE_IS_WIRE_MESSAGE)
#undef SLUICE_IS_WIRE_MESSAGE

/// Tells an actor system the names of all messages that cross processes.
void register_messages(caf::actor_system_config& config);

} // namespace sluice::runtime

// These never leave their process.
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sluice::runtime::element_msg)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sluice::runtime::credit_msg)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sluice::runtime::connect_msg)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sluice::runtime::overtake_msg)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sluice::runtime::continue_msg)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sluice::runtime::timer_msg)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sluice::runtime::wakeup_msg)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sluice::runtime::strand_done_msg)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sluice::runtime::job_start_msg)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sluice::runtime::job_cancel_msg)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sluice::runtime::checkpoint_request_msg)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sluice::runtime::job_timer_msg)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sluice::runtime::job_work_done_msg)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sluice::runtime::slot_request_msg)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sluice::runtime::slot_release_msg)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sluice::runtime::slots_granted_msg)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sluice::runtime::worker_lost_msg)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sluice::runtime::worker_step_msg)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sluice::runtime::coordinator_step_msg)
