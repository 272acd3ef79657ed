#include "sluice/runtime/interfaces.hpp"

namespace sluice::runtime {

void register_messages(caf::actor_system_config& config) {
#define SLUICE_REGISTER(type) config.add_message_type<type>("sluice::" #type);
  SLUICE_WIRE_MESSAGES(SLUICE_REGISTER)
  SLUICE_REGISTER(deploy_msg)
  SLUICE_REGISTER(deployed_msg)
  SLUICE_REGISTER(join_msg)
#undef SLUICE_REGISTER
}

} // namespace sluice::runtime
