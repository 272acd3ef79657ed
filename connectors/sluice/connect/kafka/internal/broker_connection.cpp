#include "sluice/connect/kafka/internal/broker_connection.hpp"

#include "sluice/connect/kafka/internal/wire.hpp"
#include "sluice/core/errors.hpp"

#include <boost/asio/connect.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <fmt/format.h>

#include <array>

namespace sluice::internal {

namespace asio = boost::asio;
using boost::system::error_code;
using tcp = asio::ip::tcp;

namespace {
constexpr std::uint32_t max_response = 64 << 20;
} // namespace

broker_connection::broker_connection(const std::string& host, const std::string& port,
                                     time_point deadline)
  : peer_(host + ":" + port) {
  error_code result;
  tcp::resolver resolver(io_);
  auto found = resolver.resolve(host, port, result);
  if (result) throw io_error(fmt::format("cannot resolve {}: {}", peer_, result.message()));
  bool done = false;
  asio::async_connect(socket_, found, [&](const error_code& code, auto&&) {
    result = code;
    done = true;
  });
  finish("connect to", result, done, deadline);
  socket_.set_option(tcp::no_delay(true), result);
}

void broker_connection::finish(std::string_view what, const error_code& result, const bool& done,
                               time_point deadline) {
  io_.restart();
  io_.run_until(deadline);
  if (!done) {
    error_code ignored;
    socket_.close(ignored);
    io_.restart();
    io_.run(); // the handlers refer to the caller's variables
    throw io_error(fmt::format("cannot {} {}: no answer in time", what, peer_));
  }
  if (result) throw io_error(fmt::format("cannot {} {}: {}", what, peer_, result.message()));
}

std::string broker_connection::request(std::int16_t api_key, std::int16_t version,
                                       std::string_view body, bool flexible, time_point deadline) {
  wire_writer header;
  header.number(api_key);
  header.number(version);
  header.number(++correlation_);
  header.text("sluice");
  if (flexible) header.no_tags();
  wire_writer size;
  size.number(static_cast<std::int32_t>(header.bytes().size() + body.size()));
  auto message = size.bytes() + header.bytes() + std::string(body);

  error_code result;
  bool done = false;
  auto handler = [&](const error_code& code, std::size_t) {
    result = code;
    done = true;
  };
  asio::async_write(socket_, asio::buffer(message), handler);
  finish("write to", result, done, deadline);

  std::array<char, 4> prefix{};
  done = false;
  asio::async_read(socket_, asio::buffer(prefix), handler);
  finish("read from", result, done, deadline);
  auto length = wire_reader(std::string_view(prefix.data(), prefix.size())).number<std::uint32_t>();
  if (length < 4 || length > max_response)
    throw io_error(fmt::format("{} does not speak Kafka's protocol", peer_));
  std::string response(length, '\0');
  done = false;
  asio::async_read(socket_, asio::buffer(response), handler);
  finish("read from", result, done, deadline);

  wire_reader reader(response);
  if (reader.number<std::int32_t>() != correlation_)
    throw io_error(fmt::format("{} answers another request", peer_));
  if (flexible) reader.skip_tags();
  return std::string(reader.rest());
}

} // namespace sluice::internal
