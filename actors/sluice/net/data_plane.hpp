/// The data plane of a cluster: channels between tasks of different processes, over TCP.
#pragma once

#include "sluice/core/batch.hpp"
#include "sluice/core/time.hpp"
#include "sluice/runtime/messages.hpp"

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace sluice::net {

/// Where a process listens.
struct endpoint {
  std::string host; ///< an address or a name
  std::uint16_t port = 0;

  friend auto operator<=>(const endpoint&, const endpoint&) = default;
};

/// `host:port`; IPv6 addresses in brackets.
std::string to_string(const endpoint& e);

/// Paths of PEM files for mutual TLS: each side shows a certificate that `ca` has signed. Host
/// names in certificates are not compared: who has a certificate of the cluster's CA belongs to it.
struct tls_files {
  std::string certificate;
  std::string key;
  std::string ca;
};

/// How frames are compressed; a frame that does not shrink goes as it is. A receiver understands
/// all, whatever it sends itself.
enum class compression : std::uint8_t { none, lz4, zstd };

struct data_plane_config {
  std::string bind_address = "127.0.0.1";
  std::uint16_t port = 0; ///< 0: any that is free
  std::optional<tls_files> tls;
  /// Shared by the cluster, may be empty. Never sent: both sides prove that they know it.
  std::string secret;
  net::compression compression = compression::none;

  duration connect_timeout = std::chrono::seconds(5);   ///< of dialling, name look-up included
  duration handshake_timeout = std::chrono::seconds(5); ///< of TLS and the secret
  /// A peer that has not sent a byte for so long is lost; one that has nothing to say sends pings.
  duration dead_peer_timeout = std::chrono::seconds(5);

  /// Frames beyond are refused by both sides. At most 1 GiB.
  std::size_t max_frame_bytes = 64 * 1024 * 1024;
  /// Connections that have not proved themselves yet; beyond, the oldest is dropped.
  std::size_t max_unauthenticated = 256;
  /// Threads that read (and write what senders' threads could not); connections are spread over
  /// them.
  std::size_t threads = 1;

  /// Told of connections that were refused here, with peer and reason, from a thread of the data
  /// plane. At most ten a second; the next line counts those left out. May be empty.
  std::function<void(std::string)> on_refused;
};

/// One channel of one attempt of a job, the same at both ends.
struct channel_key {
  std::uint64_t job = 0;
  std::uint32_t attempt = 0;
  runtime::task_id from;
  std::uint32_t from_channel = 0; ///< the sender's number of the channel
  runtime::task_id to;
  std::uint32_t to_channel = 0; ///< the receiver's number of the channel

  friend auto operator<=>(const channel_key&, const channel_key&) = default;
};

/// "channel 1 of task 2.0 -> channel 0 of task 3.1 (job 7, attempt 1)"; tasks as vertex.subtask.
std::string to_string(const channel_key& key);

/// The sender's end of one channel.
class remote_output {
public:
  virtual ~remote_output() = default;

  /// Encodes the element and sends it, or queues it while the connection is busy or not there yet.
  /// Leaves `e.records` cleared for reuse. Never blocks. After the channel was lost or closed it
  /// only clears. Records need credit, which the caller keeps: that bounds the queue.
  ///
  /// Threading: one thread at a time (the sending task).
  /// Errors: throws `io_error`, naming the channel, when the element does not fit a frame;
  /// `plan_error` when the type has no encoding. Nothing is sent then.
  virtual void send(runtime::channel_element& e) = 0;
};

/// The receiver's end of one channel.
class remote_input {
public:
  virtual ~remote_input() = default;

  /// Sends the credit to the sender. `m.attempt`, `m.channel` and `m.recycled` are not looked at.
  ///
  /// Threading: one thread at a time, also from within `on_element`. Never blocks.
  virtual void credit(runtime::credit_msg m) = 0;

  /// Keeps a batch, if there is one in `b`, to decode a later one into. Threading: as `credit`.
  virtual void recycle(runtime::batch_box b) = 0;
};

/// All channels between this process and others.
///
/// The sender of a channel dials its receiver. There is one connection per peer dialled, shared by
/// all channels to it: elements go one way, credit comes back the other way.
///
/// Callbacks are called by threads of the data plane; those of one channel never at once. They must
/// not block, throw, or call `close` or the destructor; everything else is allowed. A lost
/// connection is told to each of its channels once, and is the last that they hear.
///
/// Thread safety: all functions from any thread. Channels may outlive the data plane; they are dead
/// then.
class data_plane {
public:
  /// Listens from now on.
  /// Errors: throws `io_error` when the address cannot be bound, or a certificate, key or CA cannot
  /// be read or do not fit each other.
  explicit data_plane(data_plane_config config);
  ~data_plane();
  data_plane(const data_plane&) = delete;
  data_plane& operator=(const data_plane&) = delete;

  /// The port listened at.
  std::uint16_t port() const noexcept;

  /// Opens the sending end and dials `peer` if there is no connection; returns at once, elements
  /// wait for the connection. The messages that `on_credit` gets have the sender's attempt and
  /// channel, and nothing recycled. `on_lost` is also told when the peer cannot be reached or
  /// refuses.
  /// Errors: throws `error` when the channel is open already.
  std::shared_ptr<remote_output> open_output(const endpoint& peer, const channel_key& key,
                                             std::function<void(runtime::credit_msg)> on_credit,
                                             std::function<void(std::string)> on_lost);

  /// Opens the receiving end. Must come before the first element does: those of a channel that
  /// nobody has opened belong to a dead attempt and are dropped, and who opens it after that is
  /// told that it is lost. `on_lost` is not called after `end_of_input` was delivered.
  /// Errors: throws `error` when the channel is open already.
  std::shared_ptr<remote_input> open_input(const channel_key& key, const element_type& type,
                                           std::function<void(runtime::channel_element)> on_element,
                                           std::function<void(std::string)> on_lost);

  /// Forgets all channels of an attempt: what still arrives for them is dropped. None of their
  /// callbacks runs any more once this returns. Not to be called by a callback.
  void close(std::uint64_t job, std::uint32_t attempt);

private:
  class impl;
  std::unique_ptr<impl> impl_;
};

} // namespace sluice::net

template <>
struct std::hash<sluice::net::channel_key> {
  std::size_t operator()(const sluice::net::channel_key& key) const noexcept;
};
