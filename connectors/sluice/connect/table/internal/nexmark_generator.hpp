/// The events of the Nexmark benchmark, as a function of their number.
#pragma once

#include "sluice/connect/table/internal/generated_rows.hpp"
#include "sluice/table/types/data_type.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace sluice::table::internal {

struct nexmark_settings {
  std::uint64_t person_share = 1;
  std::uint64_t auction_share = 3;
  std::uint64_t bid_share = 46;
  double microseconds_per_event = 100;
  std::int64_t base_time = 0; ///< microseconds
  std::uint64_t first_id = 0;
  std::uint64_t hot_sellers = 4;
  std::uint64_t hot_auctions = 2;
  std::uint64_t hot_bidders = 4;
  std::int64_t person_bytes = 200;
  std::int64_t auction_bytes = 500;
  std::int64_t bid_bytes = 100;
  /// As the public generator does: 1000 more than the person's id.
  bool shifted_bidders = false;
};

enum class nexmark_kind : std::uint8_t { type, person, auction, bid };

/// A column that is asked for: of a person and so on, the numbers of its fields as the generator
/// knows them, in the order of the ROW; nothing for a field that nobody reads, which is NULL.
struct nexmark_column {
  nexmark_kind kind = nexmark_kind::type;
  std::vector<std::optional<std::size_t>> fields;
};

/// The fields of an event's ROW as the generator numbers them: name and type.
const std::vector<data_type::field>& nexmark_fields(nexmark_kind kind);

std::unique_ptr<row_generator> make_nexmark_generator(const nexmark_settings& settings,
                                                      std::vector<nexmark_column> columns);

} // namespace sluice::table::internal
