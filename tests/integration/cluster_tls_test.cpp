/// Who may talk to a cluster with TLS and a secret, and what the others and the coordinator hear.
#include "support/command_cluster.hpp"

#include <boost/test/unit_test.hpp>
#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace sluice::testing {

BOOST_AUTO_TEST_SUITE(cluster_tls)

namespace {

namespace fs = std::filesystem;
using arguments = std::vector<std::string>;

arguments tls_options(const std::string& directory, const std::string& name) {
  return {"--tls-ca",   directory + "/ca.pem",
          "--tls-cert", directory + "/" + name + ".pem",
          "--tls-key",  directory + "/" + name + ".key"};
}

arguments joined(arguments a, const arguments& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

bool is_only_for_its_owner(const std::string& file) {
  return (fs::status(file).permissions() & (fs::perms::group_all | fs::perms::others_all))
         == fs::perms::none;
}

/// A cluster with certificates and a secret.
struct safe_cluster {
  safe_cluster() {
    auto made = run_sluice({"cluster", "init-certs", certificates, "--nodes", "1"});
    BOOST_TEST_REQUIRE(made.code == 0, made.output);
    run_sluice({"cluster", "init-certs", others, "--nodes", "1"});
    cluster.emplace(2, 1, joined(tls_options(certificates, "node-1"), {"--secret", "right"}));
    BOOST_TEST_REQUIRE(cluster->is_up(), cluster->log());
  }

  command_result list(const arguments& security) const {
    return run_sluice(joined({"workers", "list", "--coordinator", cluster->address()}, security));
  }

  bool coordinator_says(const std::string& text) const {
    return eventually([&] { return cluster->coordinator_log().find(text) != std::string::npos; },
                      std::chrono::seconds(20));
  }

  temporary_directory directory;
  std::string certificates = directory.path() + "/certificates";
  std::string others = directory.path() + "/others";
  std::optional<command_cluster> cluster;
};

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

} // namespace

BOOST_AUTO_TEST_CASE(certificates_are_made_once_and_keys_are_for_their_owner) {
  temporary_directory directory;
  auto certificates = directory.path() + "/certificates";
  auto made = run_sluice({"cluster", "init-certs", certificates, "--hosts", "10.0.0.1,worker.lan"});
  BOOST_TEST_REQUIRE(made.code == 0, made.output);
  BOOST_TEST(contains(made.output, "--tls-ca " + certificates + "/ca.pem"), made.output);
  for (auto* name : {"ca", "10.0.0.1", "worker.lan", "client"}) {
    BOOST_TEST(fs::exists(fmt::format("{}/{}.pem", certificates, name)));
    BOOST_TEST(is_only_for_its_owner(fmt::format("{}/{}.key", certificates, name)));
  }
  auto before = content_of(certificates + "/ca.pem");
  auto again = run_sluice({"cluster", "init-certs", certificates, "--hosts", "10.0.0.1"});
  BOOST_TEST(again.code == 2);
  BOOST_TEST(contains(again.output, "--force"), again.output);
  BOOST_TEST(content_of(certificates + "/ca.pem") == before);
  again = run_sluice({"cluster", "init-certs", certificates, "--hosts", "10.0.0.1", "--force"});
  BOOST_TEST(again.code == 0, again.output);
  BOOST_TEST(content_of(certificates + "/ca.pem") != before);
  BOOST_TEST(is_only_for_its_owner(certificates + "/ca.key"));
}

/// They are the user's mistake, whether there is a coordinator or not.
BOOST_AUTO_TEST_CASE(files_that_do_not_fit_each_other_are_named_by_all_commands) {
  temporary_directory directory;
  auto certificates = directory.path() + "/certificates";
  BOOST_TEST_REQUIRE(run_sluice({"cluster", "init-certs", certificates, "--nodes", "2"}).code == 0);
  auto wrong_key = tls_options(certificates, "node-1");
  wrong_key[5] = certificates + "/node-2.key";
  auto no_ca = tls_options(certificates, "node-1");
  no_ca[1] = directory.path() + "/text";
  std::ofstream(no_ca[1]) << "no certificate\n";
  auto nobody = "127.0.0.1:" + std::to_string(free_port());
  for (auto& command : std::vector<arguments>{{"jobs", "list"},
                                              {"workers", "list"},
                                              {"sql", "-e", "SELECT 1"},
                                              {"worker", "--join-timeout", "5"},
                                              {"coordinator"}}) {
    auto run = [&](const arguments& tls) {
      return run_sluice(joined(joined(command, {"--coordinator", nobody}), tls));
    };
    auto r = run(wrong_key);
    BOOST_TEST(r.code == 2, command[0] << ": " << r.output);
    BOOST_TEST(contains(r.output, "cannot use the key " + wrong_key[5]), r.output);
    r = run(no_ca);
    BOOST_TEST(r.code == 2, command[0] << ": " << r.output);
    BOOST_TEST(contains(r.output, "cannot use the CA " + no_ca[1]), r.output);
  }
}

BOOST_AUTO_TEST_CASE(a_job_runs_over_tls) {
  safe_cluster safe;
  auto output = safe.directory.path() + "/out";
  auto r = safe.cluster->sql(
    fmt::format("CREATE TABLE numbers (id BIGINT) WITH ('connector' = 'datagen',\n"
                "  'fields.id.kind' = 'sequence', 'fields.id.start' = '1',\n"
                "  'fields.id.end' = '5000', 'rows-per-second' = '1000000');\n"
                "CREATE TABLE counts (k BIGINT, n BIGINT) WITH ('connector' = 'filesystem',\n"
                "  'path' = '{}', 'format' = 'csv');\n"
                "INSERT INTO counts SELECT id % 10, COUNT(*) FROM numbers GROUP BY id % 10;\n",
                output),
    {"--mode", "batch", "-p", "2"});
  BOOST_TEST_REQUIRE(r.code == 0, r.output << safe.cluster->log());
  std::set<std::string> lines;
  for (auto& entry : fs::recursive_directory_iterator(output)) {
    if (!entry.is_regular_file() || entry.path().filename().string().starts_with(".")) continue;
    std::ifstream in(entry.path());
    for (std::string line; std::getline(in, line);) lines.insert(line);
  }
  std::set<std::string> expected;
  for (int k = 0; k < 10; ++k) expected.insert(fmt::format("{},500", k));
  BOOST_TEST((lines == expected));
}

BOOST_AUTO_TEST_CASE(strangers_are_refused_and_both_sides_say_why) {
  safe_cluster safe;
  const arguments secret{"--secret", "right"};
  BOOST_TEST(safe.list(joined(tls_options(safe.certificates, "client"), secret)).code == 0);

  auto r = safe.list(joined(tls_options(safe.others, "client"), secret));
  BOOST_TEST(r.code == 1);
  BOOST_TEST(contains(r.output, "its certificate: "), r.output);
  BOOST_TEST(safe.coordinator_says("it refuses the certificate of this process"));

  // Our CA's certificate is no secret.
  auto pretender = tls_options(safe.others, "client");
  pretender[1] = safe.certificates + "/ca.pem";
  r = safe.list(joined(pretender, secret));
  BOOST_TEST(r.code == 1);
  BOOST_TEST(contains(r.output, "it refuses the certificate of this process"), r.output);
  BOOST_TEST(safe.coordinator_says("certificate verify failed"));

  r = safe.list(secret);
  BOOST_TEST(r.code == 1);
  BOOST_TEST(contains(r.output, "uses TLS, and this process does not"), r.output);
  BOOST_TEST(safe.coordinator_says("does not use TLS, and this process does"));

  r = safe.list(joined(tls_options(safe.certificates, "client"), {"--secret", "wrong"}));
  BOOST_TEST(r.code == 1);
  BOOST_TEST(contains(r.output, "refused the cluster secret"), r.output);
  BOOST_TEST(safe.coordinator_says("does not know the cluster secret"));

  BOOST_TEST(!contains(safe.cluster->coordinator_log(), "is lost")); // members are not disturbed
  BOOST_TEST(!contains(safe.cluster->coordinator_log(), "is gone"));
}

BOOST_AUTO_TEST_CASE(a_worker_that_may_not_join_says_why) {
  safe_cluster safe;
  const arguments worker{"worker", "--coordinator", safe.cluster->address(), "--join-timeout", "5"};
  auto join = [&](const arguments& security) { return run_sluice(joined(worker, security)); };
  auto r = join(joined(tls_options(safe.others, "node-1"), {"--secret", "right"}));
  BOOST_TEST(r.code == 1);
  BOOST_TEST(contains(r.output, "its certificate: "), r.output);
  r = join(joined(tls_options(safe.certificates, "node-1"), {"--secret", "wrong"}));
  BOOST_TEST(r.code == 1);
  BOOST_TEST(contains(r.output, "refused the cluster secret"), r.output);
  r = join({"--secret", "right"});
  BOOST_TEST(r.code == 1);
  BOOST_TEST(contains(r.output, "uses TLS, and this process does not"), r.output);
  r = safe.list(joined(tls_options(safe.certificates, "client"), {"--secret", "right", "--json"}));
  BOOST_TEST(r.json().as_array().size() == 2u);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace sluice::testing
