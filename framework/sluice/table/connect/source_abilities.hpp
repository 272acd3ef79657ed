/// What some sources can do besides what all can: interfaces that a `table_source` may implement.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <vector>

namespace sluice::table {

class table_source;

/// A source that can leave out fields of ROW columns that nobody reads.
class reads_fields {
public:
  virtual ~reads_fields() = default;

  /// For some physical columns that are ROWs, by number: the fields that are read, by number. What
  /// the other fields of these columns hold does not matter.
  using wanted_fields = std::map<std::size_t, std::vector<std::size_t>>;

  /// The same table, of which only these fields are read.
  virtual std::shared_ptr<const table_source> with_fields(const wanted_fields& fields) const = 0;
};

} // namespace sluice::table
