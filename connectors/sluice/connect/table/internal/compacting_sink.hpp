/// Holds rows back and hands on the last of each key.
#pragma once

#include "sluice/connect/format/record_format.hpp"
#include "sluice/core/time.hpp"
#include "sluice/io/sink.hpp"

#include <cstddef>
#include <memory>

namespace sluice::table::internal {

struct compacting_settings {
  std::shared_ptr<const sink_base> sink;
  /// Makes the keys by which rows are compared.
  std::shared_ptr<const record_encoder> key;
  /// Rows are handed on when there are so many, when the first is so old, and at checkpoints.
  std::size_t max_rows = 0;
  duration interval{0};
};
std::shared_ptr<const sink_base> make_compacting_sink(compacting_settings settings);

} // namespace sluice::table::internal
