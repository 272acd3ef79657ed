#include "sluice/net/handshake.hpp"

#include "sluice/core/bytes.hpp"
#include "sluice/core/errors.hpp"

#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

namespace sluice::net {

namespace {

constexpr std::string_view magic = "SluiceDP";
constexpr std::size_t nonce_size = 32;
constexpr std::size_t proof_size = 32;
constexpr std::size_t hello_size = 48; // magic, version, port, 4 zero bytes, nonce
constexpr std::size_t verdict_size = 1 + proof_size;
static_assert(hello_size == 8 + 2 + 2 + 4 + nonce_size);

constexpr char accepted = 0;
constexpr char wrong_secret = 1;

std::string make_nonce() {
  std::string nonce(nonce_size, '\0');
  if (RAND_bytes(reinterpret_cast<unsigned char*>(nonce.data()), nonce_size) != 1)
    throw io_error("the system has no random numbers for a handshake");
  return nonce;
}

bool equal(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

} // namespace

std::string describe_stranger(std::string_view bytes) {
  auto first = static_cast<unsigned char>(bytes.front());
  if (first == 0x15 || first == 0x16) return "uses TLS, and this process does not";
  return "is not a Sluice process";
}

handshake::handshake(role me, std::string secret, std::string session, std::uint16_t port)
  : me_(me), secret_(std::move(secret)), session_(std::move(session)), port_(port),
    my_nonce_(make_nonce()) {
  if (me_ == role::dialler) say_hello();
}

std::string handshake::take_output() { return std::exchange(output_, {}); }

std::size_t handshake::wanted() const noexcept {
  switch (step_) {
  case step::hello:
    return hello_size;
  case step::proof:
    return proof_size;
  case step::verdict:
    return verdict_size;
  case step::done:
    break;
  }
  return 0;
}

void handshake::feed(std::string_view bytes) {
  switch (step_) {
  case step::hello:
    return on_hello(bytes);
  case step::proof:
    return on_proof(bytes);
  case step::verdict:
    return on_verdict(bytes);
  case step::done:
    return;
  }
}

void handshake::say_hello() {
  byte_writer out(std::move(output_));
  out.append(magic.data(), magic.size());
  out.raw(protocol_version);
  out.raw(port_);
  out.raw(std::uint32_t{0});
  out.append(my_nonce_.data(), my_nonce_.size());
  output_ = out.take();
}

void handshake::on_hello(std::string_view bytes) {
  byte_reader in(bytes);
  if (in.take(magic.size()) != magic) throw io_error(describe_stranger(bytes));
  auto version = in.raw<std::uint16_t>();
  peer_port_ = in.raw<std::uint16_t>();
  in.take(4);
  peer_nonce_ = in.take(nonce_size);
  if (me_ == role::acceptor) say_hello(); // also to another version: that is how it learns
  if (version != protocol_version)
    throw io_error(fmt::format("speaks version {} of the data protocol, this process version {}",
                               version, protocol_version));
  if (me_ == role::dialler) {
    output_ += proof_of(role::dialler);
    step_ = step::verdict;
  } else {
    step_ = step::proof;
  }
}

void handshake::on_proof(std::string_view bytes) {
  if (!equal(bytes, proof_of(role::dialler))) {
    output_.assign(verdict_size, '\0');
    output_.front() = wrong_secret;
    throw io_error("does not know the cluster secret");
  }
  output_.assign(1, accepted);
  output_ += proof_of(role::acceptor);
  step_ = step::done;
}

void handshake::on_verdict(std::string_view bytes) {
  if (bytes.front() != accepted) throw io_error("refused the cluster secret");
  if (!equal(bytes.substr(1), proof_of(role::acceptor)))
    throw io_error("does not know the cluster secret");
  step_ = step::done;
}

std::string handshake::proof_of(role who) const {
  auto dialler = me_ == role::dialler;
  std::string text = who == role::dialler ? "sluice data dialler" : "sluice data acceptor";
  text += dialler ? my_nonce_ : peer_nonce_;
  text += dialler ? peer_nonce_ : my_nonce_;
  text += session_;
  std::string mac(proof_size, '\0');
  unsigned int size = 0;
  // A key of no bytes must still be a pointer.
  if (!HMAC(EVP_sha256(), secret_.c_str(), static_cast<int>(secret_.size()),
            reinterpret_cast<const unsigned char*>(text.data()), text.size(),
            reinterpret_cast<unsigned char*>(mac.data()), &size)
      || size != proof_size)
    throw io_error("OpenSSL cannot compute HMAC-SHA256");
  return mac;
}

} // namespace sluice::net
