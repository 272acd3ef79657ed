#include "coordinator_link.hpp"

#include "tell.hpp"

#include <thread>

namespace sluice::cli {

namespace {

/// A savepoint may take long; the coordinator gives up before this.
constexpr auto longest_answer = std::chrono::minutes(16);
constexpr auto quick_answer = std::chrono::seconds(10);

/// How long a coordinator may be away while somebody waits for the end of a job.
constexpr auto longest_absence = std::chrono::seconds(60);
constexpr auto pause_between_attempts = std::chrono::milliseconds(500);

} // namespace

void check_options(const cluster::options& o) {
  try {
    cluster::validate(o);
  } catch (const plan_error& e) {
    throw usage_error(e.what());
  }
}

coordinator_link::coordinator_link(cluster::options o) : options_(std::move(o)) {
  check_options(options_);
}

std::string coordinator_link::ask_once(const std::string& verb, std::uint64_t job,
                                       const std::string& text, std::chrono::milliseconds timeout) {
  try {
    if (!client_) client_ = std::make_unique<cluster::control_client>(options_);
    return client_->ask(verb, job, text, timeout);
  } catch (const io_error& e) {
    client_.reset();
    throw coordinator_unreachable(e.what());
  }
}

std::string coordinator_link::ask(const std::string& verb, std::uint64_t job,
                                  const std::string& text) {
  return ask_once(verb, job, text, longest_answer);
}

std::string coordinator_link::keep_asking(const std::string& verb, std::uint64_t job) {
  auto give_up = std::chrono::steady_clock::now() + longest_absence;
  for (bool told = false;; told = true) {
    try {
      auto answer = ask_once(verb, job, {}, quick_answer);
      if (told) tell("note: the coordinator is back\n");
      return answer;
    } catch (const coordinator_unreachable& e) {
      if (std::chrono::steady_clock::now() > give_up) throw;
      if (!told) tell("note: {}; looking for the coordinator\n", e.what());
    }
    std::this_thread::sleep_for(pause_between_attempts);
  }
}

} // namespace sluice::cli
