#include "sluice/connect/file/file_sink.hpp"
#include "sluice/connect/file/file_source.hpp"
#include "sluice/io/builtin_connectors.hpp"

namespace sluice {

source_ptr<std::string> make_text_file_source(std::string path) {
  return text_file_source(std::move(path));
}

sink_ptr<std::string> make_text_file_sink(std::string directory) {
  return text_file_sink(std::move(directory));
}

} // namespace sluice
