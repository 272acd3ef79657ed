/// What both ends of a connection tell and prove to each other before anything else.
#pragma once

#include "sluice/core/errors.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace sluice::net {

/// The peer will say the same when it is asked again.
class refusal : public io_error {
public:
  using io_error::io_error;
};

/// What a connection is for. Proofs for one purpose are worthless for another.
struct purpose {
  std::string_view magic; ///< of 8 bytes, beginning with "Sluice"
  std::string_view name;
  std::uint16_t version; ///< changes whenever what is said after the handshake, or in it, does
};

inline constexpr purpose data_purpose{"SluiceDP", "data", 1};
inline constexpr purpose control_purpose{"SluiceCP", "control", 1};

/// A version of Sluice in 32 bits.
constexpr std::uint32_t release_number(std::uint8_t major, std::uint8_t minor,
                                       std::uint16_t patch) noexcept {
  return static_cast<std::uint32_t>(major) << 24U | static_cast<std::uint32_t>(minor) << 16U
         | patch;
}

/// What a peer that began with `bytes` is, to be read behind its name. REQUIRES: there are some.
std::string describe_stranger(std::string_view bytes);

/// Mutual challenge and response by HMAC-SHA256 under the cluster's secret. Each side sends a hello
/// (magic, versions, nonce); then the dialler proves that it knows the secret, and only then the
/// acceptor does. A proof covers its purpose, both nonces, who gives it, and the TLS session if
/// there is one, so it is good for nothing else.
///
/// It does no I/O: feed it what comes, send what it puts out.
class handshake {
public:
  enum class role : std::uint8_t { dialler, acceptor };

  /// What both ends must agree on.
  struct terms {
    net::purpose purpose = data_purpose;
    std::string secret;
    std::uint32_t release = 0; ///< of Sluice; 0: does not matter to this side
  };

  /// `session`: bytes that only the two ends of the TLS session know; empty without TLS. `port`:
  /// where this process listens, 0 if unknown; the other side only shows it.
  handshake(role me, terms t, std::string session, std::uint16_t port);

  /// What to send; empty when there is nothing. The caller takes it.
  std::string take_output();

  /// How many bytes to read for the next step; reading more would take away frames.
  std::size_t wanted() const noexcept;

  /// Handles the next `wanted()` bytes. There may be output even when it fails: it tells the peer
  /// why.
  /// Errors: `refusal` that says what is wrong with the peer, to be read behind its name.
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
  void check_release(std::uint32_t theirs) const;
  std::string proof_of(role who) const;

  role me_;
  step step_ = step::hello;
  terms terms_;
  std::string session_;
  std::uint16_t port_;
  std::uint16_t peer_port_ = 0;
  std::string my_nonce_;
  std::string peer_nonce_;
  std::string output_;
};

} // namespace sluice::net
