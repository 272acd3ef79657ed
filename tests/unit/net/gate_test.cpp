/// Gates let in who belongs to the cluster, and nobody else; what comes through them is unchanged.
#include "sluice/net/gate.hpp"

#include "sluice/core/errors.hpp"
#include "support/certificates.hpp"
#include "support/net_fixture.hpp"
#include "support/tcp_relay.hpp"
#include "support/temporary_directory.hpp"

#include <openssl/ssl.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <optional>
#include <random>
#include <thread>

namespace {

using namespace sluice;
using namespace sluice::testing;
using namespace std::chrono_literals;

constexpr int patience_ms = 30'000;

bool ready(int fd, short what) {
  pollfd p{fd, what, 0};
  return ::poll(&p, 1, patience_ms) > 0;
}

/// Whether all of it was written in time.
bool write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    auto n = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n < 0 && errno == EAGAIN) {
      if (!ready(fd, POLLOUT)) return false;
      continue;
    }
    if (n < 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

/// Up to `size` bytes, fewer when the stream ends. Nothing: it broke, or stood still.
std::optional<std::string> read_up_to(int fd, std::size_t size) {
  std::string bytes(size, '\0');
  std::size_t at = 0;
  while (at < size) {
    if (!ready(fd, POLLIN)) return std::nullopt;
    auto n = ::recv(fd, bytes.data() + at, size - at, MSG_DONTWAIT);
    if (n < 0 && errno == EAGAIN) continue;
    if (n < 0) return std::nullopt;
    if (n == 0) break;
    at += static_cast<std::size_t>(n);
  }
  bytes.resize(at);
  return bytes;
}

bool ends(int fd) { return read_up_to(fd, 1) == std::string(); }

/// Bytes that a lost, doubled or misplaced part would change.
std::string noise(std::size_t size, unsigned seed) {
  std::mt19937_64 random(seed);
  std::string bytes(size, '\0');
  for (auto& c : bytes) c = static_cast<char>(random());
  return bytes;
}

net::gate_config listening(net::gate_terms terms) {
  net::gate_config c;
  c.terms = std::move(terms);
  return c;
}

/// A connection through a gate, both ends.
struct passage {
  std::unique_ptr<net::gate_link> link;
  net::unique_fd near;
  std::shared_ptr<net::unique_fd> far;
};

/// A gate that keeps whom it lets in, and what it refuses.
struct guarded_gate {
  explicit guarded_gate(net::gate_terms terms = {}) : guarded_gate(listening(std::move(terms))) {}
  explicit guarded_gate(net::gate_config config)
    : gate(with_sink(std::move(config)), [this](net::unique_fd fd, const net::endpoint&) {
        admitted.put(std::make_shared<net::unique_fd>(std::move(fd)));
      }) {}

  net::gate_config with_sink(net::gate_config config) {
    config.on_refused = [this](std::string why) { refused.put(std::move(why)); };
    return config;
  }

  net::endpoint address() const { return {"127.0.0.1", gate.port()}; }

  passage let_in(const net::gate_terms& terms) {
    passage p;
    p.link = net::dial_gate(address(), terms);
    p.near = p.link->take();
    if (!admitted.wait(++passages)) throw std::runtime_error("nobody was let in");
    p.far = std::move(admitted.values().at(passages - 1));
    return p;
  }

  texts refused;
  mailbox<std::shared_ptr<net::unique_fd>> admitted;
  std::size_t passages = 0;
  net::gate gate;
};

struct authority {
  net::gate_terms member(const std::string& name, std::string secret = "sesame") {
    net::gate_terms t;
    t.tls = ca.issue(name);
    t.secret = std::move(secret);
    return t;
  }

  temporary_directory directory;
  certificate_authority ca{directory.path(), "cluster"};
};

/// Both directions carry bytes.
bool talks(const passage& p) {
  return write_all(p.near.get(), "question") && read_up_to(p.far->get(), 8) == "question"
         && write_all(p.far->get(), "answer") && read_up_to(p.near.get(), 6) == "answer";
}

/// The dialler must hear `dialler`, the gate say `acceptor`.
void expect_refusal(const net::gate_terms& dialler_terms, net::gate_terms acceptor_terms,
                    const std::string& dialler, const std::string& acceptor) {
  guarded_gate g(std::move(acceptor_terms));
  BOOST_CHECK_EXCEPTION(
    net::dial_gate(g.address(), dialler_terms), net::refusal, [&](const net::refusal& e) {
      BOOST_TEST_MESSAGE(e.what());
      return contains(dialler)(e.what()) && contains(net::to_string(g.address()))(e.what());
    });
  BOOST_REQUIRE(g.refused.wait());
  BOOST_TEST_CONTEXT(g.refused.values()[0]) {
    BOOST_TEST(contains(acceptor)(g.refused.values()[0]));
    BOOST_TEST(contains("the peer 127.0.0.1:")(g.refused.values()[0]));
  }
  BOOST_TEST(g.admitted.size() == 0u);
}

net::gate_terms with_secret(std::string secret) {
  net::gate_terms t;
  t.secret = std::move(secret);
  return t;
}

net::gate_terms without_secret(net::gate_terms t) {
  t.secret.clear();
  return t;
}

} // namespace

BOOST_AUTO_TEST_SUITE(gate)

// -- who gets in ----------------------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_shared_secret_opens_the_gate) {
  guarded_gate g(with_secret("sesame"));
  BOOST_TEST(talks(g.let_in(with_secret("sesame"))));
  BOOST_TEST(g.refused.size() == 0u);
}

BOOST_AUTO_TEST_CASE(certificates_and_a_secret_open_the_gate) {
  authority a;
  guarded_gate g(a.member("one"));
  auto first = g.let_in(a.member("two"));
  auto second = g.let_in(a.member("three"));
  BOOST_TEST(talks(first));
  BOOST_TEST(talks(second));
}

BOOST_AUTO_TEST_CASE(a_wrong_secret_is_told_to_both_sides) {
  for (auto [mine, theirs] : {std::pair("sesame", "Sesame"), {"", "sesame"}, {"sesame", ""}})
    expect_refusal(with_secret(mine), with_secret(theirs), "refused the cluster secret",
                   "does not know the cluster secret");
  authority a;
  expect_refusal(a.member("one", "a"), a.member("two", "b"), "refused the cluster secret",
                 "does not know the cluster secret");
}

BOOST_AUTO_TEST_CASE(a_proof_for_the_data_plane_does_not_open_the_gate) {
  guarded_gate g(with_secret("sesame"));
  // A data plane with the right secret.
  net::data_plane_config config;
  config.secret = "sesame";
  net::data_plane plane(config);
  sender<int> out(plane, g.address(), key_of(1));
  BOOST_REQUIRE(out.lost.wait());
  BOOST_TEST(contains("does not speak the data protocol")(out.lost.values()[0]));
  BOOST_TEST(g.refused.wait_for(contains("does not speak the control protocol")));
  // And the other way round.
  BOOST_CHECK_EXCEPTION(net::dial_gate(address_of(plane), with_secret("sesame")), net::refusal,
                        [](auto& e) { return contains("does not speak the control")(e.what()); });
  BOOST_TEST(g.admitted.size() == 0u);

  // Even if the magic were the same, the proofs are not.
  using role = net::handshake::role;
  auto data = net::data_purpose;
  data.magic = net::control_purpose.magic;
  net::handshake dialler(role::dialler, {.purpose = data, .secret = "s"}, "", 0);
  net::handshake acceptor(role::acceptor, {.purpose = net::control_purpose, .secret = "s"}, "", 0);
  acceptor.feed(dialler.take_output());
  dialler.feed(acceptor.take_output());
  BOOST_CHECK_THROW(acceptor.feed(dialler.take_output()), net::refusal);
}

BOOST_AUTO_TEST_CASE(another_version_of_sluice_is_refused_and_both_are_named) {
  auto old = with_secret("sesame");
  auto fresh = old;
  old.release = net::release_number(0, 9, 12);
  fresh.release = net::release_number(1, 0, 0);
  expect_refusal(old, fresh, "it runs Sluice 1.0.0, this process Sluice 0.9.12",
                 "it runs Sluice 0.9.12, this process Sluice 1.0.0");
  guarded_gate g(fresh);
  BOOST_TEST(talks(g.let_in(fresh)));
}

BOOST_AUTO_TEST_CASE(certificates_of_others_are_refused_and_told_whose) {
  authority a;
  certificate_authority stranger(a.directory.path(), "stranger");
  auto forged = a.member("one");
  forged.tls = stranger.issue("forged");
  forged.tls->ca = a.ca.ca_file();
  expect_refusal(forged, a.member("two"), "it refuses the certificate of this process",
                 "its certificate: ");
  auto other = a.member("three");
  other.tls = stranger.issue("other");
  expect_refusal(other, a.member("four"),
                 "its certificate: ", "it refuses the certificate of this process");
  auto expired = a.member("five");
  expired.tls = a.ca.issue("old", -1);
  expect_refusal(expired, a.member("six"), "it refuses the certificate of this process",
                 "its certificate: certificate has expired");
}

BOOST_AUTO_TEST_CASE(tls_on_one_side_only_is_told_to_both) {
  authority a;
  expect_refusal(without_secret({}), a.member("one"), "uses TLS, and this process does not",
                 "does not use TLS, and this process does");
  expect_refusal(a.member("two"), {}, "does not use TLS, and this process does",
                 "uses TLS, and this process does not");
}

BOOST_AUTO_TEST_CASE(no_certificate_is_refused) {
  authority a;
  guarded_gate g(a.member("one"));
  // TLS 1.3 as it should be, but for the certificate of the client.
  std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context(SSL_CTX_new(TLS_client_method()),
                                                            &SSL_CTX_free);
  std::unique_ptr<SSL, decltype(&SSL_free)> ssl(SSL_new(context.get()), &SSL_free);
  net::unique_fd fd(connect_to(g.gate.port()));
  SSL_set_fd(ssl.get(), fd.get());
  if (SSL_connect(ssl.get()) == 1) { // the client's part; the verdict comes after it
    char byte = 0;
    BOOST_TEST(SSL_read(ssl.get(), &byte, 1) <= 0);
  }
  BOOST_TEST(g.refused.wait_for(contains("it needs one that the cluster's CA has signed")));
  BOOST_TEST(g.admitted.size() == 0u);
}

// -- who does not ---------------------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(nobody_there_is_told_as_it_is) {
  auto fails_with = [](const net::endpoint& at, const std::string& text) {
    BOOST_CHECK_EXCEPTION(net::dial_gate(at, {}), io_error, [&](const io_error& e) {
      BOOST_TEST_MESSAGE(e.what());
      return contains(text)(e.what()) && contains(net::to_string(at))(e.what())
             && dynamic_cast<const net::refusal*>(&e) == nullptr;
    });
  };
  std::uint16_t free = 0;
  {
    guarded_gate g;
    free = g.gate.port();
  }
  fails_with({"127.0.0.1", free}, "Connection refused");
  fails_with({"no-such-host.invalid", 7070}, "the name is not known");
}

BOOST_AUTO_TEST_CASE(who_accepts_and_says_nothing_is_given_up) {
  guarded_gate g;
  tcp_relay mute(g.gate.port());
  mute.freeze();
  net::gate_terms terms;
  terms.handshake_timeout = 200ms;
  BOOST_CHECK_EXCEPTION(net::dial_gate({"127.0.0.1", mute.port()}, terms), io_error, [](auto& e) {
    return contains("did not finish the handshake within 0.2 s")(e.what());
  });
}

BOOST_AUTO_TEST_CASE(who_dials_and_says_nothing_is_dropped) {
  net::gate_terms terms;
  terms.handshake_timeout = 200ms;
  guarded_gate g(terms);
  auto fd = connect_to(g.gate.port());
  send_all(fd, "SluiceCP");
  BOOST_TEST(wait_for_end(fd));
  ::close(fd);
  BOOST_TEST(g.refused.wait_for(contains("did not finish the handshake within 0.2 s")));
}

BOOST_AUTO_TEST_CASE(garbage_is_refused) {
  guarded_gate g;
  authority a;
  guarded_gate secure(a.member("one"));
  for (auto* gate : {&g, &secure}) {
    auto fd = connect_to(gate->gate.port());
    send_all(fd, noise(4000, 1));
    BOOST_TEST(wait_for_end(fd));
    ::close(fd);
    BOOST_TEST(gate->refused.wait());
    BOOST_TEST(gate->admitted.size() == 0u);
  }
  auto fd = connect_to(secure.gate.port()); // begins as TLS does
  send_all(fd, "\x16\x03\x01" + noise(4000, 2));
  BOOST_TEST(wait_for_end(fd));
  ::close(fd);
  BOOST_TEST(secure.refused.wait(2));
}

namespace {

/// As members do it: strangers may be before them in the queue, or push them out of it.
passage let_in_at_last(guarded_gate& g, const net::gate_terms& terms) {
  for (auto deadline = std::chrono::steady_clock::now() + patience;;) {
    try {
      return g.let_in(terms);
    } catch (const net::refusal&) {
      throw;
    } catch (const io_error&) {
      if (std::chrono::steady_clock::now() > deadline) throw;
    }
  }
}

/// Ten thousand connections of strangers, a few hundred at a time, while members talk.
void storm(const net::gate_terms& near, net::gate_config config) {
  config.max_unauthenticated = 64;
  guarded_gate g(std::move(config));
  auto members = g.let_in(near);
  BOOST_REQUIRE(talks(members));
  std::mt19937_64 random(4711);
  std::vector<int> open;
  for (int i = 0; i < 10'000; ++i) {
    auto fd = connect_to(g.gate.port());
    BOOST_REQUIRE(fd >= 0);
    auto bytes = noise(random() % 200, static_cast<unsigned>(i));
    if (i % 5 == 0 && bytes.size() > 8) bytes.replace(0, 8, "SluiceCP");
    if (i % 7 == 0 && bytes.size() > 8) bytes.replace(0, 3, "\x16\x03\x01");
    if (i % 3 != 0) send_all(fd, bytes);
    open.push_back(fd);
    if (open.size() > 400) {
      ::close(open[open.size() - 400]);
      open[open.size() - 400] = -1;
    }
    if (i % 250 == 0) BOOST_REQUIRE(talks(members));
  }
  for (auto fd : open)
    if (fd >= 0) ::close(fd);
  BOOST_TEST(talks(members));
  BOOST_TEST(talks(let_in_at_last(g, near)));
  BOOST_TEST(g.admitted.size() == 2u);
  BOOST_TEST(g.refused.size() > 0u);
}

} // namespace

BOOST_AUTO_TEST_CASE(ten_thousand_strangers_do_not_disturb_members) {
  storm(with_secret("sesame"), listening(with_secret("sesame")));
}

BOOST_AUTO_TEST_CASE(ten_thousand_strangers_do_not_disturb_members_with_tls) {
  authority a;
  storm(a.member("one"), listening(a.member("two")));
}

// -- what comes through ---------------------------------------------------------------------------

namespace {

/// Both ends send much at once, and read it.
void exchange_much(const passage& p, std::size_t size) {
  auto to = noise(size, 1);
  auto back = noise(size, 2);
  bool sent[2] = {};
  std::thread one([&] { sent[0] = write_all(p.near.get(), to); });
  std::thread two([&] { sent[1] = write_all(p.far->get(), back); });
  std::optional<std::string> got;
  std::thread three([&] { got = read_up_to(p.far->get(), size); });
  auto got_back = read_up_to(p.near.get(), size);
  for (auto* t : {&one, &two, &three}) t->join();
  BOOST_TEST(sent[0]);
  BOOST_TEST(sent[1]);
  BOOST_CHECK(got == to);
  BOOST_CHECK(got_back == back);
}

} // namespace

BOOST_AUTO_TEST_CASE(much_goes_through_both_ways_at_once) {
  authority a;
  guarded_gate g(a.member("one"));
  exchange_much(g.let_in(a.member("two")), 32 << 20);
  guarded_gate plain;
  exchange_much(plain.let_in({}), 8 << 20);
}

BOOST_AUTO_TEST_CASE(who_does_not_read_stops_who_writes) {
  authority a;
  guarded_gate g(a.member("one"));
  auto p = g.let_in(a.member("two"));
  // Far more than buffers and sockets may hold.
  constexpr std::size_t limit = 64 << 20;
  auto bytes = noise(1 << 20, 1);
  std::size_t written = 0;
  for (auto at = std::string_view(bytes); written < limit;) {
    auto n = ::send(p.near.get(), at.data(), at.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n < 0) {
      pollfd full{p.near.get(), POLLOUT, 0};
      if (::poll(&full, 1, 500) == 0) break; // nothing moves any more
      continue;
    }
    written += static_cast<std::size_t>(n);
    at.remove_prefix(static_cast<std::size_t>(n));
    if (at.empty()) at = bytes;
  }
  BOOST_TEST(written < limit);
  BOOST_TEST(write_all(p.far->get(), "the other way is free"));
  BOOST_CHECK(read_up_to(p.near.get(), 21) == "the other way is free");
  std::string all;
  while (all.size() < written) {
    auto part = read_up_to(p.far->get(), std::min<std::size_t>(1 << 20, written - all.size()));
    BOOST_REQUIRE((part && !part->empty()));
    all += *part;
  }
  bool same = true;
  for (std::size_t i = 0; i < all.size(); ++i) same &= all[i] == bytes[i % bytes.size()];
  BOOST_TEST(same);
}

BOOST_AUTO_TEST_CASE(the_end_of_a_stream_comes_after_its_bytes) {
  authority a;
  for (auto& terms : {a.member("one"), net::gate_terms{}}) {
    guarded_gate g(terms);
    auto bytes = noise(300'000, 3);
    for (bool near_first : {true, false}) {
      auto p = g.let_in(terms);
      auto& from = near_first ? p.near : *p.far;
      auto& to = near_first ? *p.far : p.near;
      std::thread writer([&] {
        write_all(from.get(), bytes);
        from = net::unique_fd(); // closed at once
      });
      auto got = read_up_to(to.get(), bytes.size() + 1);
      writer.join();
      BOOST_CHECK(got == bytes);
    }
    // One direction may end before the other.
    auto p = g.let_in(terms);
    ::shutdown(p.near.get(), SHUT_WR);
    BOOST_TEST(ends(p.far->get()));
    BOOST_TEST(write_all(p.far->get(), bytes));
    BOOST_CHECK(read_up_to(p.near.get(), bytes.size()) == bytes);
  }
}

BOOST_AUTO_TEST_CASE(a_broken_connection_is_the_end_for_both) {
  authority a;
  guarded_gate g(a.member("one"));
  net::unique_fd near;
  std::unique_ptr<net::gate_link> link;
  {
    tcp_relay relay(g.gate.port());
    link = net::dial_gate({"127.0.0.1", relay.port()}, a.member("two"));
    near = link->take();
    BOOST_REQUIRE(g.admitted.wait());
  }
  BOOST_TEST(ends(near.get()));
  BOOST_TEST(ends(g.admitted.values()[0]->get()));
}

BOOST_AUTO_TEST_CASE(who_closed_does_not_wait_for_ever_for_the_other_end) {
  authority a;
  auto terms = a.member("one");
  terms.dead_peer_timeout = 300ms;
  guarded_gate g(terms);
  auto p = g.let_in(terms);
  ::shutdown(p.near.get(), SHUT_WR);
  // The far end neither writes nor closes.
  BOOST_TEST(ends(p.near.get()));
}

BOOST_AUTO_TEST_CASE(last_words_are_sent_when_a_side_goes) {
  authority a;
  guarded_gate g(a.member("one"));
  auto p = g.let_in(a.member("two"));
  BOOST_TEST(write_all(p.near.get(), "good-bye"));
  p.near = net::unique_fd();
  p.link.reset();
  BOOST_CHECK(read_up_to(p.far->get(), 9) == "good-bye");
}

BOOST_AUTO_TEST_CASE(a_closed_gate_lets_nobody_in_and_keeps_members) {
  authority a;
  for (auto& terms : {a.member("one"), net::gate_terms{}}) {
    guarded_gate g(terms);
    auto p = g.let_in(terms);
    auto half = connect_to(g.gate.port());
    g.gate.close();
    BOOST_TEST(wait_for_end(half));
    ::close(half);
    BOOST_CHECK_THROW(net::dial_gate(g.address(), terms), io_error);
    BOOST_TEST(talks(p));
    BOOST_TEST(g.admitted.size() == 1u);
  }
}

BOOST_AUTO_TEST_CASE(what_cannot_work_is_refused_at_once) {
  guarded_gate g;
  net::gate_config taken;
  taken.port = g.gate.port();
  BOOST_CHECK_THROW(guarded_gate{taken}, io_error);
  net::gate_config nowhere;
  nowhere.bind_address = "not an address";
  BOOST_CHECK_THROW(guarded_gate{nowhere}, io_error);
  net::gate_terms hasty;
  hasty.handshake_timeout = {};
  BOOST_CHECK_THROW(net::dial_gate(g.address(), hasty), io_error);
  net::gate_terms unreadable;
  unreadable.tls = net::tls_files{"/nowhere/c.pem", "/nowhere/k.pem", "/nowhere/ca.pem"};
  BOOST_CHECK_THROW(net::dial_gate(g.address(), unreadable), io_error);
}

BOOST_AUTO_TEST_CASE(without_file_descriptors_strangers_wait_and_members_talk) {
  authority a;
  guarded_gate g(a.member("one"));
  auto p = g.let_in(a.member("two"));
  BOOST_REQUIRE(talks(p));
  auto used = ::dup(0);
  BOOST_REQUIRE(used >= 0);
  ::close(used);
  rlimit old{};
  ::getrlimit(RLIMIT_NOFILE, &old);
  rlimit tight{static_cast<rlim_t>(used) + 40, old.rlim_max};
  ::setrlimit(RLIMIT_NOFILE, &tight);
  std::vector<int> open;
  for (int fd = 0; (fd = connect_to(g.gate.port())) >= 0;) open.push_back(fd);
  BOOST_TEST(talks(p));
  BOOST_TEST(g.refused.wait_for(contains("Too many open files")));
  for (auto fd : open) ::close(fd);
  ::setrlimit(RLIMIT_NOFILE, &old);
  BOOST_TEST(talks(g.let_in(a.member("three"))));
}

BOOST_AUTO_TEST_SUITE_END()
