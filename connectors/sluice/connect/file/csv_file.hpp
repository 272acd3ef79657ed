/// CSV files as sources and sinks.
#pragma once

#include "sluice/connect/file/file_source.hpp"
#include "sluice/connect/format/csv.hpp"

namespace sluice {

/// Reads CSV lines as `T`: a described struct, a plain aggregate, a tuple or `row`.
template <csv_record T>
source_ptr<T> csv_file_source(std::string path, csv_options csv = {},
                              file_source_options options = {}) {
  return file_source_for<T>(std::move(path), make_csv_format<T>(std::move(csv)),
                            std::move(options));
}

} // namespace sluice
