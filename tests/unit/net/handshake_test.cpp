/// Who may connect, and what those who may not are told.
#include "sluice/net/handshake.hpp"

#include "sluice/core/errors.hpp"
#include "support/certificates.hpp"
#include "support/net_fixture.hpp"
#include "support/tcp_relay.hpp"
#include "support/temporary_directory.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <cstring>
#include <random>
#include <thread>

namespace {

using namespace sluice;
using namespace sluice::testing;
using namespace std::chrono_literals;

/// A plane that keeps what it refuses.
struct guarded {
  explicit guarded(net::data_plane_config config = {}) : plane(with_sink(std::move(config))) {}

  net::data_plane_config with_sink(net::data_plane_config config) {
    config.on_refused = [this](std::string why) { refused.put(std::move(why)); };
    return config;
  }

  texts refused;
  net::data_plane plane;
};

/// Both must get on.
void expect_flow(net::data_plane& from, net::data_plane& to, std::uint32_t attempt) {
  receiver<int> in(to, key_of(1, attempt));
  sender<int> out(from, address_of(to), key_of(1, attempt));
  out.send({1, 2, 3});
  BOOST_REQUIRE(in.elements.wait(1));
  BOOST_TEST(out.lost.size() == 0u);
}

/// The dialler must hear `dialler`, the acceptor say `acceptor`.
void expect_refusal(net::data_plane_config dialler_config, net::data_plane_config acceptor_config,
                    const std::string& dialler, const std::string& acceptor) {
  guarded a(std::move(dialler_config));
  guarded b(std::move(acceptor_config));
  receiver<int> in(b.plane, key_of(1));
  sender<int> out(a.plane, address_of(b.plane), key_of(1));
  out.send({1});
  BOOST_REQUIRE(out.lost.wait());
  BOOST_TEST_CONTEXT(out.lost.values()[0]) {
    BOOST_TEST(contains(dialler)(out.lost.values()[0]));
    BOOST_TEST(contains(std::to_string(b.plane.port()))(out.lost.values()[0]));
  }
  BOOST_REQUIRE(b.refused.wait());
  BOOST_TEST_CONTEXT(b.refused.values()[0]) {
    BOOST_TEST(contains(acceptor)(b.refused.values()[0]));
    BOOST_TEST(contains("the peer 127.0.0.1:")(b.refused.values()[0]));
  }
  BOOST_TEST(in.elements.size() == 0u);
  BOOST_TEST(out.lost.size() == 1u);
}

net::data_plane_config with_secret(std::string secret) {
  net::data_plane_config config;
  config.secret = std::move(secret);
  return config;
}

net::data_plane_config with_tls(net::tls_files files) {
  net::data_plane_config config;
  config.tls = std::move(files);
  return config;
}

std::string hello_of_version(std::uint16_t version) {
  std::string hello = "SluiceDP";
  hello.append(reinterpret_cast<const char*>(&version), 2);
  hello.resize(48, 'n');
  return hello;
}

} // namespace

BOOST_AUTO_TEST_SUITE(handshake)

BOOST_AUTO_TEST_CASE(a_shared_secret_lets_in) {
  guarded a(with_secret("sesame"));
  guarded b(with_secret("sesame"));
  expect_flow(a.plane, b.plane, 1);
}

BOOST_AUTO_TEST_CASE(a_wrong_secret_is_refused_on_both_sides) {
  for (auto [mine, theirs] : {std::pair("sesame", "Sesame"), {"", "sesame"}, {"sesame", ""}})
    expect_refusal(with_secret(mine), with_secret(theirs), "refused the cluster secret",
                   "does not know the cluster secret");
}

BOOST_AUTO_TEST_CASE(a_proof_is_good_for_one_session_only) {
  using role = net::handshake::role;
  auto run = [](const std::string& session_a, const std::string& session_b) {
    net::handshake a(role::dialler, {.secret = "s"}, session_a, 1);
    net::handshake b(role::acceptor, {.secret = "s"}, session_b, 2);
    b.feed(a.take_output());
    a.feed(b.take_output());
    b.feed(a.take_output());
    a.feed(b.take_output());
    return a.done() && b.done() && b.peer_port() == 1;
  };
  BOOST_TEST(run("one", "one"));
  BOOST_CHECK_THROW(run("one", "another"), io_error);
}

BOOST_AUTO_TEST_CASE(an_acceptor_that_cannot_prove_itself_is_refused) {
  using role = net::handshake::role;
  net::handshake a(role::dialler, {.secret = "s"}, "", 1);
  net::handshake b(role::acceptor, {.secret = "s"}, "", 2);
  b.feed(a.take_output());
  a.feed(b.take_output());
  a.take_output();
  std::string says_yes(33, '\0');
  BOOST_CHECK_THROW(a.feed(says_yes), io_error);
  BOOST_TEST(!a.done());
}

BOOST_AUTO_TEST_CASE(mutual_tls_lets_in) {
  temporary_directory directory;
  certificate_authority ca(directory.path(), "cluster");
  auto one = with_tls(ca.issue("one"));
  auto two = with_tls(ca.issue("two"));
  one.secret = two.secret = "sesame";
  guarded a(one);
  guarded b(two);
  expect_flow(a.plane, b.plane, 1);
  expect_flow(b.plane, a.plane, 2);

  // Much, both ways at once.
  receiver<std::string> in(b.plane, key_of(1, 3), true);
  sender<std::string> out(a.plane, address_of(b.plane), key_of(1, 3));
  std::vector<std::string> sent;
  for (int i = 0; i < 300; ++i) {
    std::vector<std::string> batch(100, std::string(static_cast<std::size_t>(i) * 3, 'x'));
    batch.push_back(std::to_string(i));
    sent.insert(sent.end(), batch.begin(), batch.end());
    out.send(batch);
  }
  BOOST_REQUIRE(in.elements.wait(300));
  BOOST_REQUIRE(out.credits.wait(300));
  BOOST_CHECK(in.records() == sent);
}

BOOST_AUTO_TEST_CASE(tls_and_a_wrong_secret_is_refused) {
  temporary_directory directory;
  certificate_authority ca(directory.path(), "cluster");
  auto one = with_tls(ca.issue("one"));
  auto two = with_tls(ca.issue("two"));
  one.secret = "sesame";
  expect_refusal(one, two, "refused the cluster secret", "does not know the cluster secret");
}

BOOST_AUTO_TEST_CASE(a_certificate_of_another_authority_is_refused) {
  temporary_directory directory;
  certificate_authority ca(directory.path(), "cluster");
  certificate_authority stranger(directory.path(), "stranger");
  auto forged = stranger.issue("one");
  // It trusts the cluster's CA, which has not signed its certificate.
  forged.ca = ca.ca_file();
  expect_refusal(with_tls(forged), with_tls(ca.issue("two")), "alert unknown ca",
                 "certificate verify failed");
  // It trusts only its own.
  expect_refusal(with_tls(stranger.issue("three")), with_tls(ca.issue("four")),
                 "certificate verify failed", "alert unknown ca");
}

BOOST_AUTO_TEST_CASE(an_expired_certificate_is_refused) {
  temporary_directory directory;
  certificate_authority ca(directory.path(), "cluster");
  expect_refusal(with_tls(ca.issue("old", -1)), with_tls(ca.issue("new")), "expired", "expired");
}

BOOST_AUTO_TEST_CASE(tls_and_plain_do_not_mix) {
  temporary_directory directory;
  certificate_authority ca(directory.path(), "cluster");
  expect_refusal({}, with_tls(ca.issue("one")), "uses TLS, and this process does not",
                 "does not use TLS, and this process does");
  expect_refusal(with_tls(ca.issue("two")), {}, "does not use TLS, and this process does",
                 "uses TLS, and this process does not");
}

BOOST_AUTO_TEST_CASE(unreadable_certificates_are_named) {
  temporary_directory directory;
  certificate_authority ca(directory.path(), "cluster");
  auto good = ca.issue("one");
  auto other = ca.issue("two");
  for (auto [member, what] : {std::pair(&net::tls_files::certificate, "certificate"),
                              {&net::tls_files::key, "key"},
                              {&net::tls_files::ca, "CA"}}) {
    auto files = good;
    files.*member = "/nowhere/file.pem";
    BOOST_CHECK_EXCEPTION(net::data_plane{with_tls(files)}, io_error,
                          [what = what](const io_error& e) {
                            return contains(std::string(what) + " /nowhere/file.pem")(e.what());
                          });
  }
  good.key = other.key;
  BOOST_CHECK_THROW(net::data_plane{with_tls(good)}, io_error);
}

BOOST_AUTO_TEST_CASE(another_version_is_refused_on_both_sides) {
  guarded b;
  auto fd = connect_to(b.plane.port());
  send_all(fd, hello_of_version(9));
  std::string answer;
  BOOST_TEST(wait_for_end(fd, &answer));
  ::close(fd);
  BOOST_TEST(answer.size() == 48u); // so that it can say the same
  BOOST_REQUIRE(b.refused.wait());
  BOOST_TEST(contains("speaks version 9 of the data protocol, this process version 1")(
    b.refused.values()[0]));

  net::handshake dialler(net::handshake::role::dialler, {}, "", 1);
  BOOST_CHECK_EXCEPTION(dialler.feed(hello_of_version(9)), io_error,
                        [](const io_error& e) { return contains("speaks version 9")(e.what()); });
}

BOOST_AUTO_TEST_CASE(a_server_that_is_not_ours_is_refused) {
  guarded b;
  // It changes what the dialler says; what the acceptor says goes through.
  tcp_relay relay(b.plane.port(), [](std::string& part, std::size_t offset) {
    if (offset == 0) part.replace(0, 4, "GET ");
    return true;
  });
  net::data_plane a({});
  sender<int> out(a, {"127.0.0.1", relay.port()}, key_of(1));
  BOOST_REQUIRE(out.lost.wait());
  BOOST_TEST(contains("hung up during the handshake")(out.lost.values()[0]));
  BOOST_REQUIRE(b.refused.wait());
  BOOST_TEST(contains("is not a Sluice process")(b.refused.values()[0]));
}

BOOST_AUTO_TEST_CASE(silence_ends_with_the_handshake_timeout) {
  net::data_plane_config config;
  config.handshake_timeout = 200ms;
  guarded b(config);
  auto fd = connect_to(b.plane.port());
  send_all(fd, "Sluice");
  BOOST_TEST(wait_for_end(fd));
  ::close(fd);
  BOOST_REQUIRE(b.refused.wait());
  BOOST_TEST(contains("did not finish the handshake within 0.2 s")(b.refused.values()[0]));

  // The same from the other side: somebody accepts, and says nothing.
  tcp_relay mute(b.plane.port());
  mute.freeze();
  guarded a(config);
  sender<int> out(a.plane, {"127.0.0.1", mute.port()}, key_of(1));
  BOOST_REQUIRE(out.lost.wait());
  BOOST_TEST(contains("did not finish the handshake within 0.2 s")(out.lost.values()[0]));
}

BOOST_AUTO_TEST_CASE(ten_thousand_connections_and_random_bytes_do_no_harm) {
  net::data_plane_config config;
  config.max_unauthenticated = 64;
  guarded b(config);
  net::data_plane a({});
  receiver<int> in(b.plane, key_of(1), true);
  sender<int> out(a, address_of(b.plane), key_of(1));
  out.send({0});
  BOOST_REQUIRE(in.elements.wait(1));

  std::mt19937_64 random(4711);
  std::vector<int> open;
  std::size_t sent = 1;
  for (int i = 0; i < 10'000; ++i) {
    auto fd = connect_to(b.plane.port());
    BOOST_REQUIRE(fd >= 0);
    if (i % 3 != 0) {
      std::string bytes(random() % 200, '\0');
      for (auto& c : bytes) c = static_cast<char>(random());
      if (i % 5 == 0 && bytes.size() > 8) bytes.replace(0, 8, "SluiceDP");
      send_all(fd, bytes);
    }
    open.push_back(fd);
    if (open.size() > 500) { // far more than may wait at once
      ::close(open[open.size() - 500]);
      open[open.size() - 500] = -1;
    }
    if (i % 500 == 0) {
      out.send({i});
      ++sent;
    }
  }
  BOOST_TEST(in.elements.wait(sent));
  BOOST_TEST(out.credits.wait(sent));
  BOOST_TEST(out.lost.size() == 0u);
  for (auto fd : open)
    if (fd >= 0) ::close(fd);
  // New ones get in, as soon as the others are dealt with.
  net::data_plane c({});
  expect_flow(c, b.plane, 2);
  BOOST_TEST(b.refused.size() > 0u);
}

BOOST_AUTO_TEST_CASE(without_file_descriptors_it_waits_and_goes_on) {
  guarded b;
  net::data_plane a({});
  receiver<int> in(b.plane, key_of(1), true);
  sender<int> out(a, address_of(b.plane), key_of(1));
  out.send({0});
  BOOST_REQUIRE(in.elements.wait(1));

  // Connections first: they need descriptors as well, and are accepted by the system alone.
  auto used = ::dup(0);
  BOOST_REQUIRE(used >= 0);
  ::close(used);
  rlimit old{};
  ::getrlimit(RLIMIT_NOFILE, &old);
  rlimit tight{static_cast<rlim_t>(used) + 40, old.rlim_max};
  ::setrlimit(RLIMIT_NOFILE, &tight);
  std::vector<int> open;
  for (int fd = 0; (fd = connect_to(b.plane.port())) >= 0;) open.push_back(fd);
  BOOST_TEST(open.size() < 41u);
  out.send({1});
  BOOST_TEST(in.elements.wait(2)); // those that exist work
  BOOST_TEST(b.refused.wait_for(contains("Too many open files")));
  for (auto fd : open) ::close(fd);
  ::setrlimit(RLIMIT_NOFILE, &old);
  net::data_plane c({});
  expect_flow(c, b.plane, 2);
}

BOOST_AUTO_TEST_SUITE_END()
