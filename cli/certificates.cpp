#include "certificates.hpp"

#include "coordinator_link.hpp"
#include "exit_status.hpp"

#include <fmt/format.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <memory>
#include <set>

namespace sluice::cli {

namespace fs = std::filesystem;

namespace {

constexpr int default_nodes = 3;
constexpr int days_of_ca = 3650;
constexpr long seconds_per_day = 24L * 3600;
constexpr long clocks_may_differ_by = 3600; ///< seconds
constexpr int serial_bits = 127;
constexpr int mode_of_keys = 0600;
constexpr int mode_of_certificates = 0644;

struct deleter {
  void operator()(EVP_PKEY* p) const { EVP_PKEY_free(p); }
  void operator()(X509* p) const { X509_free(p); }
  void operator()(X509_EXTENSION* p) const { X509_EXTENSION_free(p); }
  void operator()(BIGNUM* p) const { BN_free(p); }
  void operator()(BIO* p) const { BIO_free(p); }
};
template <class T>
using owned = std::unique_ptr<T, deleter>;

void need(bool done, const char* what) {
  if (done) return;
  auto* reason = ERR_reason_error_string(ERR_get_error());
  throw io_error(fmt::format("cannot make {}: {}", what, reason ? reason : "OpenSSL fails"));
}

struct identity {
  owned<EVP_PKEY> key;
  owned<X509> certificate;
};

void add_extension(X509* certificate, X509* issuer, int id, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  owned<X509_EXTENSION> extension(X509V3_EXT_conf_nid(nullptr, &context, id, value.c_str()));
  need(extension && X509_add_ext(certificate, extension.get(), -1) == 1,
       "an extension of a certificate");
}

void set_serial(X509* certificate) {
  owned<BIGNUM> number(BN_new());
  need(number && BN_rand(number.get(), serial_bits, BN_RAND_TOP_ANY, BN_RAND_BOTTOM_ANY) == 1
         && BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)),
       "a serial number");
}

std::string alternative_names(const std::string& host) {
  in6_addr address{};
  auto is_address = ::inet_pton(AF_INET, host.c_str(), &address) == 1
                    || ::inet_pton(AF_INET6, host.c_str(), &address) == 1;
  return (is_address ? "IP:" : "DNS:") + host;
}

/// `issuer`: null for the CA, which signs itself.
identity make_identity(const std::string& name, const identity* issuer, const std::string& names,
                       int days) {
  identity made;
  made.key.reset(EVP_EC_gen("P-256"));
  made.certificate.reset(X509_new());
  auto* c = made.certificate.get();
  need(made.key && c, "a key");
  X509_set_version(c, X509_VERSION_3);
  set_serial(c);
  X509_gmtime_adj(X509_getm_notBefore(c), -clocks_may_differ_by);
  X509_gmtime_adj(X509_getm_notAfter(c), days * seconds_per_day);
  X509_set_pubkey(c, made.key.get());
  auto* subject = X509_get_subject_name(c);
  need(
    X509_NAME_add_entry_by_txt(subject, "O", MBSTRING_UTF8,
                               reinterpret_cast<const unsigned char*>("Sluice cluster"), -1, -1, 0)
        == 1
      && X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8,
                                    reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0)
           == 1,
    "the name of a certificate");
  auto* by = issuer ? issuer->certificate.get() : c;
  X509_set_issuer_name(c, X509_get_subject_name(by));
  add_extension(c, by, NID_basic_constraints, issuer ? "critical,CA:FALSE" : "critical,CA:TRUE");
  add_extension(c, by, NID_key_usage,
                issuer ? "critical,digitalSignature" : "critical,keyCertSign,cRLSign");
  add_extension(c, by, NID_subject_key_identifier, "hash");
  if (issuer) {
    add_extension(c, by, NID_authority_key_identifier, "keyid:always");
    add_extension(c, by, NID_ext_key_usage, "serverAuth,clientAuth");
    if (!names.empty()) add_extension(c, by, NID_subject_alt_name, names);
  }
  need(X509_sign(c, issuer ? issuer->key.get() : made.key.get(), EVP_sha256()) > 0, "a signature");
  return made;
}

void write_file(const fs::path& path, int mode, BIO* content) {
  char* data = nullptr;
  auto size = BIO_get_mem_data(content, &data);
  auto fail = [&] {
    throw io_error(fmt::format("cannot write {}: {}", path.string(), std::strerror(errno)));
  };
  // Never into a file that others may have open, or that a link leads to.
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) fail();
  auto file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
  if (file < 0) fail();
  auto written = ::write(file, data, static_cast<std::size_t>(size)) == size && ::fsync(file) == 0;
  if (::close(file) != 0 || !written) fail();
}

void write_identity(const fs::path& directory, const std::string& name, const identity& i) {
  owned<BIO> certificate(BIO_new(BIO_s_mem()));
  owned<BIO> key(BIO_new(BIO_s_mem()));
  need(certificate && key && PEM_write_bio_X509(certificate.get(), i.certificate.get()) == 1
         && PEM_write_bio_PrivateKey(key.get(), i.key.get(), nullptr, nullptr, 0, nullptr, nullptr)
              == 1,
       "a file of a certificate");
  write_file(directory / (name + ".key"), mode_of_keys, key.get());
  write_file(directory / (name + ".pem"), mode_of_certificates, certificate.get());
}

/// Names of files and what their certificates are good for.
std::vector<std::pair<std::string, std::string>> wanted(const certificate_options& o) {
  const std::string here = "DNS:localhost,IP:127.0.0.1,IP:::1";
  std::vector<std::pair<std::string, std::string>> all;
  std::set<std::string> seen{"ca", "client"};
  auto add = [&](const std::string& name, const std::string& names) {
    if (!seen.insert(name).second)
      throw usage_error(
        fmt::format("--hosts: \"{}\" is there twice, or is a name of its own", name));
    all.emplace_back(name, names);
  };
  for (auto& host : o.hosts) {
    if (host.empty() || host.find_first_of("/, \t\n") != std::string::npos || host.front() == '.')
      throw usage_error(fmt::format("--hosts: \"{}\" is no name of a host", host));
    add(host, alternative_names(host));
  }
  auto nodes = o.nodes == 0 && o.hosts.empty() ? default_nodes : o.nodes;
  for (int i = 1; i <= nodes; ++i) add(fmt::format("node-{}", i), here);
  all.emplace_back("client", std::string());
  return all;
}

void refuse_to_overwrite(const fs::path& directory, const std::vector<std::string>& names) {
  for (auto& name : names)
    for (auto* kind : {".key", ".pem"})
      if (auto path = directory / (name + kind); fs::exists(fs::symlink_status(path)))
        throw usage_error(fmt::format("{} is there already: --force overwrites it", path.string()));
}

} // namespace

int make_certificates(const certificate_options& o) {
  auto directory = fs::path(o.directory);
  auto all = wanted(o);
  std::vector<std::string> names{"ca"};
  for (auto& [name, alternatives] : all) names.push_back(name);
  if (!o.force) refuse_to_overwrite(directory, names);
  std::error_code ec;
  fs::create_directories(directory, ec);
  if (ec) throw io_error(fmt::format("cannot make {}: {}", o.directory, ec.message()));

  auto ca = make_identity("Sluice CA", nullptr, {}, days_of_ca);
  write_identity(directory, "ca", ca);
  for (auto& [name, alternatives] : all)
    write_identity(directory, name, make_identity(name, &ca, alternatives, o.days));

  fmt::print("{} holds, good for {} days:\n"
             "  ca.pem       the CA, for all processes\n"
             "  ca.key       its key: keep it elsewhere, whoever has it can join\n",
             o.directory, o.days);
  for (auto& [name, alternatives] : all) fmt::print("  {0}.pem, {0}.key\n", name);
  auto base = fs::absolute(directory).lexically_normal().string();
  fmt::print("\nEach process gets the options\n"
             "  --tls-ca {0}/ca.pem --tls-cert {0}/{1}.pem --tls-key {0}/{1}.key\n"
             "or the same by SLUICE_TLS_CA, SLUICE_TLS_CERT and SLUICE_TLS_KEY; `sluice sql`, "
             "`jobs` and `workers`\nthose of client.pem.\n",
             base, all.front().first);
  return exit_done;
}

} // namespace sluice::cli
