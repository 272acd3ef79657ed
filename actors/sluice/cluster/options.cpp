#include "sluice/cluster/options.hpp"

#include "sluice/core/errors.hpp"
#include "sluice/net/transport.hpp"

#include <boost/asio/ip/address.hpp>
#include <fmt/format.h>

#include <filesystem>

namespace sluice::cluster {

namespace {

bool is_loopback(const std::string& address) {
  if (address == "localhost") return true;
  boost::system::error_code ec;
  auto parsed = boost::asio::ip::make_address(address, ec);
  return !ec && parsed.is_loopback();
}

void check_file(const std::string& path, const char* option) {
  if (path.empty()) throw plan_error(fmt::format("TLS needs {}, too", option));
  if (!std::filesystem::exists(path))
    throw plan_error(fmt::format("{}: there is no file {}", option, path));
}

} // namespace

void validate(const options& o) {
  boost::system::error_code ec;
  if (o.bind != "localhost" && (boost::asio::ip::make_address(o.bind, ec), ec))
    throw plan_error(fmt::format("--bind: \"{}\" is not an address", o.bind));
  if (!is_loopback(o.bind) && !o.tls && !o.allow_insecure)
    throw plan_error(
      fmt::format("--bind: {} can be reached from other machines, and without TLS "
                  "anybody there could run code here: give --tls-cert, --tls-key and "
                  "--tls-ca, or --allow-insecure",
                  o.bind));
  if (o.slots == 0) throw plan_error("--slots: at least 1");
  if (o.heartbeat_timeout < std::chrono::milliseconds(100))
    throw plan_error("--heartbeat-timeout: at least 100 ms");
  if (!o.tls) return;
  check_file(o.tls->certificate, "--tls-cert");
  check_file(o.tls->key, "--tls-key");
  check_file(o.tls->ca, "--tls-ca");
  try {
    net::make_tls_context(*o.tls);
  } catch (const io_error& e) {
    throw plan_error(e.what());
  }
}

} // namespace sluice::cluster
