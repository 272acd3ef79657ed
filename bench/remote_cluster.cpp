#include "remote_cluster.hpp"

#include <cstdlib>

namespace bench {

namespace {

/// A variable of the environment that children get.
class exported {
public:
  exported(const char* name, const std::string& value) : name_(name) {
    ::setenv(name, value.c_str(), 1);
  }
  exported(const exported&) = delete;
  ~exported() { ::unsetenv(name_); }

private:
  const char* name_;
};

} // namespace

remote_cluster::remote_cluster(const std::string& kind, std::uint64_t records,
                               std::uint32_t workers, std::uint32_t slots) {
  sluice::cluster::options o;
  o.coordinator_port = 0;
  coordinator_ = std::make_unique<sluice::cluster::coordinator_process>(o);
  exported role("SLUICE_ROLE", "worker");
  exported where("SLUICE_COORDINATOR", "127.0.0.1:" + std::to_string(coordinator_->port()));
  exported offer("SLUICE_SLOTS", std::to_string(slots));
  exported log("SLUICE_LOG", "off");
  for (std::uint32_t i = 0; i < workers; ++i)
    workers_.push_back(
      std::make_unique<child>("internal-remote-job", kind + " " + std::to_string(records)));
}

remote_cluster::~remote_cluster() = default;

std::shared_ptr<sluice::job_control> remote_cluster::submit(sluice::job_graph graph) {
  return coordinator_->run(next_++, std::move(graph));
}

double remote_cluster::finish() {
  double cpu = 0;
  for (auto& w : workers_) cpu += w->finish();
  return cpu;
}

} // namespace bench
