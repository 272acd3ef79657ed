/// Sinks that write files: text, CSV and JSON lines.
///
/// Records go to hidden files (`.part-...inprogress...`) that get their names when a checkpoint is
/// complete, or at the end of a bounded job without checkpoints: so every record is in the visible
/// files exactly once. An unbounded job without checkpoints never shows a file. The contents are
/// synced to disk before the checkpoint counts on them, the renaming after it.
#pragma once

#include "sluice/connect/file/file_options.hpp"
#include "sluice/connect/format/record_format.hpp"
#include "sluice/connect/format/text.hpp"
#include "sluice/io/sink.hpp"

#include <memory>
#include <string>

namespace sluice {

namespace internal {
struct file_sink_spec;
} // namespace internal

namespace detail {

/// The part of a file sink that knows no record type.
class file_sink_core {
public:
  file_sink_core(std::string path, bool single_file, std::shared_ptr<const record_encoder> encoder,
                 file_sink_options options);

  std::string name() const;
  std::unique_ptr<sink_writer> make_writer() const;
  void validate() const;
  std::optional<std::uint32_t> fixed_parallelism() const;

private:
  std::shared_ptr<const internal::file_sink_spec> spec_;
};

template <class T>
class file_sink final : public sink<T> {
public:
  file_sink(std::string path, bool single_file, encoder_ptr<T> encoder, file_sink_options options)
    : core_(std::move(path), single_file, std::move(encoder), std::move(options)) {}

  std::string name() const override { return core_.name(); }
  std::unique_ptr<sink_writer> make_writer() const override { return core_.make_writer(); }
  bool transactional() const noexcept override { return true; }
  void validate() const override { core_.validate(); }
  std::optional<std::uint32_t> fixed_parallelism() const override {
    return core_.fixed_parallelism();
  }

private:
  file_sink_core core_;
};

} // namespace detail

/// Writes part files into `directory`, which is made if it is missing.
template <class T>
sink_ptr<T> file_sink_for(std::string directory, encoder_ptr<T> encoder,
                          file_sink_options options = {}) {
  return std::make_shared<detail::file_sink<T>>(std::move(directory), false, std::move(encoder),
                                                std::move(options));
}

/// Writes part files; `append(record, out)` appends a record's bytes, its line end included.
template <class T, class F>
  requires std::invocable<const F&, const T&, std::string&>
sink_ptr<T> file_sink_for(std::string directory, F append, file_sink_options options = {}) {
  return file_sink_for<T>(std::move(directory), make_function_encoder<T>(std::move(append)),
                          std::move(options));
}

/// Writes one file, which appears (or replaces an old one) when the input has ended: for bounded
/// jobs. One subtask writes it. Its directory must exist.
template <class T>
sink_ptr<T> single_file_sink_for(std::string path, encoder_ptr<T> encoder) {
  return std::make_shared<detail::file_sink<T>>(std::move(path), true, std::move(encoder),
                                                file_sink_options{});
}

/// Writes lines.
sink_ptr<std::string> text_file_sink(std::string directory, file_sink_options options = {});

} // namespace sluice
