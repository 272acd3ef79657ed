/// Splits of files: runs of whole records.
#pragma once

#include "sluice/connect/file/file_options.hpp"
#include "sluice/connect/format/record_format.hpp"
#include "sluice/io/source.hpp"

#include <cstdint>
#include <memory>
#include <string>

namespace sluice::internal {

/// What a file source is told; shared by its enumerator and its readers.
struct file_source_spec {
  std::string path;
  file_source_options options;
  std::shared_ptr<const record_format> format;
};

/// Bytes [begin, end) of a file. Both are record ends (or the file's), so that nobody needs to look
/// outside of a split for the records in it, whatever quotes are around.
struct file_split {
  std::string path;
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
  /// Where the next record is to be read.
  std::uint64_t position = 0;

  std::string encode() const;
  static file_split decode(std::string_view data);
};

std::unique_ptr<split_enumerator>
make_file_enumerator(std::shared_ptr<const file_source_spec> spec);
std::unique_ptr<source_reader> make_file_reader(std::shared_ptr<const file_source_spec> spec);

/// Errors: `plan_error`.
void validate_file_source(const file_source_spec& spec);

} // namespace sluice::internal
