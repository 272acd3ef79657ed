/// One connection to another process.
#pragma once

#include "sluice/net/channel.hpp"
#include "sluice/net/frame.hpp"
#include "sluice/net/input_registry.hpp"
#include "sluice/net/io_pool.hpp"
#include "sluice/net/peer.hpp"

#include <atomic>
#include <exception>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace sluice::net {

/// What the connections of a data plane share.
struct plane_context {
  explicit plane_context(data_plane_config c) : config(std::move(c)), pool(config.threads) {}

  data_plane_config config;
  io_pool pool;
  admission ask;
  input_registry inputs;

  /// A connection has no socket any more.
  std::function<void(const std::shared_ptr<connection>&)> closed;
  /// An accepted connection has proved itself.
  std::function<void(const std::shared_ptr<connection>&)> proven;
};

/// Dialled: sends elements and receives credit. Accepted: the other way round.
///
/// Reading, callbacks, timers and the end of the connection are on its one thread. Frames are
/// written by the thread that sends them as long as the socket takes them; what it does not take is
/// written by the connection's thread.
class connection final : public peer {
public:
  /// Dials a peer.
  connection(std::shared_ptr<plane_context> plane, boost::asio::io_context& context, endpoint to);
  /// Was accepted; `socket` belongs to `context`.
  connection(std::shared_ptr<plane_context> plane, boost::asio::io_context& context,
             boost::asio::ip::tcp::socket socket);
  ~connection() override;

  void stop(std::string why) override;

  /// Announces the channel to the peer; false if the connection is lost. From any thread.
  bool add_output(const std::shared_ptr<output_channel>& channel);
  void remove_output(std::uint32_t number);

  /// Tells a receiving end, from this connection's thread. From any thread.
  void lose_input(const std::shared_ptr<input_channel>& channel, const std::string& why);

  /// Memory for a frame. From any thread.
  std::string take_buffer();

  /// Queues a frame, and writes if nobody does. Drops it when the connection is lost. From any
  /// thread.
  void send(std::string frame);

  bool lost() const noexcept { return lost_.load(std::memory_order_relaxed); }

private:
  enum class writer : std::uint8_t {
    nobody,
    sender, ///< a thread that sends is inside the transport
    own     ///< the connection's thread writes, or waits until it can
  };
  struct incoming {
    channel_key key;
    std::shared_ptr<input_channel> channel;
    bool resolved = false;
    bool announced = true;
  };

  std::shared_ptr<connection> self() {
    return std::static_pointer_cast<connection>(shared_from_this());
  }

  void opened() override;
  void failed(const std::string& why, bool /*final*/) override { lose(why); }
  void closed() override;

  // -- reading (connection.cpp)
  void wait_readable();
  void read_or_fail();
  bool read_some();
  void grow_buffer();
  void handle_frames();
  void handle(const frame_reader::frame& f);
  void handle_open(byte_reader& in);
  void handle_element(byte_reader& in);
  void handle_credit(byte_reader& in);
  void handle_forget(byte_reader& in);
  incoming& incoming_of(byte_reader& in);

  // -- writing (connection_write.cpp)
  void pump(writer me, std::size_t budget);
  bool next_frames();
  void recycle_written();
  io_result write_some();
  void advance(std::size_t bytes);
  void wait_writable();
  void resume_writing();

  // -- its end
  void start_ticks();
  void tick();
  void lose(const std::string& why);
  void lose_by(std::exception_ptr error);
  std::string describe(const std::exception_ptr& error) const;

  const std::shared_ptr<plane_context> plane_;

  // Reading.
  frame_reader reader_;
  std::unique_ptr<char[]> buffer_;
  std::size_t capacity_ = 0;
  std::size_t wished_capacity_ = 0;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::vector<incoming> inputs_;
  std::uint32_t silent_ticks_ = 0;

  // Writing. `writing_` and what is behind it belong to the writer, the rest to the mutex.
  std::mutex mutex_;
  std::atomic<bool> lost_{false};
  bool writable_ = false; // the peer has proved itself
  writer writer_ = writer::nobody;
  std::vector<std::string> queue_;
  std::vector<std::string> spare_; // memory for frames
  std::size_t spare_bytes_ = 0;
  std::vector<std::shared_ptr<output_channel>> outputs_; // by number
  std::vector<std::string> writing_;
  std::size_t written_frames_ = 0;
  std::size_t written_bytes_ = 0; // of the frame after them
};

} // namespace sluice::net
