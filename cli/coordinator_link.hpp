/// The command's connection to a coordinator.
#pragma once

#include "sluice/cluster/control_client.hpp"
#include "sluice/cluster/options.hpp"
#include "sluice/core/errors.hpp"

#include <boost/json/value.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

namespace sluice::cli {

/// Options do not go together.
class usage_error : public plan_error {
public:
  using plan_error::plan_error;
};

/// There is no coordinator, or it does not answer.
class coordinator_unreachable : public io_error {
public:
  using io_error::io_error;
};

/// `cluster::validate`, as an error of the command line.
void check_options(const cluster::options& o);

/// Connects when it is first asked. One thread at a time.
class coordinator_link {
public:
  /// Errors: `usage_error`.
  explicit coordinator_link(cluster::options o);

  /// The answer, JSON. Errors: `coordinator_unreachable`; `state_error` with the coordinator's
  /// words; `plan_error` if it does not want to talk to this process.
  std::string ask(const std::string& verb, std::uint64_t job = 0, const std::string& text = {});

  /// The same, patiently: goes on asking for a while, and says so, when the coordinator is away.
  /// Only for what may be asked twice.
  std::string keep_asking(const std::string& verb, std::uint64_t job);

private:
  std::string ask_once(const std::string& verb, std::uint64_t job, const std::string& text,
                       std::chrono::milliseconds timeout);

  cluster::options options_;
  std::unique_ptr<cluster::control_client> client_;
};

} // namespace sluice::cli
