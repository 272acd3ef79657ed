/// The factories of this library.
#pragma once

#include "sluice/table/connect/table_connector.hpp"

#include <memory>

namespace sluice::table::internal {

std::shared_ptr<const table_factory> make_print_factory();
std::shared_ptr<const table_factory> make_blackhole_factory();
std::shared_ptr<const table_factory> make_datagen_factory();
std::shared_ptr<const table_factory> make_inline_factory();
std::shared_ptr<const table_factory> make_nexmark_factory();
std::shared_ptr<const table_factory> make_filesystem_factory();
std::shared_ptr<const table_factory> make_kafka_factory();
std::shared_ptr<const table_factory> make_upsert_kafka_factory();

} // namespace sluice::table::internal
