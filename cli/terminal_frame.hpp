/// A part of the terminal that is drawn anew.
#pragma once

#include "sluice/runtime/log.hpp"

#include <cstddef>
#include <optional>
#include <ostream>
#include <string>

namespace sluice::cli {

/// Draws texts over each other, on standard output if that is a terminal. Used by one thread.
///
/// While there is one on the terminal that the log goes to, nothing is logged unless SLUICE_LOG
/// says so: each line would move the frame down by one and leave a part of it behind. What ends a
/// job is told all the same.
class terminal_frame {
public:
  explicit terminal_frame(std::ostream& out);
  ~terminal_frame();
  terminal_frame(const terminal_frame&) = delete;
  terminal_frame& operator=(const terminal_frame&) = delete;

  /// Whether there is a terminal. If not, `show` does nothing.
  bool on() const noexcept { return on_; }

  /// Lines of the terminal.
  static std::size_t height();

  /// Replaces what was shown before. `text` has whole lines; at most `height() - 1` of them, else
  /// those at the top stay.
  void show(const std::string& text);

private:
  std::ostream& out_;
  bool on_;
  std::optional<spdlog::level::level_enum> log_level_; ///< of before, if it was changed
  std::size_t drawn_lines_ = 0;
};

} // namespace sluice::cli
