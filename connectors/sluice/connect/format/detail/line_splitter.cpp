#include "sluice/connect/format/detail/line_splitter.hpp"

#include <fmt/format.h>

namespace sluice::detail {

decode_result line_decoder::decode(std::string_view chunk, bool last, batch& out,
                                   std::size_t max_records, decode_sink& sink) {
  if (discarding_) {
    auto at = chunk.find(delimiter_);
    if (at == std::string_view::npos && !last) return {chunk.size(), false};
    discarding_ = false;
    return {at == std::string_view::npos ? chunk.size() : at + 1, true};
  }
  std::string reason;
  std::size_t begin = 0;
  start_chunk(chunk);
  while (out.size() < max_records && begin < chunk.size()) {
    auto end = chunk.find(delimiter_, begin);
    bool complete = end != std::string_view::npos;
    if (!complete) end = chunk.size();
    auto line = chunk.substr(begin, end - begin);
    if (delimiter_ == '\n' && !line.empty() && line.back() == '\r') line.remove_suffix(1);
    if (line.size() > max_record_bytes_) {
      reason = fmt::format("a record is longer than {} bytes", max_record_bytes_);
      if (!sink.refuse({begin, line.substr(0, max_bad_bytes), reason})) break;
      discarding_ = !complete && !last;
    } else if (!complete && !last) {
      break;
    } else if (decode_line(line, out, reason) == outcome::refused
               && !sink.refuse({begin, line, reason})) {
      break;
    }
    begin = complete ? end + 1 : end;
  }
  end_chunk(sink);
  return {begin, !discarding_};
}

void line_decoder::decode_messages(std::span<const std::string_view> messages, batch& out,
                                   std::vector<std::uint32_t>& ends, decode_sink& sink) {
  std::string reason;
  start_chunk(messages.empty() ? std::string_view{} : messages.front());
  for (std::size_t i = 0; i < messages.size(); ++i) {
    auto message = messages[i];
    if (message.size() > max_record_bytes_) {
      reason = fmt::format("a record is longer than {} bytes", max_record_bytes_);
      sink.refuse({i, message.substr(0, max_bad_bytes), reason});
    } else if (message.data() != nullptr && decode_line(message, out, reason) == outcome::refused) {
      sink.refuse({i, message, reason});
    }
    ends.push_back(static_cast<std::uint32_t>(out.size()));
  }
  end_chunk(sink);
}

} // namespace sluice::detail
