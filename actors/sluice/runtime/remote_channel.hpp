/// The two ends of a channel whose other end is in another process.
#pragma once

#include "sluice/runtime/messages.hpp"

namespace sluice::runtime {

/// The sender's end. Owner: the sending task.
class remote_sender {
public:
  virtual ~remote_sender() = default;

  /// Sends `element` behind all that went before. Its records, if any, are encoded at once; the
  /// batch stays in `element`, to be used again.
  virtual void send(channel_element& element) = 0;
};

/// The receiver's end. Owner: the receiving task.
class remote_receiver {
public:
  virtual ~remote_receiver() = default;

  /// Tells the sender that batches were processed.
  virtual void credit(credit_msg m) = 0;

  /// Keeps a batch, if there is one, for what comes next.
  virtual void recycle(batch_box b) = 0;
};

} // namespace sluice::runtime
