#include "sluice/table/function/builtins.hpp"
#include "sluice/table/function/registry.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <array>

namespace sluice::table {

namespace {

std::string digest(std::string_view bytes, const EVP_MD* method) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> sum{};
  unsigned size = 0;
  if (EVP_Digest(bytes.data(), bytes.size(), sum.data(), &size, method, nullptr) != 1)
    throw error("this build of OpenSSL does not have the hash");
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out;
  for (unsigned i = 0; i < size; ++i) {
    out += digits[sum[i] >> 4];
    out += digits[sum[i] & 15];
  }
  return out;
}

template <const EVP_MD* (*Method)()>
std::string hash_of(std::string_view text) {
  return digest(text, Method());
}

std::optional<std::string> sha2(std::string_view text, std::int32_t bits) {
  switch (bits) {
  case 224:
    return digest(text, EVP_sha224());
  case 256:
    return digest(text, EVP_sha256());
  case 384:
    return digest(text, EVP_sha384());
  case 512:
    return digest(text, EVP_sha512());
  default:
    throw error(fmt::format("there is no SHA-2 of {} bits", bits));
  }
}

} // namespace

void add_hash_functions(function_registry& r) {
  auto add = [&](const char* name, auto function) {
    r.add(scalar_function{name,
                          {},
                          std::string(name) + "(string)",
                          "The hash as hexadecimal digits.",
                          overloads(true, function)});
  };
  add("MD5", hash_of<EVP_md5>);
  add("SHA1", hash_of<EVP_sha1>);
  add("SHA224", hash_of<EVP_sha224>);
  add("SHA256", hash_of<EVP_sha256>);
  add("SHA384", hash_of<EVP_sha384>);
  add("SHA512", hash_of<EVP_sha512>);
  r.add({"SHA2",
         {},
         "SHA2(string, hashLength)",
         "The SHA-2 hash of 224, 256, 384 or 512 bits.",
         overloads(true, sha2)});
}

} // namespace sluice::table
