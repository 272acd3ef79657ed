#include "support/network_namespaces.hpp"

#include <fmt/format.h>

#include <unistd.h>

#include <cstdlib>
#include <stdexcept>

namespace sluice::testing {

namespace {

bool succeeds(const std::string& command) {
  return std::system((command + " >/dev/null 2>&1").c_str()) == 0;
}

void run(const std::string& command) {
  if (!succeeds(command)) throw std::runtime_error("failed: " + command);
}

} // namespace

namespace {

/// Why there can be no namespaces here, or, if `probe` does not work in one, that; empty: all is
/// there.
boost::test_tools::assertion_result check(const std::string& probe, const char* lacking) {
  auto name = fmt::format("slp{}", ::getpid());
  const char* why = nullptr;
  if (::geteuid() != 0)
    why = "needs root";
  else if (!succeeds("ip netns add " + name))
    why = "ip netns add does not work here";
  else if (!succeeds(fmt::format("ip link add {} type bridge", name)))
    why = "there are no network bridges here";
  else if (!probe.empty() && !succeeds(fmt::format("ip netns exec {} {}", name, probe)))
    why = lacking;
  succeeds("ip netns del " + name);
  succeeds("ip link del " + name);
  boost::test_tools::assertion_result result(why == nullptr);
  if (why) result.message() << why;
  return result;
}

} // namespace

boost::test_tools::assertion_result network_namespaces::available(boost::unit_test::test_unit_id) {
  return check("", "");
}

boost::test_tools::assertion_result network_namespaces::can_impair(boost::unit_test::test_unit_id) {
  return check("tc qdisc add dev lo root netem delay 1ms", "this kernel has no netem");
}

network_namespaces::network_namespaces(int count) {
  static int made = 0;
  auto id = fmt::format("sl{}{}", ::getpid() % 100000, static_cast<char>('a' + made++ % 26));
  bridge_ = id + "br";
  run(fmt::format("ip link add {0} type bridge && ip link set {0} up", bridge_));
  for (int i = 0; i < count; ++i) {
    auto name = fmt::format("{}{}", id, i);
    names_.push_back(name);
    run(fmt::format("ip netns add {0} && "
                    "ip link add {0} type veth peer name eth0 netns {0} && "
                    "ip link set {0} master {1} && ip link set {0} up && "
                    "ip -n {0} addr add {2}/24 dev eth0 && "
                    "ip -n {0} link set eth0 up && ip -n {0} link set lo up",
                    name, bridge_, address(i)));
  }
}

network_namespaces::~network_namespaces() {
  for (auto& name : names_) {
    succeeds("ip link del " + name);
    succeeds("ip netns del " + name);
  }
  succeeds("ip link del " + bridge_);
}

std::string network_namespaces::address(int host) const {
  return fmt::format("10.213.7.{}", host + 1);
}

std::vector<std::string> network_namespaces::launcher(int host) const {
  return {"ip", "netns", "exec", names_.at(static_cast<std::size_t>(host))};
}

void network_namespaces::disconnect(int host) {
  run(fmt::format("ip link set {} nomaster", names_.at(static_cast<std::size_t>(host))));
}

void network_namespaces::reconnect(int host) {
  run(fmt::format("ip link set {} master {}", names_.at(static_cast<std::size_t>(host)), bridge_));
}

void network_namespaces::impair(int host, const std::string& netem) {
  run(fmt::format("ip netns exec {} tc qdisc replace dev eth0 root netem {}",
                  names_.at(static_cast<std::size_t>(host)), netem));
}

} // namespace sluice::testing
