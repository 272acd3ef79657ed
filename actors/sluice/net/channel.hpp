/// The two ends of a channel, as connections see them.
#pragma once

#include "sluice/core/bytes.hpp"
#include "sluice/net/data_plane.hpp"

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace sluice::net {

class connection;

/// Callbacks of a channel: they run one at a time, and never after `close` has returned.
class channel_end {
public:
  channel_end(const channel_key& key, std::function<void(std::string)> on_lost)
    : key_(key), on_lost_(std::move(on_lost)) {}

  const channel_key& key() const noexcept { return key_; }

  /// Neither closed nor lost.
  bool alive() const noexcept { return alive_.load(std::memory_order_relaxed); }

  /// Tells once that the channel is lost. Called by the connection's thread.
  void lose(const std::string& why);

  /// Waits for a callback that is running.
  void close();

protected:
  ~channel_end() = default;

  std::mutex callbacks_; // held while one runs
  std::atomic<bool> alive_{true};

private:
  channel_key key_;
  std::function<void(std::string)> on_lost_;
};

/// Sends to one connection from its beginning to its end.
class output_channel final : public remote_output, public channel_end {
public:
  output_channel(std::shared_ptr<connection> to, const channel_key& key, compression wish,
                 std::size_t max_frame_bytes, std::function<void(runtime::credit_msg)> on_credit,
                 std::function<void(std::string)> on_lost);
  ~output_channel() override;

  void send(runtime::channel_element& e) override;

  /// Closes it here and tells the receiver.
  void close_and_forget();

  /// Called once by the connection, before anything is sent.
  void set_number(std::uint32_t number) noexcept { number_ = number; }

  /// Called by the connection's thread.
  void deliver(runtime::credit_msg m);

private:
  std::shared_ptr<connection> connection_;
  std::uint32_t number_ = 0;
  compression compression_;
  std::size_t max_frame_bytes_;
  std::function<void(runtime::credit_msg)> on_credit_;
};

/// Hears from one connection, which is known once the sender has announced the channel.
class input_channel final : public remote_input, public channel_end {
public:
  input_channel(const channel_key& key, const element_type& type,
                std::function<void(runtime::channel_element)> on_element,
                std::function<void(std::string)> on_lost);
  ~input_channel() override;

  void credit(runtime::credit_msg m) override;
  void recycle(runtime::batch_box box) override;

  /// Credit that was given before goes now.
  void bind(const std::shared_ptr<connection>& from, std::uint32_t number);

  /// Decodes an element behind the channel's number and delivers it. Called by the connection's
  /// thread.
  /// Errors: `format_error` that names the channel.
  void deliver(byte_reader& in);

private:
  std::unique_ptr<batch> free_batch();
  void send_credit(connection& to, const runtime::credit_msg& m) const;

  const element_type& type_;
  std::function<void(runtime::channel_element)> on_element_;

  std::mutex mutex_; // of what follows
  std::vector<std::unique_ptr<batch>> free_;
  std::weak_ptr<connection> connection_;
  bool bound_ = false;
  std::uint32_t number_ = 0;
  std::vector<runtime::credit_msg> early_; // until it is bound
};

} // namespace sluice::net
