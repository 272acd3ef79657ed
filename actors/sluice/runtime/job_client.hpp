/// A job of this process as its starter sees it.
#pragma once

#include "sluice/core/clock.hpp"
#include "sluice/runtime/job_board.hpp"
#include "sluice/runtime/messages.hpp"

#include <functional>
#include <memory>
#include <string>

namespace sluice::runtime {

/// Reads the job's board and sends to its actor.
class job_client final : public job_control {
public:
  struct sender {
    std::function<void()> cancel;
    std::function<void(checkpoint_request_msg)> request;
  };

  job_client(sender send, std::shared_ptr<job_board> board, const clock& time)
    : send_(std::move(send)), board_(std::move(board)), clock_(time) {}

  job_status status() const override { return board_->status(); }
  std::optional<job_result> wait_until(std::chrono::steady_clock::time_point deadline) override {
    return board_->wait_until(deadline);
  }
  void cancel() override { send_.cancel(); }
  job_metrics metrics() const override { return board_->metrics(clock_.now()); }
  std::string savepoint(const std::string& directory, bool then_stop) override;
  std::string checkpoint() override { return request({}); }

private:
  std::string request(checkpoint_request_msg m);

  sender send_;
  std::shared_ptr<job_board> board_;
  const clock& clock_;
};

} // namespace sluice::runtime
