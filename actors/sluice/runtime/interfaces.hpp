/// The whole actor protocol of a job on one page.
///
///                     start, cancel, trigger, complete, splits ...
///        job actor  ----------------------------------------------->  task actors
///            ^  \----- monitors -----/                                  |    ^
///            |                                                 elements |    | credit
///            +-- ready, failed, finished, acks, split requests --  task v    |
///                                                                  task actors
///
/// Control travels at high priority, data never does. Every message carries the attempt it belongs
/// to, so that what a dead attempt still says is harmless.
#pragma once

#include "sluice/runtime/messages.hpp"
#include "sluice/runtime/remote_channel.hpp"

#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/typed_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

namespace sluice::runtime {

struct connect_msg; // a task's peers: needs the handle below

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
                     caf::reacts_to<loop_input_ended_msg>, caf::reacts_to<loop_probed_msg>>;

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

} // namespace sluice::runtime

// None of these crosses a process yet: remote channels bring their encodings with them.
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sluice::runtime::element_msg)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sluice::runtime::credit_msg)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sluice::runtime::connect_msg)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sluice::runtime::start_msg)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sluice::runtime::cancel_msg)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sluice::runtime::trigger_msg)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sluice::runtime::checkpoint_complete_msg)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sluice::runtime::checkpoint_aborted_msg)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sluice::runtime::assign_splits_msg)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sluice::runtime::probe_loop_msg)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sluice::runtime::end_loop_msg)
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
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sluice::runtime::task_ready_msg)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sluice::runtime::task_failed_msg)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sluice::runtime::task_finished_msg)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sluice::runtime::split_request_msg)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sluice::runtime::snapshot_ack_msg)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sluice::runtime::snapshot_declined_msg)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sluice::runtime::committed_msg)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sluice::runtime::loop_input_ended_msg)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(sluice::runtime::loop_probed_msg)
