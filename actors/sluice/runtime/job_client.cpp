#include "sluice/runtime/job_client.hpp"

#include <chrono>
#include <future>

namespace sluice::runtime {

std::string job_client::savepoint(const std::string& directory, bool then_stop) {
  if (directory.empty()) throw state_error("a savepoint needs a directory");
  checkpoint_request_msg m;
  m.savepoint_directory = directory;
  m.then_stop = then_stop;
  return request(std::move(m));
}

std::string job_client::request(checkpoint_request_msg m) {
  m.reply = std::make_shared<std::promise<std::string>>();
  auto future = m.reply->get_future();
  send_.request(std::move(m)); // an actor that has ended drops it, which breaks the promise
  while (future.wait_for(std::chrono::milliseconds(100)) != std::future_status::ready)
    if (board_->ended() && future.wait_for(std::chrono::seconds(1)) != std::future_status::ready)
      throw state_error("the job has ended");
  try {
    return future.get();
  } catch (const std::future_error&) {
    throw state_error("the job has ended");
  }
}

} // namespace sluice::runtime
