#include "sluice/connect/file/file_source.hpp"

#include "sluice/connect/file/internal/file_split.hpp"

namespace sluice {

namespace detail {

file_source_core::file_source_core(std::string path, std::shared_ptr<const record_format> format,
                                   file_source_options options)
  : spec_(std::make_shared<internal::file_source_spec>(
    internal::file_source_spec{std::move(path), std::move(options), std::move(format)})) {}

boundedness file_source_core::bounded() const noexcept {
  return spec_->options.monitor_interval ? boundedness::unbounded : boundedness::bounded;
}

std::string file_source_core::name() const {
  return spec_->format->name() + " file " + spec_->path;
}

std::unique_ptr<split_enumerator> file_source_core::make_enumerator() const {
  return internal::make_file_enumerator(spec_);
}

std::unique_ptr<source_reader> file_source_core::make_reader() const {
  return internal::make_file_reader(spec_);
}

bool file_source_core::diverts_bad_records() const {
  auto& options = spec_->format->options();
  return options.errors == on_error::divert && !options.divert;
}

void file_source_core::validate() const { internal::validate_file_source(*spec_); }

} // namespace detail

source_ptr<std::string> text_file_source(std::string path, text_options text,
                                         file_source_options options) {
  return file_source_for<std::string>(std::move(path), make_text_format(std::move(text)),
                                      std::move(options));
}

} // namespace sluice
