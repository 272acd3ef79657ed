/// Carries bytes between a connection and a local socket.
#pragma once

#include "sluice/net/transport.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>

#include <array>
#include <functional>
#include <memory>

namespace sluice::net {

/// Both ways at once, with one buffer of fixed size for each: who reads slowly makes the other side
/// write slowly. When one end stops sending, the other end hears that after all that was sent; when
/// the connection breaks, the local socket is closed.
///
/// Threading: on the one thread of `socket`'s context, but for what says otherwise.
class pump : public std::enable_shared_from_this<pump> {
public:
  /// `outer` is `socket`'s; what one side of both still sends after the other has stopped must not
  /// pause for longer than `patience`.
  pump(boost::asio::ip::tcp::socket socket, std::unique_ptr<transport> outer,
       boost::asio::local::stream_protocol::socket inner, duration patience);

  /// Called once. `over` is called when both sockets are closed. From any thread.
  void start(std::function<void(const std::shared_ptr<pump>&)> over);

  /// Sends what the inner end has written, waits `last_words` for it, and ends. From any thread.
  void finish(duration last_words);

private:
  /// One way: what was read, and is not written yet.
  struct way {
    std::array<char, 64 * 1024> buffer;
    std::size_t begin = 0;
    std::size_t end = 0;
    bool ended = false;  ///< the source did
    bool closed = false; ///< and the destination knows

    bool empty() const noexcept { return begin == end; }
  };
  enum class wait : std::uint8_t { outer_read, outer_write, inner_read, inner_write };

  void turn();
  bool step();
  bool inward();
  bool outward();
  bool blocked_outside(io_result::state what);
  bool blocked_inside(wait what);
  bool fill_inward();
  bool fill_outward();
  bool end_outward();
  void await(wait what);
  void one_is_closed();
  void watch();
  void close();

  boost::asio::ip::tcp::socket socket_;
  std::unique_ptr<transport> outer_;
  boost::asio::local::stream_protocol::socket inner_;
  boost::asio::steady_timer timer_;
  duration patience_;
  std::function<void(const std::shared_ptr<pump>&)> over_;
  way in_;
  way out_;
  bool deaf_ = false;  ///< nobody reads at the inner end any more
  bool moved_ = false; ///< since the timer was set
  bool finishing_ = false;
  std::array<bool, 4> awaited_{}; ///< by `wait`
  std::array<bool, 4> wanted_{};
};

} // namespace sluice::net
