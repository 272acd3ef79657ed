#include "terminal_frame.hpp"

#include <algorithm>
#include <cstdlib>
#include <string_view>
#include <sys/ioctl.h>
#include <unistd.h>

namespace sluice::cli {

terminal_frame::terminal_frame(std::ostream& out) : out_(out), on_(isatty(STDOUT_FILENO) != 0) {
  if (!on_ || isatty(STDERR_FILENO) == 0 || std::getenv("SLUICE_LOG") != nullptr) return;
  log_level_ = runtime::log().level();
  runtime::log().set_level(spdlog::level::off);
}

terminal_frame::~terminal_frame() {
  if (log_level_) runtime::log().set_level(*log_level_);
}

std::size_t terminal_frame::height() {
  winsize size{};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_row == 0) return 24;
  return size.ws_row;
}

void terminal_frame::show(const std::string& text) {
  if (!on_) return;
  if (drawn_lines_ > 0) out_ << "\033[" << drawn_lines_ << 'A';
  drawn_lines_ = 0;
  for (std::string_view rest = text; !rest.empty(); ++drawn_lines_) {
    auto line = rest.substr(0, rest.find('\n'));
    out_ << line << "\033[K\n";
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
  }
  out_ << "\033[J";
  out_.flush();
}

} // namespace sluice::cli
