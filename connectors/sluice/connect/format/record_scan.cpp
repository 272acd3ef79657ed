#include "sluice/connect/format/record_scan.hpp"

#include "sluice/connect/format/detail/byte_kernels.hpp"

#include <cstring>

namespace sluice {

std::size_t count_newlines(std::string_view bytes) noexcept {
  return detail::kernels().count_newlines(bytes.data(), bytes.size());
}

void record_scanner::skip(std::string_view bytes) noexcept {
  if (!layout_.quoted_newlines || bytes.empty()) return;
  if (std::memchr(bytes.data(), layout_.quote, bytes.size()) == nullptr) { // mostly there are none
    if (!inside_) can_open_ = bytes.back() == layout_.delimiter || bytes.back() == '\n';
    return;
  }
  detail::quote_state state{inside_, can_open_};
  bool stopped = false;
  detail::kernels().move_quotes(state, bytes.data(), bytes.size(), layout_.delimiter, layout_.quote,
                                false, stopped);
  inside_ = state.inside;
  can_open_ = state.can_open;
}

std::size_t record_scanner::find_end(std::string_view bytes) noexcept {
  if (!layout_.quoted_newlines) {
    auto at = bytes.find(layout_.record_end);
    return at == std::string_view::npos ? at : at + 1;
  }
  detail::quote_state state{inside_, can_open_};
  bool stopped = false;
  auto moved = detail::kernels().move_quotes(state, bytes.data(), bytes.size(), layout_.delimiter,
                                             layout_.quote, true, stopped);
  inside_ = state.inside;
  can_open_ = state.can_open;
  return stopped ? moved : std::string_view::npos;
}

} // namespace sluice
