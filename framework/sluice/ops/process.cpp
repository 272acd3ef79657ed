#include "sluice/ops/process.hpp"

#include <fmt/format.h>

namespace sluice {

output_port& side_outputs::port_of(const std::string& name, const element_type& type) {
  for (std::size_t i = 0; i < outputs_.size(); ++i) {
    if (outputs_[i].name != name) continue;
    if (!(*outputs_[i].type == type)) throw_wrong_type(name);
    return (*ports_)[i + 1];
  }
  return unread_;
}

void side_outputs::throw_wrong_type(const std::string& name) {
  throw plan_error(fmt::format("the side output \"{}\" is used with two record types", name));
}

} // namespace sluice
