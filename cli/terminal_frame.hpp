/// A part of the terminal that is drawn anew.
#pragma once

#include <cstddef>
#include <ostream>
#include <string>

namespace sluice::cli {

/// Draws texts over each other, on standard output if that is a terminal. Used by one thread.
class terminal_frame {
public:
  explicit terminal_frame(std::ostream& out);

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
  std::size_t drawn_lines_ = 0;
};

} // namespace sluice::cli
