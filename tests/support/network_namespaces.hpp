/// Hosts of their own on one machine: network namespaces on a bridge. Needs root.
#pragma once

#include <boost/test/tree/decorator.hpp>

#include <string>
#include <vector>

namespace sluice::testing {

/// Namespaces with an address each, gone at the end of the scope.
class network_namespaces {
public:
  /// For `boost::unit_test::precondition`: tests that need them are skipped, by name, elsewhere.
  static boost::test_tools::assertion_result available(boost::unit_test::test_unit_id);
  /// The same for those that need `impair`.
  static boost::test_tools::assertion_result can_impair(boost::unit_test::test_unit_id);

  /// Errors: `std::runtime_error` with the command that failed.
  explicit network_namespaces(int count);
  ~network_namespaces();
  network_namespaces(const network_namespaces&) = delete;

  std::string address(int host) const;
  /// Words before a command that runs it on that host, as the same process.
  std::vector<std::string> launcher(int host) const;

  /// Pulls the host's cable, and plugs it in again: nobody hears of either.
  void disconnect(int host);
  void reconnect(int host);

  /// Delays and loses packets of that host, as `tc netem` takes it.
  void impair(int host, const std::string& netem);

private:
  std::string bridge_;
  std::vector<std::string> names_;
};

} // namespace sluice::testing
