/// A connection to a broker for the few requests that librdkafka does not offer.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace sluice::internal {

/// Sends requests and waits for the responses. Blocks; used by one thread at a time.
///
/// Errors of all methods: `io_error`; the connection is of no use then.
class broker_connection {
public:
  using time_point = std::chrono::steady_clock::time_point;

  broker_connection(const std::string& host, const std::string& port, time_point deadline);

  /// Returns the response's body. `flexible`: of header versions 2 (request) and 1 (response).
  std::string request(std::int16_t api_key, std::int16_t version, std::string_view body,
                      bool flexible, time_point deadline);

private:
  /// Runs the operation under way to its end. Errors: its own, or that time is up.
  void finish(std::string_view what, const boost::system::error_code& result, const bool& done,
              time_point deadline);

  std::string peer_;
  boost::asio::io_context io_;
  boost::asio::ip::tcp::socket socket_{io_};
  std::int32_t correlation_ = 0;
};

} // namespace sluice::internal
