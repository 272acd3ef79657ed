/// Files of JSON lines as sources and sinks.
#pragma once

#include "sluice/connect/file/file_sink.hpp"
#include "sluice/connect/file/file_source.hpp"
#include "sluice/connect/format/json.hpp"

namespace sluice {

/// Reads JSON lines as `T`: a described struct, a plain aggregate, a tuple or `row`.
template <json_record T>
source_ptr<T> json_file_source(std::string path, json_options json = {},
                               file_source_options options = {}) {
  return file_source_for<T>(std::move(path), make_json_format<T>(std::move(json)),
                            std::move(options));
}

/// Writes part files of JSON lines into `directory`.
template <json_record T>
sink_ptr<T> json_file_sink(std::string directory, json_options json = {},
                           file_sink_options options = {}) {
  return file_sink_for<T>(std::move(directory), make_json_encoder<T>(std::move(json)),
                          std::move(options));
}

} // namespace sluice
