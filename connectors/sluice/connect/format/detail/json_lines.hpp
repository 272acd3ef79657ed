/// The part of JSON decoding that knows no record type.
#pragma once

#include "sluice/connect/format/detail/json_fields.hpp"
#include "sluice/connect/format/detail/line_splitter.hpp"

#include <memory>
#include <string>

namespace sluice::detail {

/// Parses every line and has a derived class read the record out of it.
class json_line_decoder : public line_decoder {
public:
  explicit json_line_decoder(std::shared_ptr<const json_options> options);

protected:
  /// Appends the record in `value`; false if it is not one.
  virtual bool read_record(const json_value& value, json_reader& reader, batch& out) = 0;

  outcome decode_line(std::string_view line, batch& out, std::string& reason) final;
  void end_chunk(decode_sink& sink) final;

private:
  std::shared_ptr<const json_options> options_;
  json_parser parser_;
  json_reader reader_;
  std::string repaired_;
  std::size_t nulled_ = 0;
};

/// Errors: `plan_error`.
void validate_json_options(const json_options& options, bool rows);

} // namespace sluice::detail
