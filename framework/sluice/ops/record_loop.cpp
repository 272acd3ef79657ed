#include "sluice/ops/record_loop.hpp"

#include "sluice/core/thrown.hpp"

namespace sluice::detail {

void rethrow_with_time(std::optional<timestamp> time) {
  try {
    throw;
  } catch (const user_function_error&) {
    throw; // it came through another operator of the chain: its place is the right one
  } catch (const broken_invariant&) {
    throw;
  } catch (const error&) {
    throw;
  } catch (...) {
    throw user_function_error(text_of_thrown(), time);
  }
}

void rethrow_with_record(const batch& b, std::size_t index) {
  std::optional<timestamp> time;
  if (b.has_timestamps() && index < b.size()) time = b.time_of(index);
  rethrow_with_time(time);
}

} // namespace sluice::detail
