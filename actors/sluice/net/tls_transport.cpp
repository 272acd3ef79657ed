#include "sluice/core/errors.hpp"
#include "sluice/net/handshake.hpp"
#include "sluice/net/internal/socket_io.hpp"
#include "sluice/net/transport.hpp"

#include <fmt/format.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <mutex>
#include <system_error>

namespace sluice::net {

namespace {

/// Bytes under one key before it is changed: AES-GCM may protect about 2^24.5 records of 16 KiB.
constexpr std::uint64_t bytes_per_key = std::uint64_t{1} << 36;

/// What is gathered for one call to OpenSSL, which cuts it into records of 16 KiB.
constexpr std::size_t staging_size = 64 * 1024;

std::string last_tls_error() {
  auto code = ERR_get_error();
  ERR_clear_error();
  if (code == 0) return "unknown error";
  auto* reason = ERR_reason_error_string(code);
  return reason ? reason : fmt::format("error {:#x}", code);
}

/// Whether the peer says with this alert that it does not want the certificate it was shown.
bool refuses_certificate(int reason) {
  switch (reason - SSL_AD_REASON_OFFSET) {
  case SSL3_AD_NO_CERTIFICATE:
  case SSL_AD_BAD_CERTIFICATE:
  case SSL_AD_UNSUPPORTED_CERTIFICATE:
  case SSL_AD_CERTIFICATE_REVOKED:
  case SSL_AD_CERTIFICATE_EXPIRED:
  case SSL_AD_CERTIFICATE_UNKNOWN:
  case SSL_AD_UNKNOWN_CA:
  case SSL_AD_CERTIFICATE_REQUIRED:
    return true;
  default:
    return false;
  }
}

// -- OpenSSL's view of the socket: its own would raise SIGPIPE
// -------------------------------------

/// An error of the socket, kept for the caller: it must not travel through C code.
struct socket_state {
  int fd = -1;
  int error = 0;
};

socket_state& state_of(BIO* bio) { return *static_cast<socket_state*>(BIO_get_data(bio)); }

template <class Call>
int bio_call(BIO* bio, std::size_t* done, int retry, Call call) {
  BIO_clear_retry_flags(bio);
  auto& s = state_of(bio);
  try {
    io_result r = call(s.fd);
    if (r.what == io_result::state::ok) {
      *done = r.bytes;
      return 1;
    }
    if (r.what == io_result::state::closed)
      BIO_set_flags(bio, BIO_FLAGS_IN_EOF);
    else
      BIO_set_flags(bio, retry | BIO_FLAGS_SHOULD_RETRY);
  } catch (const std::system_error& e) {
    s.error = e.code().value();
  }
  *done = 0;
  return 0;
}

int bio_write(BIO* bio, const char* from, std::size_t size, std::size_t* done) {
  return bio_call(bio, done, BIO_FLAGS_WRITE, [&](int fd) {
    iovec v{const_cast<char*>(from), size};
    return internal::send(fd, {&v, 1});
  });
}

int bio_read(BIO* bio, char* to, std::size_t room, std::size_t* done) {
  return bio_call(bio, done, BIO_FLAGS_READ,
                  [&](int fd) { return internal::receive(fd, to, room); });
}

long bio_ctrl(BIO* bio, int command, long, void*) {
  if (command == BIO_CTRL_EOF) return BIO_test_flags(bio, BIO_FLAGS_IN_EOF) != 0 ? 1 : 0;
  return command == BIO_CTRL_FLUSH ? 1 : 0;
}

BIO_METHOD* socket_method() {
  static BIO_METHOD* method = [] {
    auto* m = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "sluice socket");
    BIO_meth_set_write_ex(m, bio_write);
    BIO_meth_set_read_ex(m, bio_read);
    BIO_meth_set_ctrl(m, bio_ctrl);
    return m;
  }();
  return method;
}

struct ssl_free {
  void operator()(SSL_CTX* c) const noexcept { SSL_CTX_free(c); }
  void operator()(SSL* s) const noexcept { SSL_free(s); }
};

} // namespace

class tls_context {
public:
  explicit tls_context(const tls_files& files) : context_(SSL_CTX_new(TLS_method())) {
    auto* c = context_.get();
    if (!c) throw io_error("TLS: " + last_tls_error());
    SSL_CTX_set_min_proto_version(c, TLS1_3_VERSION);
    SSL_CTX_set_verify(c, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
    SSL_CTX_set_session_cache_mode(c, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_num_tickets(c, 0);
    SSL_CTX_set_mode(c, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    need(SSL_CTX_load_verify_locations(c, files.ca.c_str(), nullptr), "CA", files.ca);
    need(SSL_CTX_use_certificate_chain_file(c, files.certificate.c_str()), "certificate",
         files.certificate);
    need(SSL_CTX_use_PrivateKey_file(c, files.key.c_str(), SSL_FILETYPE_PEM), "key", files.key);
    if (SSL_CTX_check_private_key(c) != 1)
      throw io_error(fmt::format("TLS: the key {} does not belong to the certificate {}", files.key,
                                 files.certificate));
  }

  SSL_CTX* get() const noexcept { return context_.get(); }

private:
  static void need(int result, const char* what, const std::string& file) {
    if (result != 1)
      throw io_error(fmt::format("TLS: cannot use the {} {}: {}", what, file, last_tls_error()));
  }

  std::unique_ptr<SSL_CTX, ssl_free> context_;
};

std::shared_ptr<tls_context> make_tls_context(const tls_files& files) {
  return std::make_shared<tls_context>(files);
}

namespace {

/// OpenSSL does not allow reading and writing at once, so a mutex takes turns, a record at a time.
class tls_transport final : public transport {
public:
  tls_transport(int fd, std::shared_ptr<tls_context> context, bool dialler)
    : context_(std::move(context)), ssl_(SSL_new(context_->get())) {
    socket_.fd = fd;
    auto* bio = ssl_ ? BIO_new(socket_method()) : nullptr;
    if (!bio) throw io_error("TLS: " + last_tls_error());
    BIO_set_data(bio, &socket_);
    BIO_set_init(bio, 1);
    SSL_set_bio(ssl_.get(), bio, bio);
    if (dialler)
      SSL_set_connect_state(ssl_.get());
    else
      SSL_set_accept_state(ssl_.get());
  }

  io_result start() override {
    std::lock_guard lock(mutex_);
    ERR_clear_error();
    auto n = SSL_do_handshake(ssl_.get());
    if (n == 1) return {};
    auto r = result_of(n);
    if (r.what == io_result::state::closed)
      throw io_error("TLS: the peer hung up during the handshake");
    return r;
  }

  io_result read(char* to, std::size_t room) override {
    std::lock_guard lock(mutex_);
    std::size_t done = 0;
    ERR_clear_error();
    auto n = SSL_read_ex(ssl_.get(), to, room, &done);
    if (n == 1) return {io_result::state::ok, done};
    return result_of(n);
  }

  io_result write(std::span<const iovec> from) override {
    std::lock_guard lock(mutex_);
    if (auto r = flush_locked(); r.what != io_result::state::ok) return r;
    staged_ = sent_ = 0;
    if (!staging_) staging_ = std::make_unique<char[]>(staging_size);
    for (auto& v : from) {
      auto size = std::min(v.iov_len, staging_size - staged_);
      std::memcpy(staging_.get() + staged_, v.iov_base, size);
      staged_ += size;
      if (staged_ == staging_size) break;
    }
    auto taken = staged_;
    flush_locked();
    return {io_result::state::ok, taken};
  }

  io_result flush() override {
    std::lock_guard lock(mutex_);
    return flush_locked();
  }

  std::string session() const override {
    std::string bytes(32, '\0');
    constexpr std::string_view label = "EXPORTER-sluice-data-plane";
    if (SSL_export_keying_material(ssl_.get(), reinterpret_cast<unsigned char*>(bytes.data()),
                                   bytes.size(), label.data(), label.size(), nullptr, 0, 0)
        != 1)
      throw io_error("TLS: " + last_tls_error());
    return bytes;
  }

  /// To OpenSSL, a stream that ends without TLS's own word for it is broken both ways.
  io_result end() override {
    std::lock_guard lock(mutex_);
    if (auto r = flush_locked(); r.what != io_result::state::ok) return r;
    ERR_clear_error();
    auto n = SSL_shutdown(ssl_.get());
    if (n < 0) return result_of(n);
    ::shutdown(socket_.fd, SHUT_WR);
    return {};
  }

private:
  io_result flush_locked() {
    while (sent_ < staged_) {
      if (under_key_ > bytes_per_key) {
        under_key_ = 0;
        SSL_key_update(ssl_.get(), SSL_KEY_UPDATE_NOT_REQUESTED);
      }
      std::size_t done = 0;
      ERR_clear_error();
      auto n = SSL_write_ex(ssl_.get(), staging_.get() + sent_, staged_ - sent_, &done);
      if (n != 1) return result_of(n);
      sent_ += done;
      under_key_ += done;
    }
    return {};
  }

  /// What a call that did nothing means.
  io_result result_of(int n) {
    using state = io_result::state;
    switch (SSL_get_error(ssl_.get(), n)) {
    case SSL_ERROR_WANT_READ:
      return {state::wait_read, 0};
    case SSL_ERROR_WANT_WRITE:
      return {state::wait_write, 0};
    case SSL_ERROR_ZERO_RETURN:
      return {state::closed, 0};
    case SSL_ERROR_SYSCALL:
      if (socket_.error != 0) throw std::system_error(socket_.error, std::system_category());
      return {state::closed, 0};
    default:
      break;
    }
    if (ERR_GET_REASON(ERR_peek_error()) == SSL_R_UNEXPECTED_EOF_WHILE_READING) {
      ERR_clear_error();
      return {state::closed, 0};
    }
    auto reason = ERR_GET_REASON(ERR_peek_error());
    auto text = "TLS: " + last_tls_error();
    if (auto verdict = SSL_get_verify_result(ssl_.get()); verdict != X509_V_OK)
      throw refusal(
        fmt::format("{} (its certificate: {})", text, X509_verify_cert_error_string(verdict)));
    if (refuses_certificate(reason))
      throw refusal(text + " (it refuses the certificate of this process)");
    if (reason == SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE)
      throw refusal(text + " (it needs one that the cluster's CA has signed)");
    if (reason == SSL_R_WRONG_VERSION_NUMBER)
      throw refusal(text + " (it does not use TLS, and this process does)");
    throw io_error(text);
  }

  std::shared_ptr<tls_context> context_;
  socket_state socket_;
  std::unique_ptr<SSL, ssl_free> ssl_;
  std::mutex mutex_;
  std::unique_ptr<char[]> staging_;
  std::size_t staged_ = 0;
  std::size_t sent_ = 0;
  std::uint64_t under_key_ = 0;
};

} // namespace

std::unique_ptr<transport> make_tls_transport(int fd, std::shared_ptr<tls_context> context,
                                              bool dialler) {
  return std::make_unique<tls_transport>(fd, std::move(context), dialler);
}

} // namespace sluice::net
