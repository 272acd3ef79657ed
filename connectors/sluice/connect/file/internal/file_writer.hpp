/// Writers of file sinks: encode on the actor, write on its blocking strand.
#pragma once

#include "sluice/connect/file/file_options.hpp"
#include "sluice/connect/format/record_format.hpp"
#include "sluice/io/sink.hpp"

#include <memory>
#include <string>

namespace sluice::internal {

/// What a file sink is told; shared by its writers.
struct file_sink_spec {
  std::string path; ///< a directory, or the one file
  bool single_file = false;
  file_sink_options options;
  std::shared_ptr<const record_encoder> encoder;
};

std::unique_ptr<sink_writer> make_part_writer(std::shared_ptr<const file_sink_spec> spec);
std::unique_ptr<sink_writer> make_single_file_writer(std::shared_ptr<const file_sink_spec> spec);

/// The name of the bucket for records written at `now`; see `file_sink_options::bucket`.
std::string bucket_name(const std::string& pattern, timestamp now);

/// Errors: `plan_error`.
void validate_file_sink(const file_sink_spec& spec);

} // namespace sluice::internal
