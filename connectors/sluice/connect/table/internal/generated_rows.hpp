/// Sources that compute their rows from numbers.
#pragma once

#include "sluice/io/source.hpp"
#include "sluice/table/column/columnar_batch.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace sluice::table::internal {

/// Computes rows. Used by one reader.
class row_generator {
public:
  virtual ~row_generator() = default;

  /// Appends the rows numbered first, first + step, ... to `out`, which has empty columns of the
  /// types, `count` of them. `now` is the processing time.
  virtual void generate(columnar_batch& out, std::uint64_t first, std::uint64_t step,
                        std::size_t count, timestamp now)
    = 0;
};

struct generated_rows {
  std::string name; ///< of the source
  std::vector<data_type> types;
  /// Rows in all; nothing: without end.
  std::optional<std::uint64_t> count;
  /// Of all readers together; nothing: as fast as they are taken.
  std::optional<double> rows_per_second;
  /// One reader only, so that rows come in the order of their numbers.
  bool one_reader = false;
  /// Whether the source goes on, and waits, when all rows are out.
  bool stays = false;
  std::function<std::unique_ptr<row_generator>()> make;
};

/// Bounded if there is a `count` and the source does not stay.
std::shared_ptr<const source_base> make_generated_rows(generated_rows settings);

} // namespace sluice::table::internal
