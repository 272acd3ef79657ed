/// Sources that read files: text, CSV and JSON lines.
///
/// `path` is a file, or a directory whose files are read in the order of their paths (those whose
/// name starts with '.' or '_' are not). Big files are cut into splits that readers share; every
/// record is read exactly once. A snapshot holds byte positions, so restoring is exact. A missing
/// path fails the job when it starts.
#pragma once

#include "sluice/connect/file/file_options.hpp"
#include "sluice/connect/format/record_format.hpp"
#include "sluice/connect/format/text.hpp"
#include "sluice/io/source.hpp"

#include <memory>
#include <string>

namespace sluice {

namespace internal {
struct file_source_spec;
} // namespace internal

namespace detail {

/// The part of a file source that knows no record type.
class file_source_core {
public:
  file_source_core(std::string path, std::shared_ptr<const record_format> format,
                   file_source_options options);

  boundedness bounded() const noexcept;
  std::string name() const;
  std::unique_ptr<split_enumerator> make_enumerator() const;
  std::unique_ptr<source_reader> make_reader() const;
  void validate() const;
  bool diverts_bad_records() const;

private:
  std::shared_ptr<const internal::file_source_spec> spec_;
};

template <class T>
class file_source final : public source<T> {
public:
  file_source(std::string path, format_ptr<T> format, file_source_options options)
    : core_(std::move(path), std::move(format), std::move(options)) {}

  boundedness bounded() const noexcept override { return core_.bounded(); }
  std::string name() const override { return core_.name(); }
  std::unique_ptr<split_enumerator> make_enumerator(std::uint32_t) const override {
    return core_.make_enumerator();
  }
  std::unique_ptr<source_reader> make_reader() const override { return core_.make_reader(); }
  void validate() const override { core_.validate(); }
  bool diverts_bad_records() const override { return core_.diverts_bad_records(); }

private:
  file_source_core core_;
};

} // namespace detail

/// Reads files in any format.
template <class T>
source_ptr<T> file_source_for(std::string path, format_ptr<T> format,
                              file_source_options options = {}) {
  return std::make_shared<detail::file_source<T>>(std::move(path), std::move(format),
                                                  std::move(options));
}

/// Reads lines.
source_ptr<std::string> text_file_source(std::string path, text_options text = {},
                                         file_source_options options = {});

} // namespace sluice
