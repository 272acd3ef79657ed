#include "sluice/net/handshake.hpp"

#include "sluice/core/bytes.hpp"

#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

namespace sluice::net {

namespace {

constexpr std::string_view family = "Sluice";
constexpr std::size_t magic_size = 8;
static_assert(data_purpose.magic.size() == magic_size
              && control_purpose.magic.size() == magic_size);
constexpr std::size_t nonce_size = 32;
constexpr std::size_t proof_size = 32;
constexpr std::size_t hello_size = 48; // magic, version, port, release, nonce
constexpr std::size_t verdict_size = 1 + proof_size;
static_assert(hello_size == magic_size + 2 + 2 + 4 + nonce_size);

constexpr char accepted = 0;
constexpr char wrong_secret = 1;

std::string make_nonce() {
  std::string nonce(nonce_size, '\0');
  if (RAND_bytes(reinterpret_cast<unsigned char*>(nonce.data()), nonce_size) != 1)
    throw io_error("the system has no random numbers for a handshake");
  return nonce;
}

std::string release_text(std::uint32_t r) {
  if (r == 0) return "unknown";
  return fmt::format("{}.{}.{}", r >> 24U, r >> 16U & 0xffU, r & 0xffffU);
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

handshake::handshake(role me, terms t, std::string session, std::uint16_t port)
  : me_(me), terms_(std::move(t)), session_(std::move(session)), port_(port),
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
  auto& p = terms_.purpose;
  out.append(p.magic.data(), p.magic.size());
  out.raw(p.version);
  out.raw(port_);
  out.raw(terms_.release);
  out.append(my_nonce_.data(), my_nonce_.size());
  output_ = out.take();
}

void handshake::on_hello(std::string_view bytes) {
  byte_reader in(bytes);
  auto& p = terms_.purpose;
  auto magic = in.take(magic_size);
  // An acceptor says hello also to those that it refuses: that is how they learn what is wrong.
  if (me_ == role::acceptor) say_hello();
  if (!magic.starts_with(family)) throw refusal(describe_stranger(bytes));
  if (magic != p.magic)
    throw refusal(fmt::format("does not speak the {} protocol, but another one of Sluice", p.name));
  auto version = in.raw<std::uint16_t>();
  peer_port_ = in.raw<std::uint16_t>();
  auto release = in.raw<std::uint32_t>();
  peer_nonce_ = in.take(nonce_size);
  check_release(release);
  if (version != p.version)
    throw refusal(fmt::format("speaks version {} of the {} protocol, this process version {}",
                              version, p.name, p.version));
  if (me_ == role::dialler) {
    output_ += proof_of(role::dialler);
    step_ = step::verdict;
  } else {
    step_ = step::proof;
  }
}

void handshake::check_release(std::uint32_t theirs) const {
  if (terms_.release != 0 && theirs != terms_.release)
    throw refusal(fmt::format("is another version: it runs Sluice {}, this process Sluice {}",
                              release_text(theirs), release_text(terms_.release)));
}

void handshake::on_proof(std::string_view bytes) {
  if (!equal(bytes, proof_of(role::dialler))) {
    output_.assign(verdict_size, '\0');
    output_.front() = wrong_secret;
    throw refusal("does not know the cluster secret");
  }
  output_.assign(1, accepted);
  output_ += proof_of(role::acceptor);
  step_ = step::done;
}

void handshake::on_verdict(std::string_view bytes) {
  if (bytes.front() != accepted) throw refusal("refused the cluster secret");
  if (!equal(bytes.substr(1), proof_of(role::acceptor)))
    throw refusal("does not know the cluster secret");
  step_ = step::done;
}

std::string handshake::proof_of(role who) const {
  auto dialler = me_ == role::dialler;
  auto text = fmt::format("sluice {} {}", terms_.purpose.name,
                          who == role::dialler ? "dialler" : "acceptor");
  text += dialler ? my_nonce_ : peer_nonce_;
  text += dialler ? peer_nonce_ : my_nonce_;
  text += session_;
  std::string mac(proof_size, '\0');
  unsigned int size = 0;
  // A key of no bytes must still be a pointer.
  if (!HMAC(EVP_sha256(), terms_.secret.c_str(), static_cast<int>(terms_.secret.size()),
            reinterpret_cast<const unsigned char*>(text.data()), text.size(),
            reinterpret_cast<unsigned char*>(mac.data()), &size)
      || size != proof_size)
    throw io_error("OpenSSL cannot compute HMAC-SHA256");
  return mac;
}

} // namespace sluice::net
