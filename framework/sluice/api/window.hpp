/// Window assigners: what a program hands to `.window(...)`.
#pragma once

#include "sluice/core/time.hpp"
#include "sluice/ops/window.hpp"

#include <concepts>
#include <cstdint>
#include <string>

namespace sluice {

/// Windows of one size, side by side. Made by `tumbling_event_time_windows` and its sibling.
struct tumbling_windows {
  duration size{0};
  duration offset{0};
  time_domain domain = time_domain::event;

  static constexpr bool merges = false;
  bool event_time() const noexcept { return domain == time_domain::event; }
  std::string name() const;
};

/// Windows of one size that start every `slide`. Made by `sliding_event_time_windows` and its
/// sibling. With a slide longer than the size there are gaps, whose records are in no window.
struct sliding_windows {
  duration size{0};
  duration slide{0};
  duration offset{0};
  time_domain domain = time_domain::event;

  static constexpr bool merges = true;
  bool event_time() const noexcept { return domain == time_domain::event; }
  std::string name() const;
};

/// Windows per key that end when no record has come for `gap`. Made by `event_time_session_windows`
/// and its sibling.
struct session_windows {
  duration gap{0};
  time_domain domain = time_domain::event;

  static constexpr bool merges = true;
  bool event_time() const noexcept { return domain == time_domain::event; }
  std::string name() const;
};

/// Windows of so many records of a key. Made by `count_window(size)`.
struct count_windows {
  std::uint64_t size = 0;

  static constexpr bool merges = false;
  bool event_time() const noexcept { return false; }
  std::string name() const;
};

/// After every `slide` records of a key, a window over its last `size` (or as many as there were).
/// Made by `count_window(size, slide)`.
struct sliding_count_windows {
  std::uint64_t size = 0;
  std::uint64_t slide = 0;

  static constexpr bool merges = true;
  bool event_time() const noexcept { return false; }
  std::string name() const;
};

/// One window per key over all records; fires at the end of the input.
struct global_window {
  static constexpr bool merges = false;
  bool event_time() const noexcept { return false; }
  std::string name() const { return "GlobalWindows"; }
};

template <class A>
concept window_assigner
  = std::same_as<A, tumbling_windows> || std::same_as<A, sliding_windows>
    || std::same_as<A, session_windows> || std::same_as<A, count_windows>
    || std::same_as<A, sliding_count_windows> || std::same_as<A, global_window>;

// All of these throw `plan_error` when a size, slide or gap is not positive, or an offset is not
// smaller than the slide.

/// Event-time windows [n * size + offset, (n + 1) * size + offset).
tumbling_windows tumbling_event_time_windows(duration size, duration offset = duration{0});

/// Windows of the machine's time; they also fire at the end of the input.
tumbling_windows tumbling_processing_time_windows(duration size, duration offset = duration{0});

/// Event-time windows [n * slide + offset, n * slide + offset + size).
sliding_windows sliding_event_time_windows(duration size, duration slide,
                                           duration offset = duration{0});

/// Windows of the machine's time; they also fire at the end of the input.
sliding_windows sliding_processing_time_windows(duration size, duration slide,
                                                duration offset = duration{0});

/// Windows over records of a key that are at most `gap` apart.
session_windows event_time_session_windows(duration gap);

/// Windows of the machine's time; they also fire at the end of the input.
session_windows processing_time_session_windows(duration gap);

/// Every `size` records of a key. What is left over at the end of the input does not fire.
count_windows count_window(std::uint64_t size);

/// After every `slide` records of a key: its last `size`. What is left over at the end of the input
/// does not fire.
sliding_count_windows count_window(std::uint64_t size, std::uint64_t slide);

/// All records of a key; fires at the end of the input.
global_window global_windows();

} // namespace sluice
