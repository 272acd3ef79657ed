#include "sluice/net/data_plane.hpp"

#include "sluice/core/errors.hpp"
#include "sluice/core/hash.hpp"
#include "sluice/net/connection.hpp"
#include "sluice/net/listener.hpp"

#include <fmt/format.h>

#include <map>
#include <mutex>
#include <vector>

namespace sluice::net {

namespace {

constexpr std::size_t largest_max_frame = std::size_t{1} << 30;

data_plane_config checked(data_plane_config c) {
  auto positive = [](duration d, const char* name) {
    if (d < std::chrono::milliseconds(8))
      throw io_error(fmt::format("data plane: {} must be at least 8 ms", name));
  };
  positive(c.connect_timeout, "connect_timeout");
  positive(c.handshake_timeout, "handshake_timeout");
  positive(c.dead_peer_timeout, "dead_peer_timeout");
  if (c.max_frame_bytes < 1024 || c.max_frame_bytes > largest_max_frame)
    throw io_error("data plane: max_frame_bytes must be from 1 KiB to 1 GiB");
  return c;
}

} // namespace

std::string to_string(const endpoint& e) {
  auto v6 = e.host.find(':') != std::string::npos;
  return fmt::format("{}{}{}:{}", v6 ? "[" : "", e.host, v6 ? "]" : "", e.port);
}

std::string to_string(const channel_key& key) {
  return fmt::format("channel {} of task {}.{} -> channel {} of task {}.{} (job {}, attempt {})",
                     key.from_channel, key.from.vertex, key.from.subtask, key.to_channel,
                     key.to.vertex, key.to.subtask, key.job, key.attempt);
}

class data_plane::impl {
public:
  explicit impl(data_plane_config config)
    : plane_(std::make_shared<plane_context>(checked(std::move(config)))),
      refusals_(plane_->config.on_refused) {
    auto& given = plane_->config;
    auto& ask = plane_->ask;
    ask.terms = {data_purpose, given.secret, 0};
    if (given.tls) ask.tls = make_tls_context(*given.tls);
    ask.connect_timeout = given.connect_timeout;
    ask.handshake_timeout = given.handshake_timeout;
    ask.dead_peer_timeout = given.dead_peer_timeout;
    ask.refused = [this](std::string why) { refusals_.add(std::move(why)); };
    listener_ = std::make_shared<listener>(
      plane_->pool,
      listener::config{{given.bind_address, given.port}, given.max_unauthenticated, ask.refused});
    ask.port = listener_->port();
    plane_->closed = [this](const std::shared_ptr<connection>& c) { closed(c); };
    plane_->proven = [this](const std::shared_ptr<connection>& c) { listener_->proven(c); };
    listener_->start([plane = std::weak_ptr(plane_)](auto& context, auto socket) {
      return std::make_shared<connection>(plane.lock(), context, std::move(socket));
    });
  }

  ~impl() {
    for (auto& in : plane_->inputs.remove_all()) in->close();
    for (auto& [key, out] : std::exchange(outputs_, {})) out->close();
    std::string why = "the data plane was shut down";
    listener_->stop(why);
    std::map<endpoint, std::shared_ptr<connection>> dialled;
    {
      std::lock_guard lock(mutex_);
      dialled.swap(dialled_);
    }
    for (auto& [peer, c] : dialled) c->stop(why);
    plane_->pool.join();
  }

  std::uint16_t port() const noexcept { return plane_->ask.port; }

  std::shared_ptr<remote_output> open_output(const endpoint& peer, const channel_key& key,
                                             std::function<void(runtime::credit_msg)> on_credit,
                                             std::function<void(std::string)> on_lost) {
    std::lock_guard lock(mutex_);
    auto& place = outputs_[key];
    if (place) throw error(to_string(key) + " is open already");
    auto& config = plane_->config;
    auto open_at = [&](const std::shared_ptr<connection>& c) {
      place = std::make_shared<output_channel>(c, key, config.compression, config.max_frame_bytes,
                                               on_credit, on_lost);
      return c->add_output(place);
    };
    auto& c = dialled_[peer];
    if (c && open_at(c)) return place;
    c = std::make_shared<connection>(plane_, plane_->pool.next(), peer);
    open_at(c);
    c->start();
    return place;
  }

  std::shared_ptr<remote_input> open_input(const channel_key& key, const element_type& type,
                                           std::function<void(runtime::channel_element)> on_element,
                                           std::function<void(std::string)> on_lost) {
    auto channel
      = std::make_shared<input_channel>(key, type, std::move(on_element), std::move(on_lost));
    if (auto late = plane_->inputs.add(channel)) late->from->lose_input(channel, late->why);
    return channel;
  }

  void close(std::uint64_t job, std::uint32_t attempt) {
    for (auto& in : plane_->inputs.remove(job, attempt)) in->close();
    std::vector<std::shared_ptr<output_channel>> removed;
    {
      std::lock_guard lock(mutex_);
      auto at = outputs_.lower_bound(first_key(job, attempt));
      while (at != outputs_.end() && at->first.job == job && at->first.attempt == attempt) {
        removed.push_back(std::move(at->second));
        at = outputs_.erase(at);
      }
    }
    for (auto& out : removed) out->close_and_forget();
  }

private:
  /// A connection that was dialled and ended is dialled anew by the next channel.
  void closed(const std::shared_ptr<connection>& c) {
    listener_->closed(c);
    std::lock_guard lock(mutex_);
    auto at
      = std::find_if(dialled_.begin(), dialled_.end(), [&](auto& d) { return d.second == c; });
    if (at != dialled_.end()) dialled_.erase(at);
  }

  std::shared_ptr<plane_context> plane_;
  refusal_log refusals_;
  std::shared_ptr<listener> listener_;
  std::mutex mutex_; // of what follows
  std::map<endpoint, std::shared_ptr<connection>> dialled_;
  std::map<channel_key, std::shared_ptr<output_channel>> outputs_;
};

data_plane::data_plane(data_plane_config config)
  : impl_(std::make_unique<impl>(std::move(config))) {}

data_plane::~data_plane() = default;

std::uint16_t data_plane::port() const noexcept { return impl_->port(); }

std::shared_ptr<remote_output>
data_plane::open_output(const endpoint& peer, const channel_key& key,
                        std::function<void(runtime::credit_msg)> on_credit,
                        std::function<void(std::string)> on_lost) {
  return impl_->open_output(peer, key, std::move(on_credit), std::move(on_lost));
}

std::shared_ptr<remote_input>
data_plane::open_input(const channel_key& key, const element_type& type,
                       std::function<void(runtime::channel_element)> on_element,
                       std::function<void(std::string)> on_lost) {
  return impl_->open_input(key, type, std::move(on_element), std::move(on_lost));
}

void data_plane::close(std::uint64_t job, std::uint32_t attempt) { impl_->close(job, attempt); }

} // namespace sluice::net

std::size_t
std::hash<sluice::net::channel_key>::operator()(const sluice::net::channel_key& k) const noexcept {
  std::uint64_t h = k.job;
  for (auto part : {k.attempt, k.from.vertex, k.from.subtask, k.from_channel, k.to.vertex,
                    k.to.subtask, k.to_channel})
    h = sluice::combine_hash(h, part);
  return static_cast<std::size_t>(h);
}
