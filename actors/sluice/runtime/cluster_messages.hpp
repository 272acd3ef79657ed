/// What the processes of a cluster say to each other about jobs.
#pragma once

#include "sluice/plan/job_handle.hpp"
#include "sluice/runtime/messages.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace sluice::runtime {

/// Says how a process gets at a job's graph, which cannot travel: it holds functions.
struct program_ref {
  /// The how-manyeth `execute()` of the program that all processes run, from 0.
  std::uint64_t ordinal = 0;
  /// Instead: a text that each process makes the graph of (the statements of an SQL job).
  std::string text;
};

/// Where a process takes the data of other processes.
struct data_address {
  std::string host;
  std::uint16_t port = 0;
};

// -- job actor to workers
// -------------------------------------------------------------------------

/// Make these tasks. Answered by one deployed_msg or deploy_failed_msg.
struct deploy_order {
  std::uint64_t job = 0;
  std::uint32_t attempt = 0;
  std::uint32_t host = 0; ///< the receiver's index in `hosts`
  program_ref program;
  std::string fingerprint;       ///< what the job actor's graph looks like
  std::uint32_t rescaled_to = 0; ///< parallelism that replaces the program's; 0: none does
  std::string restore_path;      ///< the checkpoint to start from; empty: none
  std::vector<data_address> hosts;
  std::vector<std::uint32_t> placement; ///< index into `hosts`, per task
};

/// All workers have made their tasks: connect them.
struct connect_tasks_msg {
  std::uint64_t job = 0;
  std::uint32_t attempt = 0;
};

/// Checkpoint `id` is about to start and writes to `path`. Answered by checkpoint_noted_msg.
struct note_checkpoint_msg {
  std::uint64_t job = 0;
  std::uint32_t attempt = 0;
  checkpoint_id id = 0;
  std::string path;
};

/// The attempt is over: stop what is left of it and forget it.
struct release_msg {
  std::uint64_t job = 0;
  std::uint32_t attempt = 0;
  bool job_ended = false; ///< there will be no other attempt
};

// -- workers to the job actor
// ---------------------------------------------------------------------

struct deploy_failed_msg {
  std::uint32_t attempt = 0;
  std::uint32_t host = 0;
  std::string why;
  bool fatal = false; ///< trying again cannot help
};

struct checkpoint_noted_msg {
  std::uint32_t attempt = 0;
  std::uint32_t host = 0;
  checkpoint_id id = 0;
};

// -- inside a process
// -----------------------------------------------------------------------------

/// Coordinator to job actors: nothing comes from a worker any more.
struct worker_lost_msg {
  std::uint64_t worker = 0;
  std::string why;
};

/// Job actor to coordinator: its slots are free.
struct slot_release_msg {
  std::uint64_t job = 0;
};

/// What a worker and the coordinator tell themselves: it is time, or blocking work is done.
struct worker_step_msg {
  std::shared_ptr<std::function<void()>> apply; ///< null: the clock has ticked
};
struct coordinator_step_msg {
  std::shared_ptr<std::function<void()>> apply;
};

// -- workers, clients and the coordinator
// ---------------------------------------------------------

/// A worker offers its slots.
struct worker_offer {
  std::string name; ///< for people: host, process
  std::uint32_t slots = 1;
  data_address data;
  bool takes_statements = false; ///< runs texts that it is given, not a program of its own
  std::map<std::uint64_t, std::string> programs; ///< as in heartbeat_msg
};

struct join_reply {
  std::string refused;
  std::uint64_t worker = 0; ///< its number from now on
  std::uint64_t heartbeat_interval_us = 0;
  std::uint64_t heartbeat_timeout_us = 0;
};

/// What tasks of one deployment have done so far.
struct task_report {
  std::uint64_t job = 0;
  std::uint32_t attempt = 0;
  std::vector<task_metrics> tasks;
};

struct heartbeat_msg {
  std::uint64_t worker = 0;
  std::vector<task_report> reports;
  /// Program jobs that the worker's program has got to, and how their graphs look.
  std::map<std::uint64_t, std::string> programs;
};

/// How a program's job ended.
struct program_end {
  std::uint8_t status = 0; ///< a `job_status`
  std::string error;
  std::uint64_t runtime_us = 0;
  std::uint32_t num_restarts = 0;
};

struct heartbeat_ack_msg {
  bool unknown = false; ///< the coordinator does not know the worker (any more): join again
  std::string refused;  ///< why the worker's program does not fit; empty: it does
  std::map<std::uint64_t, program_end> ended; ///< of the program jobs that were asked for
};

/// The worker goes, or the coordinator does, on purpose.
struct leave_msg {
  std::uint64_t worker = 0;
};
struct bye_msg {
  std::string why;
};

/// What the command line asks. `text` depends on the verb.
struct control_request {
  std::string verb;
  std::uint64_t job = 0;
  std::string text;
};

/// `text` is JSON, or the error.
struct control_reply {
  bool ok = false;
  std::string text;
};

} // namespace sluice::runtime
