#include "sluice/net/input_registry.hpp"

#include "sluice/net/connection.hpp"

namespace sluice::net {

channel_key first_key(std::uint64_t job, std::uint32_t attempt) {
  channel_key key;
  key.job = job;
  key.attempt = attempt;
  return key;
}

std::optional<input_registry::late>
input_registry::add(const std::shared_ptr<input_channel>& channel) {
  std::lock_guard lock(mutex_);
  auto& e = entries_[channel->key()];
  if (e.channel) throw error(to_string(channel->key()) + " is open already");
  e.channel = channel;
  if (!e.from) return std::nullopt;
  if (e.dropped)
    return late{e.from, to_string(channel->key()) + ": elements came before it was opened"};
  channel->bind(e.from, e.number);
  return std::nullopt;
}

void input_registry::announce(const channel_key& key, const std::shared_ptr<connection>& from,
                              std::uint32_t number) {
  std::lock_guard lock(mutex_);
  auto& e = entries_[key];
  if (e.from) throw format_error(to_string(key) + " was announced twice");
  e.from = from;
  e.number = number;
  if (e.channel) e.channel->bind(from, number);
}

std::shared_ptr<input_channel> input_registry::resolve(const channel_key& key) {
  std::lock_guard lock(mutex_);
  auto at = entries_.find(key);
  if (at == entries_.end()) return nullptr;
  if (!at->second.channel) at->second.dropped = true;
  return at->second.channel;
}

std::shared_ptr<input_channel> input_registry::withdraw(const channel_key& key,
                                                        const connection& from) {
  std::lock_guard lock(mutex_);
  auto at = entries_.find(key);
  if (at == entries_.end() || at->second.from.get() != &from) return nullptr;
  auto channel = at->second.channel;
  if (channel)
    at->second.from = nullptr;
  else
    entries_.erase(at);
  return channel;
}

std::vector<std::shared_ptr<input_channel>> input_registry::remove(std::uint64_t job,
                                                                   std::uint32_t attempt) {
  std::vector<std::shared_ptr<input_channel>> removed;
  std::lock_guard lock(mutex_);
  auto at = entries_.lower_bound(first_key(job, attempt));
  while (at != entries_.end() && at->first.job == job && at->first.attempt == attempt) {
    auto& e = at->second;
    if (e.channel) removed.push_back(std::move(e.channel));
    at = entries_.erase(at);
  }
  return removed;
}

std::vector<std::shared_ptr<input_channel>> input_registry::remove_all() {
  std::vector<std::shared_ptr<input_channel>> removed;
  std::lock_guard lock(mutex_);
  for (auto& [key, e] : std::exchange(entries_, {}))
    if (e.channel) removed.push_back(e.channel);
  return removed;
}

} // namespace sluice::net
