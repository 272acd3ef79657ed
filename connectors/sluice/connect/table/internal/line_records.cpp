#include "sluice/connect/table/internal/line_records.hpp"

#include "sluice/connect/table/internal/column_set.hpp"

#include <fmt/format.h>

#include <cstring>

namespace sluice::table::internal {

namespace {

constexpr std::size_t max_record_bytes = record_layout{}.max_record_bytes;

std::string too_long() { return fmt::format("a record is longer than {} bytes", max_record_bytes); }

} // namespace

decode_result line_records::decode(std::string_view chunk, bool last, batch& out,
                                   std::size_t max_records, decode_sink& sink) {
  if (discarding_) {
    auto at = chunk.find('\n');
    if (at == std::string_view::npos && !last) return {chunk.size(), false};
    discarding_ = false;
    return {at == std::string_view::npos ? chunk.size() : at + 1, true};
  }
  auto& rows = as_columnar(out);
  prepare_columns(rows, types_);
  start(rows);
  std::string reason;
  std::size_t begin = 0;
  std::size_t count = 0;
  while (count < max_records && begin < chunk.size()) {
    auto* newline
      = static_cast<const char*>(std::memchr(chunk.data() + begin, '\n', chunk.size() - begin));
    bool complete = newline != nullptr;
    auto end = complete ? static_cast<std::size_t>(newline - chunk.data()) : chunk.size();
    auto line = chunk.substr(begin, end - begin);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.size() > max_record_bytes) {
      if (!sink.refuse({begin, line.substr(0, max_bad_bytes), too_long()})) break;
      discarding_ = !complete && !last;
    } else if (!complete && !last) {
      break;
    } else if (!decode_line(line, count, reason) && !sink.refuse({begin, line, reason})) {
      break;
    }
    begin = complete ? end + 1 : end;
  }
  finish(rows, count, sink);
  return {begin, !discarding_};
}

void line_records::decode_messages(std::span<const std::string_view> messages, batch& out,
                                   std::vector<std::uint32_t>& ends, decode_sink& sink) {
  auto& rows = as_columnar(out);
  prepare_columns(rows, types_);
  start(rows);
  std::string reason;
  std::size_t count = 0;
  for (std::size_t i = 0; i < messages.size(); ++i) {
    auto message = messages[i];
    if (message.size() > max_record_bytes)
      sink.refuse({i, message.substr(0, max_bad_bytes), too_long()});
    else if (message.data() != nullptr && !decode_line(message, count, reason))
      sink.refuse({i, message, reason});
    ends.push_back(static_cast<std::uint32_t>(count));
  }
  finish(rows, count, sink);
}

} // namespace sluice::table::internal
