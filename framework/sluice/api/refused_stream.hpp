/// What calls return that the compiler has refused, so that one mistake is one error.
#pragma once

#include <concepts>
#include <cstddef>

namespace sluice::detail {

/// Stands for a stream (keyed, windowed, connected, a sink) whose call was refused by a
/// `static_assert`: takes every call that streams have, so that what is chained behind the mistake
/// brings no errors of its own. No program that compiles has one.
struct refused_stream {
  refused_stream* begin() const { return nullptr; }
  refused_stream* end() const { return nullptr; }

#define SLUICE_REFUSED(name)                                                                       \
  template <class... Types, class... Arguments>                                                    \
  refused_stream name(Arguments&&...) const {                                                      \
    return {};                                                                                     \
  }
  SLUICE_REFUSED(map)
  SLUICE_REFUSED(filter)
  SLUICE_REFUSED(flat_map)
  SLUICE_REFUSED(process)
  SLUICE_REFUSED(key_by)
  SLUICE_REFUSED(reduce)
  SLUICE_REFUSED(aggregate)
  SLUICE_REFUSED(sum)
  SLUICE_REFUSED(min)
  SLUICE_REFUSED(max)
  SLUICE_REFUSED(min_by)
  SLUICE_REFUSED(max_by)
  SLUICE_REFUSED(window)
  SLUICE_REFUSED(window_all)
  SLUICE_REFUSED(count_window)
  SLUICE_REFUSED(allowed_lateness)
  SLUICE_REFUSED(side_output_late_data)
  SLUICE_REFUSED(union_with)
  SLUICE_REFUSED(connect)
  SLUICE_REFUSED(get_side_output)
  SLUICE_REFUSED(iterate)
  SLUICE_REFUSED(close_with)
  SLUICE_REFUSED(forward)
  SLUICE_REFUSED(rebalance)
  SLUICE_REFUSED(rescale)
  SLUICE_REFUSED(shuffle)
  SLUICE_REFUSED(broadcast)
  SLUICE_REFUSED(global)
  SLUICE_REFUSED(partition_custom)
  SLUICE_REFUSED(assign_timestamps_and_watermarks)
  SLUICE_REFUSED(sink_to)
  SLUICE_REFUSED(add_sink)
  SLUICE_REFUSED(print)
  SLUICE_REFUSED(print_to_error)
  SLUICE_REFUSED(write_to_socket)
  SLUICE_REFUSED(execute_and_collect)
  SLUICE_REFUSED(collect)
  SLUICE_REFUSED(name)
  SLUICE_REFUSED(uid)
  SLUICE_REFUSED(set_parallelism)
  SLUICE_REFUSED(set_max_parallelism)
  SLUICE_REFUSED(start_new_chain)
  SLUICE_REFUSED(disable_chaining)
  SLUICE_REFUSED(slot_sharing_group)
  SLUICE_REFUSED(set_buffer_timeout)
#undef SLUICE_REFUSED

  // By the field's position.
  template <std::size_t>
  refused_stream sum() const {
    return {};
  }
  template <std::size_t>
  refused_stream min() const {
    return {};
  }
  template <std::size_t>
  refused_stream max() const {
    return {};
  }
  template <std::size_t>
  refused_stream min_by() const {
    return {};
  }
  template <std::size_t>
  refused_stream max_by() const {
    return {};
  }
};

/// For assertions about an argument that may itself come from a refused call.
template <class T, class Wanted>
concept same_or_refused = std::same_as<T, Wanted> || std::same_as<T, refused_stream>;

} // namespace sluice::detail
