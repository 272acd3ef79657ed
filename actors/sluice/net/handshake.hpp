/// What both ends of a connection tell and prove to each other before anything else.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace sluice::net {

/// Changes whenever frames or handshake do.
inline constexpr std::uint16_t protocol_version = 1;

/// What a peer that began with `bytes` is, to be read behind its name. REQUIRES: there are some.
std::string describe_stranger(std::string_view bytes);

/// Mutual challenge and response by HMAC-SHA256 under the cluster's secret. Each side sends a hello
/// (magic, version, nonce); then the dialler proves that it knows the secret, and only then the
/// acceptor does. A proof covers both nonces, who gives it, and the TLS session if there is one, so
/// it is good for nothing else.
///
/// It does no I/O: feed it what comes, send what it puts out.
class handshake {
public:
  enum class role : std::uint8_t { dialler, acceptor };

  /// `session`: bytes that only the two ends of the TLS session know; empty without TLS. `port`:
  /// where this process listens, 0 if unknown; the other side only shows it.
  handshake(role me, std::string secret, std::string session, std::uint16_t port);

  /// What to send; empty when there is nothing. The caller takes it.
  std::string take_output();

  /// How many bytes to read for the next step; reading more would take away frames.
  std::size_t wanted() const noexcept;

  /// Handles the next `wanted()` bytes. There may be output even when it fails: it tells the peer
  /// why.
  /// Errors: `io_error` that says is wrong with the peer, to be read behind its name.
  void feed(std::string_view bytes);

  bool done() const noexcept { return step_ == step::done; }

  /// Where the peer listens, by its own account; 0 if it does not say.
  std::uint16_t peer_port() const noexcept { return peer_port_; }

  static constexpr std::size_t max_message = 48;

private:
  enum class step : std::uint8_t { hello, proof, verdict, done };

  void on_hello(std::string_view bytes);
  void on_proof(std::string_view bytes);
  void on_verdict(std::string_view bytes);
  void say_hello();
  std::string proof_of(role who) const;

  role me_;
  step step_ = step::hello;
  std::string secret_;
  std::string session_;
  std::uint16_t port_;
  std::uint16_t peer_port_ = 0;
  std::string my_nonce_;
  std::string peer_nonce_;
  std::string output_;
};

} // namespace sluice::net
