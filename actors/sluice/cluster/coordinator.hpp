/// The coordinator of a cluster: the logic of a coordinator actor.
#pragma once

#include "sluice/cluster/job_store.hpp"
#include "sluice/cluster/membership.hpp"
#include "sluice/cluster/options.hpp"
#include "sluice/runtime/interfaces.hpp"
#include "sluice/runtime/io_services.hpp"
#include "sluice/runtime/job.hpp"

#include <boost/json/object.hpp>
#include <caf/result.hpp>
#include <spdlog/common.h>

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>

namespace sluice::cluster {

/// Makes the graph of a program's text. May block. Errors: `plan_error` and the like.
using program_loader = std::function<job_graph(const std::string& text)>;

/// What a coordinator needs of its process.
struct coordinator_context {
  options settings;
  runtime::io_services* io = nullptr;
  std::shared_ptr<job_store> store;
  program_loader load; ///< may be empty: only this process's program runs
};

/// State of a coordinator actor; every method is a message handler or called by one.
class coordinator {
public:
  static constexpr const char* name = "sluice.coordinator";

  void init(runtime::coordinator_actor::pointer self, coordinator_context context);

  caf::result<runtime::join_reply> on_join(runtime::join_msg& m);
  void on_heartbeat(const runtime::heartbeat_msg& m);
  void on_leave(const runtime::leave_msg& m);
  caf::result<runtime::control_reply> on_control(const runtime::control_request& m);
  void on_slot_request(runtime::slot_request_msg& m);
  void on_slot_release(const runtime::slot_release_msg& m);
  void on_tick();
  void on_down(const caf::down_msg& m);

  /// Keeps a new job. Errors: `io_error`.
  job_record add_job(const job_graph& graph, runtime::program_ref program);
  /// Starts or resumes the job of `record`.
  void start(const job_record& record, std::shared_ptr<const job_graph> graph,
             std::shared_ptr<runtime::job_board> board);
  /// False: there is no such job.
  bool cancel(std::uint64_t job);
  bool request_checkpoint(std::uint64_t job, const runtime::checkpoint_request_msg& m);
  /// Drops its jobs where they are and says goodbye to all workers; calls `then` when they are
  /// gone.
  void close(const std::string& why, std::function<void()> then);

private:
  struct running_job {
    runtime::job_actor actor;
    std::shared_ptr<runtime::job_board> board;
  };

  void lose(std::uint64_t worker, const std::string& why);
  void remove(std::uint64_t worker, const std::string& why, spdlog::level::level_enum level);
  void grant_slots();
  std::string mismatch(const std::map<std::uint64_t, std::string>& programs) const;
  void note_end(std::uint64_t job);
  void resume(const job_record& r);
  void load(const std::string& text, std::uint32_t rescaled_to,
            std::function<void(std::shared_ptr<const job_graph>, const std::string&)> then);
  boost::json::object summary(const job_record& r) const;
  runtime::control_reply list_jobs() const;
  runtime::control_reply list_workers() const;
  runtime::control_reply job_details(std::uint64_t id) const;
  runtime::control_reply find_program(const std::string& text) const;
  caf::result<runtime::control_reply> checkpoint_of(std::uint64_t id,
                                                    runtime::checkpoint_request_msg m);
  caf::result<runtime::control_reply> submit(const std::string& text);

  runtime::coordinator_actor::pointer self_ = nullptr;
  coordinator_context context_;
  membership members_;
  std::map<std::uint64_t, running_job> jobs_;
  std::chrono::steady_clock::time_point last_tick_{};
  std::function<void()> closed_; ///< nobody is taken in any more
};

/// The actor around a `coordinator`. `*state` is where that is, for work sent in steps.
runtime::coordinator_actor::behavior_type
coordinator_behavior(runtime::coordinator_actor::stateful_pointer<coordinator> self,
                     coordinator_context context, coordinator** state);

} // namespace sluice::cluster
