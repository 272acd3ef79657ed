#include "sluice/connect/socket/socket_source.hpp"

#include "sluice/connect/format/csv.hpp"
#include "sluice/connect/format/json.hpp"
#include "sluice/connect/socket/socket_sink.hpp"
#include "sluice/core/errors.hpp"
#include "support/fake_io_context.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <boost/test/unit_test.hpp>

#include <thread>

namespace {

using namespace sluice;
using namespace sluice::testing;
using boost::asio::ip::tcp;
using lines = std::vector<std::string>;

/// A TCP server on a port of the system's choice, on the test's own thread.
struct server {
  server() : acceptor(io, tcp::endpoint(boost::asio::ip::address_v4::loopback(), 0)) {}

  std::uint16_t port() const { return acceptor.local_endpoint().port(); }

  /// Waits for a connection; somebody else runs the client's I/O.
  tcp::socket accept() {
    tcp::socket peer(io);
    acceptor.accept(peer);
    return peer;
  }

  /// Runs the client's I/O until it has connected.
  tcp::socket accept(fake_io_context& client) {
    tcp::socket peer(io);
    acceptor.non_blocking(true);
    BOOST_REQUIRE(client.run_io_until([&] {
      boost::system::error_code error;
      acceptor.accept(peer, error);
      return !error;
    }));
    acceptor.non_blocking(false);
    return peer;
  }

  boost::asio::io_context io;
  tcp::acceptor acceptor;
};

/// A port that nobody listens on.
std::uint16_t unused_port() { return server().port(); }

template <class T>
struct socket_harness {
  explicit socket_harness(const source_ptr<T>& source) : reader(source->make_reader()) {
    source->validate();
    reader->open(context);
    reader->add_splits(source->make_enumerator(1)->discover());
  }

  /// Polls and runs I/O until `count` records are there or the source has finished.
  void read(std::size_t count) {
    typed_batch<T> out;
    bool in_time = context.run_io_until([&] {
      while (records.size() < count && !finished) {
        out.clear();
        auto result = reader->poll(out, 3);
        for (auto& record : out) records.push_back(record);
        finished = result.status == poll_result::state::finished;
        if (result.status == poll_result::state::waiting) return false;
      }
      return true;
    });
    BOOST_REQUIRE_MESSAGE(in_time, "no more records came");
  }

  fake_io_context context;
  std::unique_ptr<source_reader> reader;
  std::vector<T> records;
  bool finished = false;
};

constexpr std::size_t everything = static_cast<std::size_t>(-1);

BOOST_AUTO_TEST_SUITE(sockets)

BOOST_AUTO_TEST_CASE(lines_are_received_until_the_peer_closes) {
  server s;
  socket_harness<std::string> harness(socket_source("127.0.0.1", s.port()));
  auto peer = s.accept(harness.context);
  boost::asio::write(peer, boost::asio::buffer(std::string("one\ntwo\r\nth")));
  harness.read(2);
  BOOST_TEST(harness.records == (lines{"one", "two"}));
  boost::asio::write(peer, boost::asio::buffer(std::string("ree\n\nlast")));
  peer.close();
  harness.read(everything);
  BOOST_TEST(harness.records == (lines{"one", "two", "three", "", "last"}));
}

/// What the next polls give until the reader has nothing; no I/O happens meanwhile.
lines read_what_is_there(socket_harness<std::string>& harness) {
  typed_batch<std::string> out;
  lines found;
  for (;;) {
    auto result = harness.reader->poll(out, 3);
    for (auto& record : out) found.push_back(record);
    harness.finished = result.status == poll_result::state::finished;
    if (harness.finished || result.status == poll_result::state::waiting) return found;
    out.clear();
  }
}

// A reader that waits is polled again only at a wakeup, and these had been called before.
BOOST_AUTO_TEST_CASE(what_comes_while_a_block_is_decoded_is_not_left_lying) {
  server s;
  socket_harness<std::string> harness(socket_source("127.0.0.1", s.port()));
  auto peer = s.accept(harness.context);
  auto receive = [&](const std::string& text) {
    auto before = harness.context.wakeups();
    boost::asio::write(peer, boost::asio::buffer(text));
    BOOST_REQUIRE(harness.context.run_io_until([&] { return harness.context.wakeups() > before; }));
  };
  receive("one\ntw");
  typed_batch<std::string> out;
  harness.reader->poll(out, 3);
  BOOST_TEST((out.size() == 1 && out[0] == "one"));
  receive("o\nthree\n");
  BOOST_TEST(read_what_is_there(harness) == (lines{"two", "three"}));
}

BOOST_AUTO_TEST_CASE(an_end_within_a_record_is_seen_at_once) {
  server s;
  socket_harness<std::string> harness(socket_source("127.0.0.1", s.port()));
  auto peer = s.accept(harness.context);
  boost::asio::write(peer, boost::asio::buffer(std::string("torn")));
  peer.close();
  BOOST_REQUIRE(harness.context.run_io_until([&] { return harness.context.wakeups() == 2; }));
  BOOST_TEST(read_what_is_there(harness) == (lines{"torn"}));
  BOOST_TEST(harness.finished);
}

BOOST_AUTO_TEST_CASE(any_delimiter_and_format_can_be_received) {
  server s;
  socket_harness<std::string> text(socket_source("localhost", s.port(), ';'));
  auto peer = s.accept(text.context);
  boost::asio::write(peer, boost::asio::buffer(std::string("a\n;b;")));
  peer.close();
  text.read(everything);
  BOOST_TEST(text.records == (lines{"a\n", "b"}));

  using pair = std::tuple<int, std::string>;
  socket_harness<pair> json(
    socket_source_for<pair>("127.0.0.1", s.port(), make_json_format<pair>()));
  peer = s.accept(json.context);
  boost::asio::write(peer, boost::asio::buffer(std::string("[1,\"x\"]\n[2]\n")));
  BOOST_CHECK_EXCEPTION(json.read(everything), format_error, [&](auto& e) {
    return std::string(e.what()).starts_with("127.0.0.1:" + std::to_string(s.port()) + ":2: ");
  });
}

BOOST_AUTO_TEST_CASE(malformed_records_are_handed_out_behind_the_poll_that_met_them) {
  server s;
  using pair = std::tuple<int, std::string>;
  json_options options{.errors = on_error::divert};
  auto source = socket_source_for<pair>("127.0.0.1", s.port(), make_json_format<pair>(options));
  BOOST_TEST(source->diverts_bad_records());
  socket_harness<pair> json(source);
  auto peer = s.accept(json.context);
  boost::asio::write(peer, boost::asio::buffer(std::string("[1,\"x\"]\n[2]\n[3,\"y\"]\n")));
  peer.close();
  json.read(everything);
  BOOST_TEST(json.records.size() == 2u);
  std::vector<bad_record> bad;
  json.reader->take_bad_records(bad);
  BOOST_REQUIRE(bad.size() == 1u);
  BOOST_TEST(bad[0].place == "127.0.0.1:" + std::to_string(s.port()) + ":2");
  BOOST_TEST(bad[0].text == "[2]");
  BOOST_TEST(json.context.counted("records_diverted") == 1u);
}

BOOST_AUTO_TEST_CASE(a_peer_that_is_not_there_is_named) {
  auto port = unused_port();
  socket_harness<std::string> harness(socket_source("127.0.0.1", port));
  BOOST_CHECK_EXCEPTION(harness.read(1), io_error, [&](auto& e) {
    return e.what()
           == "cannot connect to 127.0.0.1:" + std::to_string(port) + ": Connection refused";
  });
}

BOOST_AUTO_TEST_CASE(lost_connections_are_tried_again_if_that_is_asked_for) {
  server s;
  socket_source_options options;
  options.max_retry = 3;
  options.retry_interval = std::chrono::milliseconds(1);
  socket_harness<std::string> harness(socket_source("127.0.0.1", s.port(), '\n', options));
  for (auto text : {"one\n", "two\n"}) {
    std::thread peer([&] {
      auto connection = s.accept();
      boost::asio::write(connection, boost::asio::buffer(std::string(text)));
    });
    harness.read(harness.records.size() + 1);
    peer.join();
  }
  s.acceptor.close();
  harness.read(everything);
  BOOST_TEST(harness.records == (lines{"one", "two"}));
}

BOOST_AUTO_TEST_CASE(a_reader_that_is_not_polled_stops_the_peer) {
  server s;
  socket_source_options options;
  options.max_buffered_bytes = 1000;
  socket_harness<std::string> harness(socket_source("127.0.0.1", s.port(), '\n', options));
  auto peer = s.accept(harness.context);
  peer.non_blocking(true);
  std::string block(100'000, 'x');
  block.back() = '\n';
  std::size_t sent = 0;
  boost::system::error_code error;
  for (int idle = 0; idle < 20 && sent < 500'000'000;) {
    auto n = peer.write_some(boost::asio::buffer(block), error);
    sent += n;
    idle = n == 0 ? idle + 1 : 0;
    harness.context.io.restart();
    harness.context.io.poll();
  }
  BOOST_TEST(sent < 500'000'000);
  harness.read(3);
  BOOST_TEST(harness.records.at(0).size() == block.size() - 1);
}

BOOST_AUTO_TEST_CASE(readers_and_writers_may_be_destroyed_at_any_moment) {
  for (int steps = 0; steps < 8; ++steps) {
    server s;
    fake_io_context context;
    auto source = socket_source("127.0.0.1", s.port());
    auto sink = socket_sink("127.0.0.1", s.port());
    auto reader = source->make_reader();
    auto writer = sink->make_writer();
    reader->open(context);
    reader->add_splits(source->make_enumerator(1)->discover());
    writer->open(context, {});
    typed_batch<std::string> batch;
    batch.push_back("x");
    writer->write(batch);
    writer->flush();
    for (int i = 0; i < steps; ++i) {
      context.io.restart();
      context.io.run_one_for(std::chrono::milliseconds(5));
    }
    reader.reset();
    writer.reset();
    BOOST_TEST(context.run_io_until([&] {
      context.io.restart();
      return context.io.poll() == 0;
    }));
  }
}

BOOST_AUTO_TEST_CASE(records_are_sent_in_order_and_the_end_is_seen) {
  server s;
  fake_io_context context;
  auto sink = socket_sink("127.0.0.1", s.port());
  auto writer = sink->make_writer();
  writer->open(context, {});
  std::string expected;
  for (int i = 0; i < 1000; ++i) {
    typed_batch<std::string> batch;
    batch.push_back(std::to_string(i));
    batch.push_back(std::string(1000, 'x'));
    writer->write(batch);
    expected += std::to_string(i) + "\n" + std::string(1000, 'x') + "\n";
  }
  auto work = writer->prepare_commit(1, true);
  auto guard = boost::asio::make_work_guard(context.io);
  std::thread io([&] { context.io.run(); });
  auto peer = s.accept();
  std::string received;
  std::thread receiving([&] {
    boost::system::error_code error;
    boost::asio::read(peer, boost::asio::dynamic_buffer(received), error);
  });
  work();
  receiving.join();
  BOOST_TEST(bool(received == expected));
  writer.reset();
  guard.reset();
  io.join();
}

BOOST_AUTO_TEST_CASE(a_writer_is_not_ready_while_the_peer_does_not_read) {
  server s;
  fake_io_context context;
  socket_sink_options options;
  options.max_buffered_bytes = 10'000;
  auto writer = socket_sink("127.0.0.1", s.port(), options)->make_writer();
  writer->open(context, {});
  auto peer = s.accept(context);
  typed_batch<std::string> batch;
  batch.push_back(std::string(100'000, 'x'));
  std::size_t taken = 0;
  auto settle = [&] {
    return context.run_io_until([&] {
      context.io.restart();
      return writer->ready() || context.io.poll() == 0;
    });
  };
  while (taken < 500'000'000 && settle() && writer->ready()) {
    writer->write(batch);
    writer->flush();
    taken += 100'000;
  }
  BOOST_TEST(!writer->ready());
  auto wakeups = context.wakeups();
  std::string block(1 << 20, '\0');
  BOOST_TEST(context.run_io_until([&] {
    peer.read_some(boost::asio::buffer(block));
    return context.wakeups() > wakeups;
  }));
  BOOST_TEST(writer->ready());
}

BOOST_AUTO_TEST_CASE(a_sink_whose_peer_is_not_there_fails_with_its_name) {
  fake_io_context context;
  auto port = unused_port();
  auto writer = socket_sink("127.0.0.1", port)->make_writer();
  writer->open(context, {});
  BOOST_CHECK_EXCEPTION(context.run_io_until([] { return false; }), io_error, [&](auto& e) {
    return e.what()
           == "cannot connect to 127.0.0.1:" + std::to_string(port) + ": Connection refused";
  });
}

BOOST_AUTO_TEST_CASE(a_socket_is_read_by_one_subtask_and_ends_by_itself) {
  auto source = socket_source("localhost", 1);
  BOOST_TEST(source->fixed_parallelism().value() == 1u);
  BOOST_TEST(bool(source->bounded() == boundedness::unbounded));
  BOOST_CHECK_THROW(socket_source("", 1)->validate(), plan_error);
  BOOST_CHECK_THROW(socket_sink("x", 0)->validate(), plan_error);
}

BOOST_AUTO_TEST_CASE(a_sink_asks_its_format_whether_its_options_are_right) {
  BOOST_CHECK_EXCEPTION(
    socket_sink_for<row>("x", 1, make_json_encoder<row>())->validate(), plan_error,
    [](auto& e) { return std::string(e.what()) == "JSON: rows need json_options::row_schema"; });
  csv_options csv;
  csv.write_header = true;
  csv.columns = {"a", "b"};
  auto encoder = make_csv_encoder<std::pair<int, int>>(csv);
  auto sink = socket_sink_for<std::pair<int, int>>("x", 1, encoder);
  BOOST_CHECK_EXCEPTION(sink->validate(), plan_error, [](auto& e) {
    return std::string(e.what())
           == "socket sink: the format writes a header line, which only files have";
  });
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
