#include "sluice/cluster/membership.hpp"

#include <algorithm>

namespace sluice::cluster {

std::uint32_t membership::worker::free() const noexcept {
  std::uint32_t taken = 0;
  for (auto& [job, n] : used) taken += n;
  return slots - taken;
}

std::uint64_t membership::add(job_host host, std::uint32_t slots, time_point now) {
  host.worker = ++last_worker_;
  workers_[last_worker_] = {std::move(host), slots, {}, now};
  return last_worker_;
}

bool membership::seen(std::uint64_t id, time_point now) {
  auto at = workers_.find(id);
  if (at == workers_.end()) return false;
  at->second.last_seen = now;
  return true;
}

std::vector<std::uint64_t> membership::silent_since(time_point t) const {
  std::vector<std::uint64_t> result;
  for (auto& [id, w] : workers_)
    if (w.last_seen < t) result.push_back(id);
  return result;
}

std::uint32_t membership::free_slots() const noexcept {
  std::uint32_t n = 0;
  for (auto& [id, w] : workers_) n += w.free();
  return n;
}

std::uint32_t membership::all_slots() const noexcept {
  std::uint32_t n = 0;
  for (auto& [id, w] : workers_) n += w.slots;
  return n;
}

void membership::request(runtime::slot_request_msg wish) {
  release(wish.job);
  line_.push_back(std::move(wish));
}

void membership::release(std::uint64_t job) {
  std::erase_if(line_, [&](auto& w) { return w.job == job; });
  for (auto& [id, w] : workers_) w.used.erase(job);
}

std::optional<std::uint32_t> membership::waiting(std::uint64_t job) const {
  for (auto& w : line_)
    if (w.job == job) return w.slots;
  return std::nullopt;
}

/// Spreads: each slot is taken where most are free. A worker's slots of a job stand together, so
/// that neighbouring subtasks, which `rescale` and `forward` connect, share a process.
std::optional<membership::grant> membership::next_grant() {
  auto available = free_slots();
  auto at = std::find_if(line_.begin(), line_.end(), [&](auto& w) { return w.slots <= available; });
  if (at == line_.end()) return std::nullopt;
  auto wish = std::move(*at);
  line_.erase(at);
  for (std::uint32_t i = 0; i < wish.slots; ++i) {
    auto best = std::max_element(workers_.begin(), workers_.end(), [](auto& a, auto& b) {
      return a.second.free() < b.second.free();
    });
    ++best->second.used[wish.job];
  }
  grant g;
  g.to = wish.from;
  g.slots.attempt = wish.attempt;
  for (auto& [id, w] : workers_) {
    auto used = w.used.find(wish.job);
    if (used == w.used.end()) continue;
    g.slots.host_of_slot.insert(g.slots.host_of_slot.end(), used->second,
                                static_cast<std::uint32_t>(g.slots.hosts.size()));
    g.slots.hosts.push_back(w.host);
  }
  return g;
}

} // namespace sluice::cluster
