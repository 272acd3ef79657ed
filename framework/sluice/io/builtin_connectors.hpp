/// The connectors that the API offers by name. Declared here so that the API need not know the
/// connectors; defined by them (link `sluice::connectors`).
#pragma once

#include "sluice/io/sink.hpp"
#include "sluice/io/source.hpp"

#include <cstdint>
#include <string>

namespace sluice {

/// Lines of a file, or of all files in a directory.
source_ptr<std::string> make_text_file_source(std::string path);

/// Records, ended by `delimiter`, that a TCP server sends, until it closes the connection.
source_ptr<std::string> make_socket_text_source(std::string host, std::uint16_t port,
                                                char delimiter = '\n');

/// Lines into part files of a directory.
sink_ptr<std::string> make_text_file_sink(std::string directory);

/// Lines to a TCP server.
sink_ptr<std::string> make_socket_text_sink(std::string host, std::uint16_t port);

} // namespace sluice
