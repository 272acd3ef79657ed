#include "sluice/connect/file/file_sink.hpp"

#include "sluice/connect/file/internal/file_writer.hpp"

namespace sluice {

namespace detail {

file_sink_core::file_sink_core(std::string path, bool single_file,
                               std::shared_ptr<const record_encoder> encoder,
                               file_sink_options options)
  : spec_(std::make_shared<internal::file_sink_spec>(internal::file_sink_spec{
    std::move(path), single_file, std::move(options), std::move(encoder)})) {}

std::string file_sink_core::name() const { return "file " + spec_->path; }

std::unique_ptr<sink_writer> file_sink_core::make_writer() const {
  return spec_->single_file ? internal::make_single_file_writer(spec_)
                            : internal::make_part_writer(spec_);
}

std::optional<std::uint32_t> file_sink_core::fixed_parallelism() const {
  return spec_->single_file ? std::optional<std::uint32_t>(1) : std::nullopt;
}

void file_sink_core::validate() const { internal::validate_file_sink(*spec_); }

} // namespace detail

sink_ptr<std::string> text_file_sink(std::string directory, file_sink_options options) {
  return file_sink_for<std::string>(std::move(directory), make_text_encoder(), std::move(options));
}

} // namespace sluice
