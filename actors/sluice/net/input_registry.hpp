/// Which receiving ends there are, and from which connections they hear.
#pragma once

#include "sluice/net/channel.hpp"

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace sluice::net {

class connection;

/// Brings together what the receiver opens and what senders announce, whichever is first.
///
/// Thread safety: all functions from any thread; none calls back.
class input_registry {
public:
  /// What the caller must tell `channel`: it came too late for its connection.
  struct late {
    std::shared_ptr<connection> from;
    std::string why;
  };

  /// The receiver opens a channel.
  /// Errors: throws `error` when it is open already.
  std::optional<late> add(const std::shared_ptr<input_channel>& channel);

  /// A sender has announced a channel as its `number`.
  /// Errors: throws `format_error` when another connection has announced it and is there.
  void announce(const channel_key& key, const std::shared_ptr<connection>& from,
                std::uint32_t number);

  /// Where the first element of a channel goes; null: nowhere, for ever.
  std::shared_ptr<input_channel> resolve(const channel_key& key);

  /// The sender has closed the channel, or its connection is lost: the receiving end that heard
  /// from it, if there is one.
  std::shared_ptr<input_channel> withdraw(const channel_key& key, const connection& from);

  /// The receiver closes all channels of an attempt.
  std::vector<std::shared_ptr<input_channel>> remove(std::uint64_t job, std::uint32_t attempt);

  std::vector<std::shared_ptr<input_channel>> remove_all();

private:
  struct entry {
    std::shared_ptr<input_channel> channel; // null: announced only
    std::shared_ptr<connection> from;       // null: opened only
    std::uint32_t number = 0;
    bool dropped = false; // elements came before it was opened
  };

  std::mutex mutex_;
  std::map<channel_key, entry> entries_;
};

/// The keys of an attempt are a range of an ordered container; this is before all of them.
channel_key first_key(std::uint64_t job, std::uint32_t attempt);

} // namespace sluice::net
