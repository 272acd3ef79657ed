/// CSV files as sources and sinks.
#pragma once

#include "sluice/connect/file/file_sink.hpp"
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

/// Writes CSV part files into `directory`.
template <csv_record T>
sink_ptr<T> csv_file_sink(std::string directory, csv_options csv = {},
                          file_sink_options options = {}) {
  return file_sink_for<T>(std::move(directory), make_csv_encoder<T>(std::move(csv)),
                          std::move(options));
}

/// Writes one CSV file; see `single_file_sink_for`.
template <csv_record T>
sink_ptr<T> csv_single_file_sink(std::string path, csv_options csv = {}) {
  return single_file_sink_for<T>(std::move(path), make_csv_encoder<T>(std::move(csv)));
}

} // namespace sluice
