#include "sluice/connect/format/detail/json_lines.hpp"

#include "sluice/connect/format/utf8.hpp"
#include "sluice/core/errors.hpp"

namespace sluice::detail {

json_line_decoder::json_line_decoder(std::shared_ptr<const json_options> options)
  : line_decoder(common_options(*options), '\n'), options_(std::move(options)), reader_(*options_) {
}

json_line_decoder::outcome json_line_decoder::decode_line(std::string_view line, batch& out,
                                                          std::string& reason) {
  if (line.find_first_not_of(" \t\r") == std::string_view::npos) return outcome::passed_over;
  json_value root;
  bool bad_utf8 = false;
  bool good = parser_.parse(line, root, reason, bad_utf8);
  if (bad_utf8 && options_->utf8 == invalid_utf8::replace) {
    repaired_.clear();
    append_valid_utf8(repaired_, line);
    auto size = repaired_.size();
    repaired_.append(64, ' ');
    good = parser_.parse(std::string_view(repaired_).substr(0, size), root, reason, bad_utf8);
  }
  if (!good) return outcome::refused;
  reader_.forget();
  if (!read_record(root, reader_, out)) {
    reason = reader_.problem();
    return outcome::refused;
  }
  nulled_ += reader_.nulled();
  return outcome::stored;
}

void json_line_decoder::end_chunk(decode_sink& sink) {
  if (nulled_ > 0) sink.fields_nulled(std::exchange(nulled_, 0));
}

void validate_json_options(const json_options& options, bool rows) {
  validate_format_options(common_options(options), "JSON");
  if (options.utf8 == invalid_utf8::keep)
    throw plan_error("JSON: invalid UTF-8 cannot be kept: choose by_policy or replace");
  if (options.fail_on_missing_field && options.errors == on_error::null_field)
    throw plan_error("JSON: fail_on_missing_field and on_error::null_field contradict each other");
  if (rows && options.row_schema.size() == 0)
    throw plan_error("JSON: rows need json_options::row_schema");
}

} // namespace sluice::detail
