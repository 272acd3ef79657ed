/// The frame decoder, byte by byte.
#include "sluice/net/frame.hpp"

#include <boost/test/unit_test.hpp>

#include <string>

namespace {

using namespace sluice;
using namespace sluice::net;

std::string frame_of(std::string_view payload, compression how = compression::none,
                     frame_type type = frame_type::element) {
  auto out = begin_frame("what was here before");
  out.append(payload.data(), payload.size());
  return finish_frame(std::move(out), type, how);
}

constexpr std::size_t limit = 1 << 20;

} // namespace

BOOST_AUTO_TEST_SUITE(frames)

BOOST_AUTO_TEST_CASE(a_frame_is_read_when_all_of_it_is_there) {
  auto bytes = frame_of("payload") + frame_of("", compression::none, frame_type::ping);
  frame_reader reader(limit);
  for (std::size_t n = 0; n < frame_header::wire_size + 7; ++n) {
    BOOST_TEST(!reader.next(std::string_view(bytes).substr(0, n)));
    BOOST_TEST(reader.wanted() > n);
  }
  auto first = reader.next(bytes);
  BOOST_REQUIRE(first);
  BOOST_CHECK(first->type == frame_type::element);
  BOOST_TEST(first->payload == "payload");
  auto second = reader.next(std::string_view(bytes).substr(reader.consumed()));
  BOOST_REQUIRE(second);
  BOOST_CHECK(second->type == frame_type::ping);
  BOOST_TEST(second->payload.empty());
}

BOOST_AUTO_TEST_CASE(every_flipped_bit_is_found) {
  for (auto how : {compression::none, compression::lz4, compression::zstd}) {
    auto good = frame_of(std::string(300, 'x') + "tail", how);
    for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
      auto bad = good;
      bad[bit / 8] = static_cast<char>(bad[bit / 8] ^ (1 << (bit % 8)));
      frame_reader reader(limit);
      BOOST_CHECK_THROW(reader.next(bad), format_error);
    }
  }
}

BOOST_AUTO_TEST_CASE(a_wrong_size_is_found_before_it_is_waited_for) {
  auto bytes = frame_of("payload");
  bytes[3] = 0x7f;
  frame_reader reader(limit);
  BOOST_CHECK_THROW(reader.next(std::string_view(bytes).substr(0, frame_header::wire_size)),
                    format_error);
}

BOOST_AUTO_TEST_CASE(a_frame_beyond_the_limit_is_refused_by_its_header) {
  auto bytes = frame_of(std::string(2000, 'x'));
  frame_reader reader(1999);
  BOOST_CHECK_THROW(reader.next(std::string_view(bytes).substr(0, frame_header::wire_size)),
                    format_error);
  // So is one that only decompresses to more.
  auto small = frame_of(std::string(2000, 'x'), compression::zstd);
  BOOST_TEST(small.size() < 100u);
  BOOST_CHECK_THROW(reader.next(small), format_error);
}

BOOST_AUTO_TEST_CASE(compression_is_used_only_where_it_pays) {
  for (auto how : {compression::lz4, compression::zstd}) {
    std::string even(10'000, 'x');
    auto shrunk = frame_of(even, how);
    BOOST_TEST(shrunk.size() < 200u);
    frame_reader reader(limit);
    auto f = reader.next(shrunk);
    BOOST_REQUIRE(f);
    BOOST_TEST(f->payload == even);

    std::string noise(10'000, '\0');
    std::uint64_t x = 1;
    for (auto& c : noise) c = static_cast<char>((x = x * 6364136223846793005u + 1) >> 56);
    BOOST_TEST(frame_of(noise, how).size() == noise.size() + frame_header::wire_size);
    BOOST_TEST(frame_of("tiny", how).size() == 4 + frame_header::wire_size);
  }
}

BOOST_AUTO_TEST_CASE(payloads_that_lie_are_refused) {
  auto with = [](auto write) {
    byte_writer out;
    write(out);
    return out.take();
  };
  auto of_kind = [&](std::uint8_t kind, std::uint8_t mark) {
    return with([&](byte_writer& out) {
      out.raw(kind);
      out.raw(std::uint8_t{0});
      out.raw(timestamp{0});
      if (kind == 3) {
        out.raw(std::uint64_t{1});
        out.raw(mark);
        out.raw(std::uint32_t{0});
        out.raw(timestamp{0});
        out.raw(std::uint8_t{1});
      }
    });
  };
  auto decode = [](const std::string& bytes) {
    byte_reader in(bytes);
    return decode_element(in);
  };
  BOOST_CHECK_NO_THROW(decode(of_kind(3, 1)));
  BOOST_CHECK_THROW(decode(of_kind(5, 0)), format_error);
  BOOST_CHECK_THROW(decode(of_kind(3, 2)), format_error);
  BOOST_CHECK_THROW(decode(of_kind(4, 0) + "more"), format_error);
  BOOST_CHECK_THROW(decode(of_kind(3, 0).substr(0, 20)), format_error);
  byte_reader short_credit("1234");
  BOOST_CHECK_THROW(decode_credit(short_credit), format_error);
}

BOOST_AUTO_TEST_SUITE_END()
