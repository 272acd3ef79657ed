#include "sluice/api/window.hpp"

#include "sluice/api/windowed_stream.hpp"
#include "sluice/core/errors.hpp"

#include <fmt/format.h>

namespace sluice {

namespace {

void check_positive(std::string_view what, std::int64_t value) {
  if (value <= 0) throw plan_error(fmt::format("{} must be positive, not {}", what, value));
}

void check_offset(duration offset, duration slide) {
  if (offset >= slide || -offset >= slide)
    throw plan_error(fmt::format("the offset of a window must be shorter than {} us, not {} us",
                                 slide.count(), offset.count()));
}

tumbling_windows tumbling(duration size, duration offset, time_domain domain) {
  check_positive("the size of a window (in us)", size.count());
  check_offset(offset, size);
  return {size, offset, domain};
}

sliding_windows sliding(duration size, duration slide, duration offset, time_domain domain) {
  check_positive("the size of a window (in us)", size.count());
  check_positive("the slide of a window (in us)", slide.count());
  check_offset(offset, slide);
  return {size, slide, offset, domain};
}

session_windows session(duration gap, time_domain domain) {
  check_positive("the gap of session windows (in us)", gap.count());
  return {gap, domain};
}

std::string_view domain_name(time_domain domain) {
  return domain == time_domain::event ? "EventTime" : "ProcessingTime";
}

/// In the largest unit that says it exactly.
std::string text_of(duration d) {
  auto us = d.count();
  if (us % 1'000'000 == 0) return fmt::format("{}s", us / 1'000'000);
  if (us % 1'000 == 0) return fmt::format("{}ms", us / 1'000);
  return fmt::format("{}us", us);
}

} // namespace

std::string tumbling_windows::name() const {
  return fmt::format("Tumbling{}Windows({})", domain_name(domain), text_of(size));
}

std::string sliding_windows::name() const {
  return fmt::format("Sliding{}Windows({}, {})", domain_name(domain), text_of(size),
                     text_of(slide));
}

std::string session_windows::name() const {
  return fmt::format("{}SessionWindows({})", domain_name(domain), text_of(gap));
}

std::string count_windows::name() const { return fmt::format("CountWindow({})", size); }

std::string sliding_count_windows::name() const {
  return fmt::format("CountWindow({}, {})", size, slide);
}

tumbling_windows tumbling_event_time_windows(duration size, duration offset) {
  return tumbling(size, offset, time_domain::event);
}

tumbling_windows tumbling_processing_time_windows(duration size, duration offset) {
  return tumbling(size, offset, time_domain::processing);
}

sliding_windows sliding_event_time_windows(duration size, duration slide, duration offset) {
  return sliding(size, slide, offset, time_domain::event);
}

sliding_windows sliding_processing_time_windows(duration size, duration slide, duration offset) {
  return sliding(size, slide, offset, time_domain::processing);
}

session_windows event_time_session_windows(duration gap) {
  return session(gap, time_domain::event);
}

session_windows processing_time_session_windows(duration gap) {
  return session(gap, time_domain::processing);
}

count_windows count_window(std::uint64_t size) {
  check_positive("the size of a count window", static_cast<std::int64_t>(size));
  return {size};
}

sliding_count_windows count_window(std::uint64_t size, std::uint64_t slide) {
  check_positive("the size of a count window", static_cast<std::int64_t>(size));
  check_positive("the slide of a count window", static_cast<std::int64_t>(slide));
  return {size, slide};
}

global_window global_windows() { return {}; }

namespace detail {

void check_window_options(const window_options& options) {
  if (options.allowed_lateness.count() < 0)
    throw plan_error(fmt::format("the allowed lateness of a window must not be negative, not {} us",
                                 options.allowed_lateness.count()));
}

} // namespace detail

} // namespace sluice
