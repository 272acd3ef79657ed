#include "sluice/ops/window.hpp"

#include "sluice/core/errors.hpp"

namespace sluice::ops {

void throw_no_timestamps() {
  throw plan_error("event-time windows need event timestamps, which the stream does not have: "
                   "assign timestamps and watermarks before the window");
}

} // namespace sluice::ops
