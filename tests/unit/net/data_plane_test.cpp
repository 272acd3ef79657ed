/// What is sent arrives: content, order, credit, whatever the channel.
#include "support/net_fixture.hpp"
#include "support/tcp_relay.hpp"

#include <atomic>
#include <cstring>
#include <thread>

namespace {

using namespace sluice;
using namespace sluice::testing;
using runtime::channel_element;
using type = channel_element::type;

struct reading {
  std::int64_t key;
  std::int64_t value;
  double weight;

  friend bool operator==(const reading&, const reading&) = default;
};

struct two_planes {
  explicit two_planes(net::data_plane_config config = {}) : a(config), b(config) {}

  net::data_plane a;
  net::data_plane b;
};

std::vector<reading> make_readings(std::size_t n, std::int64_t first) {
  std::vector<reading> all;
  for (std::size_t i = 0; i < n; ++i)
    all.push_back({first + static_cast<std::int64_t>(i), first * 3, 0.5 * static_cast<double>(i)});
  return all;
}

} // namespace

BOOST_AUTO_TEST_SUITE(data_plane)

BOOST_AUTO_TEST_CASE(elements_of_all_kinds_arrive_in_order_and_whole) {
  two_planes p;
  receiver<reading> in(p.b, key_of(1));
  sender<reading> out(p.a, address_of(p.b), key_of(1));

  out.send({{1, 2, 3.5}, {4, 5, 6.5}}, 1000);
  out.send(type::watermark, 1234, true);
  out.send(type::status, min_timestamp, true);
  channel_element mark;
  mark.kind = type::barrier;
  mark.mark = {77, runtime::barrier_kind::loop_probe, 5, 123456789};
  out.output->send(mark);
  channel_element stamped;
  auto records = std::make_unique<typed_batch<reading>>();
  records->push_back(reading{9, 9, 9}, 42);
  *records->make_hashes() = 4711;
  stamped.records = runtime::batch_box(std::move(records));
  out.output->send(stamped);
  out.send(type::end_of_input);

  BOOST_REQUIRE(in.elements.wait(6));
  auto& got = in.elements.values();
  BOOST_CHECK(got[0]->kind == type::records);
  BOOST_TEST(got[0]->time == 1000);
  BOOST_TEST(got[0]->records->size() == 2u);
  BOOST_TEST(!got[0]->records->has_timestamps());
  BOOST_CHECK((batch_as<reading>(*got[0]->records)[1] == reading{4, 5, 6.5}));
  BOOST_CHECK(got[1]->kind == type::watermark);
  BOOST_TEST(got[1]->time == 1234);
  BOOST_TEST(got[1]->flag);
  BOOST_CHECK(got[2]->kind == type::status);
  BOOST_TEST(got[2]->flag);
  BOOST_TEST(got[2]->time == min_timestamp);
  BOOST_CHECK(got[3]->kind == type::barrier);
  BOOST_TEST(got[3]->mark.id == 77u);
  BOOST_CHECK(got[3]->mark.kind == runtime::barrier_kind::loop_probe);
  BOOST_TEST(got[3]->mark.loop == 5u);
  BOOST_TEST(got[3]->mark.overtake_at == 123456789);
  BOOST_TEST(!got[3]->flag);
  BOOST_TEST(got[4]->records->time_of(0) == 42);
  BOOST_REQUIRE(got[4]->records->has_hashes());
  BOOST_TEST(*got[4]->records->hashes() == 4711u);
  BOOST_CHECK(got[5]->kind == type::end_of_input);
  BOOST_TEST(in.lost.size() == 0u);
}

BOOST_AUTO_TEST_CASE(channels_share_connections_and_do_not_mix) {
  two_planes p;
  constexpr std::uint32_t channels = 12;
  constexpr int batches = 60;
  std::vector<std::unique_ptr<receiver<reading>>> in;
  std::vector<std::unique_ptr<sender<reading>>> out;
  for (std::uint32_t c = 0; c < channels; ++c) {
    auto [from, to] = c % 2 == 0 ? std::pair(&p.a, &p.b) : std::pair(&p.b, &p.a);
    in.push_back(std::make_unique<receiver<reading>>(*to, key_of(c), true));
    out.push_back(std::make_unique<sender<reading>>(*from, address_of(*to), key_of(c)));
  }
  std::vector<std::thread> tasks;
  for (std::uint32_t c = 0; c < channels; ++c)
    tasks.emplace_back([&, c] {
      for (int i = 0; i < batches; ++i)
        out[c]->send(make_readings(1 + static_cast<std::size_t>(i) * 17, c * 1'000'000 + i));
      out[c]->send(type::end_of_input);
    });
  for (auto& t : tasks) t.join();
  for (std::uint32_t c = 0; c < channels; ++c) {
    BOOST_REQUIRE(in[c]->elements.wait(batches + 1));
    BOOST_REQUIRE(out[c]->credits.wait(batches));
    std::vector<reading> sent;
    for (int i = 0; i < batches; ++i)
      for (auto& r : make_readings(1 + static_cast<std::size_t>(i) * 17, c * 1'000'000 + i))
        sent.push_back(r);
    BOOST_CHECK(in[c]->records() == sent);
  }
}

BOOST_AUTO_TEST_CASE(credit_arrives_as_the_senders_numbers_say) {
  two_planes p;
  receiver<int> in(p.b, key_of(9, 3));
  sender<int> out(p.a, address_of(p.b), key_of(9, 3));
  runtime::credit_msg m;
  m.attempt = 99; // not looked at
  m.batches = 2;
  m.bytes = -5;
  m.window_batches = -3;
  m.batch_records = 640;
  in.input->credit(std::move(m)); // perhaps before the connection is there
  BOOST_REQUIRE(out.credits.wait());
  auto& got = out.credits.values()[0];
  BOOST_TEST(got.attempt == 3u);
  BOOST_TEST(got.channel == 9u);
  BOOST_TEST(got.batches == 2u);
  BOOST_TEST(got.bytes == -5);
  BOOST_TEST(got.window_batches == -3);
  BOOST_TEST(got.batch_records == 640u);
  BOOST_TEST(!got.recycled);
}

BOOST_AUTO_TEST_CASE(recycled_batches_are_decoded_into) {
  two_planes p;
  mailbox<const void*> memory;
  std::shared_ptr<net::remote_input> input;
  std::mutex mutex;
  {
    std::lock_guard lock(mutex);
    input = p.b.open_input(
      key_of(1), element_type_of<reading>(),
      [&](channel_element e) {
        memory.put(batch_as<reading>(*e.records).data());
        std::lock_guard lock_input(mutex);
        input->recycle(std::move(e.records));
        input->credit({});
      },
      [](std::string) {});
  }
  sender<reading> out(p.a, address_of(p.b), key_of(1));
  for (int i = 0; i < 20; ++i) out.send(make_readings(100, i));
  BOOST_REQUIRE(memory.wait(20));
  BOOST_TEST(std::count(memory.values().begin(), memory.values().end(), memory.values()[0]) == 20);
  p.b.close(7, 1);
}

BOOST_AUTO_TEST_CASE(large_batches_of_strings_arrive) {
  for (auto how : {net::compression::none, net::compression::lz4, net::compression::zstd}) {
    net::data_plane_config config;
    config.compression = how;
    two_planes p(config);
    receiver<std::string> in(p.b, key_of(1));
    sender<std::string> out(p.a, address_of(p.b), key_of(1));
    std::vector<std::string> sent;
    for (int i = 0; i < 40; ++i) {
      std::vector<std::string> batch{
        std::string(static_cast<std::size_t>(i) * 100'000, static_cast<char>('a' + i % 26)), "",
        "text " + std::to_string(i)};
      // Not compressible.
      std::string noise(3000, '\0');
      std::uint64_t x = static_cast<std::uint64_t>(i) + 1;
      for (auto& c : noise) c = static_cast<char>((x = x * 6364136223846793005u + 1) >> 56);
      batch.push_back(noise);
      sent.insert(sent.end(), batch.begin(), batch.end());
      out.send(batch);
    }
    BOOST_REQUIRE(in.elements.wait(40));
    BOOST_CHECK(in.records() == sent);
  }
}

BOOST_AUTO_TEST_CASE(compressed_frames_are_smaller_on_the_wire) {
  for (auto how : {net::compression::none, net::compression::lz4, net::compression::zstd}) {
    net::data_plane_config config;
    config.compression = how;
    two_planes p(config);
    std::atomic<std::size_t> bytes{0};
    tcp_relay relay(p.b.port(), [&](std::string& part, std::size_t) {
      bytes += part.size();
      return true;
    });
    receiver<reading> in(p.b, key_of(1));
    sender<reading> out(p.a, {"127.0.0.1", relay.port()}, key_of(1));
    out.send(std::vector<reading>(10'000, {1, 2, 3}));
    BOOST_REQUIRE(in.elements.wait(1));
    BOOST_CHECK(in.records() == std::vector<reading>(10'000, {1, 2, 3}));
    if (how == net::compression::none)
      BOOST_TEST(bytes > 240'000u);
    else
      BOOST_TEST(bytes < 10'000u);
  }
}

BOOST_AUTO_TEST_CASE(an_element_that_does_not_fit_a_frame_is_refused_by_name) {
  net::data_plane_config config;
  config.max_frame_bytes = 100'000;
  two_planes p(config);
  receiver<std::string> in(p.b, key_of(1));
  sender<std::string> out(p.a, address_of(p.b), key_of(1));
  channel_element e;
  auto b = std::make_unique<typed_batch<std::string>>();
  b->push_back(std::string(200'000, 'x'));
  e.records = runtime::batch_box(std::move(b));
  BOOST_CHECK_EXCEPTION(out.output->send(e), io_error, [](const io_error& error) {
    return contains("channel 1 of task 2.0 -> channel 101 of task 3.1")(error.what())
           && contains("max_frame_bytes")(error.what());
  });
  out.send({"small"}); // the channel goes on
  BOOST_REQUIRE(in.elements.wait(1));
  BOOST_CHECK(in.records() == std::vector<std::string>{"small"});
}

BOOST_AUTO_TEST_CASE(a_type_without_encoding_is_refused) {
  using opaque = std::function<void()>;
  two_planes p;
  sender<int> out(p.a, address_of(p.b), key_of(1));
  channel_element e;
  e.records = runtime::batch_box(std::make_unique<typed_batch<opaque>>());
  BOOST_CHECK_THROW(out.output->send(e), plan_error);
}

BOOST_AUTO_TEST_CASE(a_channel_may_be_opened_by_either_end_first) {
  two_planes p;
  sender<int> early(p.a, address_of(p.b), key_of(1));
  // Another channel of the same connection: its element shows that the announcement has come.
  receiver<int> other(p.b, key_of(2));
  sender<int> witness(p.a, address_of(p.b), key_of(2));
  witness.send({1});
  BOOST_REQUIRE(other.elements.wait(1));
  receiver<int> in(p.b, key_of(1));
  early.send({1, 2, 3});
  BOOST_REQUIRE(in.elements.wait(1));
  BOOST_CHECK((in.records() == std::vector<int>{1, 2, 3}));
}

BOOST_AUTO_TEST_CASE(elements_for_nobody_are_dropped_and_opening_later_is_a_loss) {
  two_planes p;
  sender<int> stray(p.a, address_of(p.b), key_of(1));
  receiver<int> other(p.b, key_of(2));
  sender<int> witness(p.a, address_of(p.b), key_of(2));
  stray.send({1});
  witness.send({1});
  BOOST_REQUIRE(other.elements.wait(1));
  receiver<int> late(p.b, key_of(1));
  BOOST_REQUIRE(late.lost.wait(1));
  BOOST_TEST(contains("before it was opened")(late.lost.values()[0]));
  stray.send({2});
  witness.send({2});
  BOOST_REQUIRE(other.elements.wait(2)); // the connection lives
  BOOST_TEST(late.elements.size() == 0u);
}

BOOST_AUTO_TEST_CASE(no_callback_runs_after_close_while_data_flows) {
  two_planes p;
  for (std::uint32_t attempt = 1; attempt <= 20; ++attempt) {
    std::atomic<bool> closed{false};
    std::atomic<bool> late{false};
    std::atomic<int> received{0};
    mailbox<int> first;
    auto in = p.b.open_input(
      key_of(1, attempt), element_type_of<reading>(),
      [&](channel_element) {
        if (closed) late = true;
        if (received++ == 0) first.put(1);
      },
      [&](std::string) { late = true; });
    std::atomic<bool> stop{false};
    sender<reading> out(p.a, address_of(p.b), key_of(1, attempt));
    std::thread task([&] {
      for (int i = 0; i < 100'000 && !stop; ++i) out.send(make_readings(50, i));
    });
    BOOST_REQUIRE(first.wait());
    p.b.close(7, attempt);
    closed = true;
    stop = true;
    task.join();
    p.a.close(7, attempt);
    out.send({{1, 1, 1}}); // harmless
    BOOST_TEST(!late);
  }
  // The connection has survived all that.
  receiver<int> in(p.b, key_of(1, 21));
  sender<int> out(p.a, address_of(p.b), key_of(1, 21));
  out.send({1});
  BOOST_REQUIRE(in.elements.wait(1));
}

BOOST_AUTO_TEST_CASE(attempts_are_apart) {
  two_planes p;
  receiver<int> old_in(p.b, key_of(1, 1));
  receiver<int> new_in(p.b, key_of(1, 2));
  sender<int> old_out(p.a, address_of(p.b), key_of(1, 1));
  sender<int> new_out(p.a, address_of(p.b), key_of(1, 2));
  p.b.close(7, 1);
  old_out.send({1});
  new_out.send({2});
  BOOST_REQUIRE(new_in.elements.wait(1));
  BOOST_CHECK((new_in.records() == std::vector<int>{2}));
  BOOST_TEST(old_in.elements.size() == 0u);
}

BOOST_AUTO_TEST_CASE(a_channel_is_opened_once) {
  two_planes p;
  receiver<int> in(p.b, key_of(1));
  sender<int> out(p.a, address_of(p.b), key_of(1));
  BOOST_CHECK_THROW(receiver<int>(p.b, key_of(1)), error);
  BOOST_CHECK_THROW(sender<int>(p.a, address_of(p.b), key_of(1)), error);
}

BOOST_AUTO_TEST_CASE(names_are_looked_up) {
  two_planes p;
  receiver<int> in(p.b, key_of(1));
  sender<int> out(p.a, {"localhost", p.b.port()}, key_of(1));
  out.send({5});
  BOOST_REQUIRE(in.elements.wait(1));
}

BOOST_AUTO_TEST_CASE(channels_may_outlive_the_data_plane) {
  auto p = std::make_unique<two_planes>();
  receiver<int> in(p->b, key_of(1));
  sender<int> out(p->a, address_of(p->b), key_of(1));
  out.send({5});
  BOOST_REQUIRE(in.elements.wait(1));
  p.reset();
  in.plane = nullptr;
  out.plane = nullptr;
  out.send({6});
  in.input->credit({});
  BOOST_TEST(in.elements.size() == 1u);
}

BOOST_AUTO_TEST_CASE(several_threads_serve_connections) {
  net::data_plane_config config;
  config.threads = 3;
  std::vector<std::unique_ptr<net::data_plane>> planes;
  for (int i = 0; i < 4; ++i) planes.push_back(std::make_unique<net::data_plane>(config));
  std::vector<std::unique_ptr<receiver<reading>>> in;
  std::vector<std::unique_ptr<sender<reading>>> out;
  for (std::uint32_t i = 0; i < 4; ++i)
    for (std::uint32_t k = 0; k < 4; ++k) {
      in.push_back(std::make_unique<receiver<reading>>(*planes[k], key_of(i * 10 + k), true));
      out.push_back(
        std::make_unique<sender<reading>>(*planes[i], address_of(*planes[k]), key_of(i * 10 + k)));
    }
  for (int i = 0; i < 100; ++i)
    for (auto& o : out) o->send(make_readings(500, i));
  for (std::size_t c = 0; c < in.size(); ++c) {
    BOOST_REQUIRE(in[c]->elements.wait(100));
    BOOST_REQUIRE(out[c]->credits.wait(100));
    BOOST_TEST(in[c]->records().size() == 50'000u);
  }
}

BOOST_AUTO_TEST_SUITE_END()
