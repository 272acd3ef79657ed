#include "support/certificates.hpp"

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <cstdio>
#include <stdexcept>

namespace sluice::testing {

namespace {

struct deleter {
  void operator()(EVP_PKEY* p) const { EVP_PKEY_free(p); }
  void operator()(X509* p) const { X509_free(p); }
  void operator()(std::FILE* p) const { std::fclose(p); }
};
using key_ptr = std::unique_ptr<EVP_PKEY, deleter>;
using certificate_ptr = std::unique_ptr<X509, deleter>;

void need(bool condition) {
  if (!condition) throw std::runtime_error("OpenSSL cannot make a certificate");
}

void add_extension(X509* certificate, int id, const char* value) {
  auto* extension = X509V3_EXT_conf_nid(nullptr, nullptr, id, value);
  need(extension && X509_add_ext(certificate, extension, -1) == 1);
  X509_EXTENSION_free(extension);
}

certificate_ptr make_certificate(const std::string& name, EVP_PKEY* key, X509* issuer,
                                 EVP_PKEY* issuer_key, long serial, int days) {
  certificate_ptr c(X509_new());
  X509_set_version(c.get(), 2);
  ASN1_INTEGER_set(X509_get_serialNumber(c.get()), serial);
  X509_gmtime_adj(X509_getm_notBefore(c.get()), -30L * 24 * 3600);
  X509_gmtime_adj(X509_getm_notAfter(c.get()), static_cast<long>(days) * 24 * 3600);
  X509_set_pubkey(c.get(), key);
  auto* subject = X509_get_subject_name(c.get());
  X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
  X509_set_issuer_name(c.get(), issuer ? X509_get_subject_name(issuer) : subject);
  add_extension(c.get(), NID_basic_constraints, issuer ? "critical,CA:FALSE" : "critical,CA:TRUE");
  need(X509_sign(c.get(), issuer_key, EVP_sha256()) > 0);
  return c;
}

template <class Write>
void write_file(const std::filesystem::path& path, Write write) {
  std::unique_ptr<std::FILE, deleter> file(std::fopen(path.c_str(), "w"));
  need(file && write(file.get()) == 1);
}

} // namespace

struct certificate_authority::data {
  std::filesystem::path directory;
  std::string name;
  key_ptr key;
  certificate_ptr certificate;
  long serial = 1;
};

certificate_authority::certificate_authority(const std::filesystem::path& directory,
                                             const std::string& name)
  : data_(std::make_unique<data>()) {
  data_->directory = directory;
  data_->name = name;
  data_->key.reset(EVP_EC_gen("P-256"));
  need(data_->key != nullptr);
  data_->certificate
    = make_certificate(name, data_->key.get(), nullptr, data_->key.get(), data_->serial++, 10);
  write_file(ca_file(), [&](std::FILE* f) { return PEM_write_X509(f, data_->certificate.get()); });
}

certificate_authority::~certificate_authority() = default;

std::string certificate_authority::ca_file() const {
  return data_->directory / (data_->name + ".ca.pem");
}

net::tls_files certificate_authority::issue(const std::string& name, int days) {
  key_ptr key(EVP_EC_gen("P-256"));
  need(key != nullptr);
  auto c = make_certificate(name, key.get(), data_->certificate.get(), data_->key.get(),
                            data_->serial++, days);
  auto base = data_->directory / (data_->name + "." + name);
  net::tls_files files{base.string() + ".pem", base.string() + ".key", ca_file()};
  write_file(files.certificate, [&](std::FILE* f) { return PEM_write_X509(f, c.get()); });
  write_file(files.key, [&](std::FILE* f) {
    return PEM_write_PrivateKey(f, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  });
  return files;
}

} // namespace sluice::testing
