/// The raw format: one column, whose bytes are the record.
#pragma once

#include "sluice/connect/table/columnar_format.hpp"

#include <memory>
#include <string>

namespace sluice::table::internal {

std::vector<option_definition> raw_definitions(const std::string& prefix);

// Errors: `plan_error` unless there is one column of a type that raw knows.
std::shared_ptr<const record_format> make_raw_decoder(const format_columns& columns,
                                                      const format_settings& settings);
std::shared_ptr<const record_encoder> make_raw_encoder(const format_columns& columns,
                                                       const format_settings& settings);

} // namespace sluice::table::internal
