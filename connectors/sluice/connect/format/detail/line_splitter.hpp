/// Decoding of formats whose records are lines.
#pragma once

#include "sluice/connect/format/record_format.hpp"

#include <string>
#include <string_view>

namespace sluice::detail {

/// Calls a derived class with one line after the other.
class line_decoder : public record_decoder {
public:
  line_decoder(const format_options& options, char delimiter)
    : errors_(options.errors), max_record_bytes_(options.max_record_bytes), delimiter_(delimiter) {}

  void begin(std::string_view header) override {
    (void)header;
    discarding_ = false;
  }

  decode_result decode(std::string_view chunk, bool last, batch& out, std::size_t max_records,
                       decode_sink& sink) override;

  void decode_messages(std::span<const std::string_view> messages, batch& out,
                       std::vector<std::uint32_t>& ends, decode_sink& sink) override;

protected:
  enum class outcome : std::uint8_t { stored, passed_over, refused };

  /// Appends the record in `line` (without its line end). `refused`: for the reason in `reason`.
  virtual outcome decode_line(std::string_view line, batch& out, std::string& reason) = 0;

  /// Called before and after the lines of one chunk.
  virtual void start_chunk(std::string_view lines) { (void)lines; }
  virtual void end_chunk(decode_sink& sink) { (void)sink; }

  on_error errors() const noexcept { return errors_; }

private:
  on_error errors_;
  std::size_t max_record_bytes_;
  char delimiter_;
  bool discarding_ = false;
};

} // namespace sluice::detail
