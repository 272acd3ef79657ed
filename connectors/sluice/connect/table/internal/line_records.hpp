/// Decoding of formats whose records are lines, into columns.
#pragma once

#include "sluice/connect/format/record_format.hpp"
#include "sluice/table/column/columnar_batch.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace sluice::table::internal {

/// Calls a derived class with one line after the other.
class line_records : public record_decoder {
public:
  explicit line_records(std::vector<data_type> types) : types_(std::move(types)) {}

  void begin(std::string_view header) override {
    (void)header;
    discarding_ = false;
  }

  decode_result decode(std::string_view chunk, bool last, batch& out, std::size_t max_records,
                       decode_sink& sink) override;

  void decode_messages(std::span<const std::string_view> messages, batch& out,
                       std::vector<std::uint32_t>& ends, decode_sink& sink) override;

protected:
  /// Called once per chunk, when `out` has empty columns of the types.
  virtual void start(columnar_batch& out) = 0;

  /// Appends the records in `line` (without its line end) and returns how many; 64 bytes behind it
  /// are readable. False: it is refused for the reason in `reason`, and nothing was appended.
  virtual bool decode_line(std::string_view line, std::size_t& count, std::string& reason) = 0;

  /// Called at the end of a chunk: all columns have `rows` rows then.
  virtual void finish(columnar_batch& out, std::size_t rows, decode_sink& sink) = 0;

private:
  std::vector<data_type> types_;
  bool discarding_ = false; // inside an overlong line
};

} // namespace sluice::table::internal
