#include "sluice/ops/partitioner.hpp"

namespace sluice {

std::string_view to_string(partitioning p) noexcept {
  switch (p) {
  case partitioning::forward:
    return "FORWARD";
  case partitioning::rebalance:
    return "REBALANCE";
  case partitioning::rescale:
    return "RESCALE";
  case partitioning::shuffle:
    return "SHUFFLE";
  case partitioning::broadcast:
    return "BROADCAST";
  case partitioning::global:
    return "GLOBAL";
  case partitioning::hash:
    return "HASH";
  case partitioning::custom:
    return "CUSTOM";
  }
  return "?";
}

} // namespace sluice
