#include "sluice/net/gate.hpp"

#include "sluice/core/errors.hpp"
#include "sluice/net/io_pool.hpp"
#include "sluice/net/listener.hpp"
#include "sluice/net/peer.hpp"
#include "sluice/net/pump.hpp"

#include <boost/asio/local/connect_pair.hpp>
#include <fmt/format.h>

#include <unistd.h>

#include <future>
#include <mutex>
#include <set>

namespace sluice::net {

namespace {

namespace asio = boost::asio;
using local = asio::local::stream_protocol;

/// How long what was written last may take to arrive when this end goes.
constexpr auto last_words = std::chrono::seconds(1);

admission make_admission(const gate_terms& t) {
  auto positive = [](duration d, const char* name) {
    if (d < std::chrono::milliseconds(8))
      throw io_error(fmt::format("gate: {} must be at least 8 ms", name));
  };
  positive(t.connect_timeout, "connect_timeout");
  positive(t.handshake_timeout, "handshake_timeout");
  positive(t.dead_peer_timeout, "dead_peer_timeout");
  admission ask;
  ask.terms = {control_purpose, t.secret, t.release};
  if (t.tls) ask.tls = make_tls_context(*t.tls);
  ask.connect_timeout = t.connect_timeout;
  ask.handshake_timeout = t.handshake_timeout;
  ask.dead_peer_timeout = t.dead_peer_timeout;
  ask.keep_alive = true;
  return ask;
}

/// The pumps of one side. From any thread.
class pump_house {
public:
  /// Makes of a connection what its user gets: the socket itself if `outer` is null.
  /// Errors: `io_error` if the system has no sockets left.
  unique_fd socket_of_user(asio::ip::tcp::socket socket, std::unique_ptr<transport> outer,
                           duration patience) {
    if (!outer) {
      socket.native_non_blocking(true);
      return unique_fd(socket.release());
    }
    local::socket inner(socket.get_executor());
    local::socket users(socket.get_executor());
    boost::system::error_code error;
    asio::local::connect_pair(inner, users, error);
    if (error) throw io_error("a pair of local sockets: " + error.message());
    users.native_non_blocking(true);
    unique_fd fd(users.release());
    auto p
      = std::make_shared<pump>(std::move(socket), std::move(outer), std::move(inner), patience);
    {
      std::lock_guard lock(mutex_);
      pumps_.insert(p);
    }
    p->start([this](const std::shared_ptr<pump>& over) {
      std::lock_guard lock(mutex_);
      pumps_.erase(over);
    });
    return fd;
  }

  /// Nobody may be connecting any more. The pumps' threads must be joined after this.
  void finish() {
    std::lock_guard lock(mutex_);
    for (auto& p : pumps_) p->finish(last_words);
  }

private:
  std::mutex mutex_;
  std::set<std::shared_ptr<pump>> pumps_; // GUARDED_BY(mutex_)
};

/// A connection until its socket is its user's.
class visitor final : public peer {
public:
  struct callbacks {
    /// Gets the socket. Called before `gone`.
    std::function<void(asio::ip::tcp::socket, std::unique_ptr<transport>, const endpoint&)> proven;
    std::function<void(const std::string& why, bool final)> failed;
    std::function<void(const std::shared_ptr<peer>&)> gone;
  };

  template <class From>
  visitor(std::shared_ptr<const admission> ask, asio::io_context& context, From from,
          const callbacks& tell)
    : peer(std::move(ask), context, std::move(from)), callbacks_(tell) {}

  void stop(std::string why) override {
    post([this, why = std::move(why)] {
      if (in_setup()) callbacks_.failed(why, false);
      if (stage_ != stage::over) close_socket();
    });
  }

private:
  void opened() override {
    stage_ = stage::over;
    callbacks_.proven(std::move(socket_), std::move(transport_), peer_);
    callbacks_.gone(shared_from_this());
  }

  void failed(const std::string& why, bool final) override { callbacks_.failed(why, final); }
  void closed() override { callbacks_.gone(shared_from_this()); }

  const callbacks& callbacks_; // of what outlives the threads
};

} // namespace

unique_fd& unique_fd::operator=(unique_fd&& other) noexcept {
  if (this != &other) {
    if (fd_ >= 0) ::close(fd_);
    fd_ = other.release();
  }
  return *this;
}

unique_fd::~unique_fd() {
  if (fd_ >= 0) ::close(fd_);
}

int unique_fd::release() noexcept { return std::exchange(fd_, -1); }

// -- accepting ------------------------------------------------------------------------------------

class gate::impl {
public:
  impl(gate_config config, std::function<void(unique_fd, const endpoint&)> admit)
    : admit_(std::move(admit)), refusals_(std::move(config.on_refused)) {
    auto ask = std::make_shared<admission>(make_admission(config.terms));
    ask->refused = [this](std::string why) { refusals_.add(std::move(why)); };
    listener_ = std::make_shared<listener>(
      pool_, listener::config{
               {config.bind_address, config.port}, config.max_unauthenticated, ask->refused});
    ask->port = listener_->port();
    callbacks_.proven
      = [this, tls = ask->tls != nullptr, patience = ask->dead_peer_timeout](
          asio::ip::tcp::socket socket, std::unique_ptr<transport> outer, const endpoint& from) {
          let_in(std::move(socket), tls ? std::move(outer) : nullptr, from, patience);
        };
    callbacks_.failed = [](const std::string&, bool) {}; // was told as refused
    callbacks_.gone = [this](const std::shared_ptr<peer>& p) { listener_->closed(p); };
    listener_->start([this, ask](asio::io_context& context, asio::ip::tcp::socket socket) {
      return std::make_shared<visitor>(ask, context, std::move(socket), callbacks_);
    });
  }

  ~impl() {
    close();
    pumps_.finish();
    pool_.join();
  }

  std::uint16_t port() const noexcept { return listener_->port(); }

  void close() {
    listener_->stop("the gate was closed");
    std::lock_guard lock(admitting_);
    closed_ = true;
  }

private:
  /// `outer`: null when the user gets the socket itself.
  void let_in(asio::ip::tcp::socket socket, std::unique_ptr<transport> outer, const endpoint& from,
              duration patience) {
    std::lock_guard lock(admitting_);
    if (closed_) return;
    try {
      admit_(pumps_.socket_of_user(std::move(socket), std::move(outer), patience), from);
    } catch (const std::exception& e) {
      refusals_.add(fmt::format("the peer {} cannot be let in: {}", to_string(from), e.what()));
    }
  }

  std::function<void(unique_fd, const endpoint&)> admit_;
  refusal_log refusals_;
  visitor::callbacks callbacks_;
  pump_house pumps_;
  std::mutex admitting_;
  bool closed_ = false; // GUARDED_BY(admitting_)
  io_pool pool_{1};
  std::shared_ptr<listener> listener_;
};

gate::gate(gate_config config, std::function<void(unique_fd, const endpoint&)> admit)
  : impl_(std::make_unique<impl>(std::move(config), std::move(admit))) {}

gate::~gate() = default;

std::uint16_t gate::port() const noexcept { return impl_->port(); }

void gate::close() { impl_->close(); }

// -- dialling -------------------------------------------------------------------------------------

namespace {

class dialled_link final : public gate_link {
public:
  dialled_link(const endpoint& at, const gate_terms& terms) {
    auto ask = std::make_shared<admission>(make_admission(terms));
    // Shared: the thread that keeps it may still be inside when the one that waits goes on.
    auto result = std::make_shared<std::promise<unique_fd>>();
    callbacks_.proven
      = [this, result, tls = ask->tls != nullptr, patience = terms.dead_peer_timeout](
          asio::ip::tcp::socket socket, std::unique_ptr<transport> outer, const endpoint&) {
          try {
            result->set_value(
              pumps_.socket_of_user(std::move(socket), tls ? std::move(outer) : nullptr, patience));
          } catch (const std::exception&) {
            result->set_exception(std::current_exception());
          }
        };
    callbacks_.failed = [result](const std::string& why, bool final) {
      result->set_exception(final ? std::make_exception_ptr(refusal(why))
                                  : std::make_exception_ptr(io_error(why)));
    };
    callbacks_.gone = [](const std::shared_ptr<peer>&) {};
    auto v = std::make_shared<visitor>(ask, pool_.first(), at, callbacks_);
    v->start();
    fd_ = result->get_future().get(); // its own deadlines bound it
  }

  ~dialled_link() override {
    fd_ = unique_fd();
    pumps_.finish();
    pool_.join();
  }

  unique_fd take() override { return std::move(fd_); }

private:
  visitor::callbacks callbacks_;
  pump_house pumps_;
  unique_fd fd_;
  io_pool pool_{1};
};

} // namespace

std::unique_ptr<gate_link> dial_gate(const endpoint& at, const gate_terms& terms) {
  return std::make_unique<dialled_link>(at, terms);
}

} // namespace sluice::net
