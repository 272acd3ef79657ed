/// One socket on its way from dialling or accepting to a peer that has proved itself.
#pragma once

#include "sluice/net/handshake.hpp"
#include "sluice/net/transport.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <array>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace sluice::net {

/// What all connections of one kind ask of the other side.
struct admission {
  handshake::terms terms;
  std::shared_ptr<tls_context> tls; ///< null: without
  std::uint16_t port = 0;           ///< where this process listens, as peers are told
  duration connect_timeout{};       ///< name look-up included
  duration handshake_timeout{};
  duration dead_peer_timeout{}; ///< of data that nobody acknowledges
  bool keep_alive = false;      ///< find silent peers that are gone by the system's probes
  /// Told why a connection that was accepted is refused.
  std::function<void(std::string)> refused;
};

/// Connects or was accepted, then TLS, then the secret; says why if one of them fails, here and to
/// the other side. What comes after that is the derived class's.
///
/// Threading: everything happens on the thread of `context`, but for what says otherwise.
class peer : public std::enable_shared_from_this<peer> {
public:
  peer(const peer&) = delete;
  peer& operator=(const peer&) = delete;
  virtual ~peer();

  /// Called once; from any thread.
  void start();

  /// Ends it, as an error or because this process ends. From any thread.
  virtual void stop(std::string why) = 0;

  /// Drops it unless it has proved itself meanwhile. From any thread.
  void refuse(const std::string& why);

protected:
  enum class stage : std::uint8_t { dialling, greeting, tls, proving, open, lingering, over };

  /// Dials `to`.
  peer(std::shared_ptr<const admission> ask, boost::asio::io_context& context, endpoint to);
  /// Was accepted; `socket` belongs to `context`.
  peer(std::shared_ptr<const admission> ask, boost::asio::io_context& context,
       boost::asio::ip::tcp::socket socket);

  /// It has proved itself; `transport_` is ready.
  virtual void opened() = 0;
  /// It never will; `final`: not the next time either. The socket may stay for the last words.
  virtual void failed(const std::string& why, bool final) = 0;
  /// There is no socket any more.
  virtual void closed() = 0;

  bool in_setup() const noexcept { return stage_ < stage::open; }
  void close_socket();

  template <class F>
  void post(F f);

  /// Keeps `context_`, so it has to go after all that uses that.
  const std::shared_ptr<const admission> ask_;
  boost::asio::io_context& context_;
  const bool dialled_;
  boost::asio::ip::tcp::socket socket_;
  boost::asio::steady_timer timer_; // of the set-up and of last words; free while it is open
  boost::asio::ip::tcp::resolver resolver_;
  endpoint peer_; // as errors name it
  stage stage_;
  std::unique_ptr<transport> transport_;

private:
  void dial();
  void connect(std::vector<boost::asio::ip::tcp::endpoint> addresses);
  void connected();
  void set_deadline(duration after, void (peer::*then)());
  void dial_late();
  void setup_late();
  void setup_or_fail();
  bool setup_step();
  bool expect_tls();
  bool start_tls();
  bool prove();
  bool wait_in_setup(io_result::state what);
  void become_open();
  void give_up(const std::string& why);
  void fail_setup(const std::string& why, bool final = false);
  void linger();
  void drain();

  std::unique_ptr<handshake> handshake_;
  std::array<char, handshake::max_message> proof_in_{};
  std::size_t proof_read_ = 0;
  std::string proof_out_;
};

template <class F>
void peer::post(F f) {
  // Weak: what is posted when the threads have ended must not keep anything alive.
  boost::asio::post(context_, [weak = weak_from_this(), f = std::move(f)] {
    if (auto self = weak.lock()) f();
  });
}

} // namespace sluice::net
