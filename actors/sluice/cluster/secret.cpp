#include "sluice/cluster/secret.hpp"

#include "sluice/core/errors.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <array>

namespace sluice::cluster {

std::string make_nonce() {
  std::string nonce(32, '\0');
  if (RAND_bytes(reinterpret_cast<unsigned char*>(nonce.data()), static_cast<int>(nonce.size()))
      != 1)
    throw io_error("the system has no random bytes");
  return nonce;
}

std::string proof_of(std::string_view secret, std::string_view role, std::string_view hello_nonce,
                     std::string_view challenge_nonce) {
  std::string message;
  for (auto part : {role, hello_nonce, challenge_nonce}) {
    message += std::to_string(part.size()) + ':';
    message += part;
  }
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned length = 0;
  HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()),
       reinterpret_cast<const unsigned char*>(message.data()), message.size(), digest.data(),
       &length);
  return {reinterpret_cast<const char*>(digest.data()), length};
}

bool equal_proofs(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

} // namespace sluice::cluster
