#include "sluice/table/types/time_zone.hpp"

#include "sluice/table/types/datetime.hpp"

#include <absl/time/time.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <limits>

namespace sluice::table {

struct time_zone::zone_data {
  absl::TimeZone zone;
};

namespace {

/// `+08:00`, `-3`, `+0530`: seconds east of Greenwich.
std::optional<std::int64_t> parse_offset(std::string_view text) {
  if (text.empty() || (text[0] != '+' && text[0] != '-')) return std::nullopt;
  bool west = text[0] == '-';
  text.remove_prefix(1);
  auto colon = text.find(':');
  auto hours_text = colon == std::string_view::npos
                      ? text.substr(0, text.size() > 2 ? text.size() - 2 : text.size())
                      : text.substr(0, colon);
  auto minutes_text
    = colon == std::string_view::npos ? text.substr(hours_text.size()) : text.substr(colon + 1);
  int hours = 0;
  int minutes = 0;
  auto read = [](std::string_view t, int& out) {
    auto [end, failed] = std::from_chars(t.data(), t.data() + t.size(), out);
    return failed == std::errc{} && end == t.data() + t.size();
  };
  if (!read(hours_text, hours) || hours < 0 || hours > 18) return std::nullopt;
  if ((colon != std::string_view::npos || !minutes_text.empty())
      && (!read(minutes_text, minutes) || minutes < 0 || minutes > 59))
    return std::nullopt;
  auto seconds = std::int64_t{hours} * 3600 + minutes * 60;
  return west ? -seconds : seconds;
}

/// `Europe/Berlin` for `/etc/localtime`: the name of the zone that a file is a link to, empty where
/// it is none. Other machines know the name; what their own file of that path says is another zone.
std::string zone_of_file(const std::string& path) {
  std::error_code failed;
  auto target = std::filesystem::canonical(path, failed).string();
  constexpr std::string_view folder = "/zoneinfo/";
  auto at = failed ? std::string::npos : target.find(folder);
  return at == std::string::npos ? std::string{} : target.substr(at + folder.size());
}

} // namespace

std::optional<time_zone> time_zone::find(std::string_view name) {
  time_zone result;
  result.name_ = std::string(name);
  if (name == "Z" || name == "UTC" || name == "GMT" || name == "UT" || name == "Etc/UTC")
    return result;
  auto rest = name;
  for (std::string_view prefix : {"GMT", "UTC", "UT"}) {
    if (rest.starts_with(prefix)) {
      rest.remove_prefix(prefix.size());
      break;
    }
  }
  if (auto offset = parse_offset(rest)) {
    result.fixed_ = *offset * micros_per_second;
    return result;
  }
  auto data = std::make_shared<zone_data>();
  if (name.empty() || !absl::LoadTimeZone(std::string(name), &data->zone)) return std::nullopt;
  result.zone_ = std::move(data);
  return result;
}

time_zone time_zone::local() {
  auto local = absl::LocalTimeZone();
  if (local.name().starts_with('/'))
    if (auto named = find(zone_of_file(local.name()))) return *named;
  time_zone result;
  auto data = std::make_shared<zone_data>();
  data->zone = local;
  result.name_ = data->zone.name();
  result.zone_ = std::move(data);
  return result;
}

void time_zone::look_up(std::int64_t utc_micros) const noexcept {
  auto instant = absl::FromUnixMicros(utc_micros);
  offset_ = zone_->zone.At(instant).offset * micros_per_second;
  from_ = utc_micros;
  until_ = std::numeric_limits<std::int64_t>::max();
  absl::TimeZone::CivilTransition change;
  // The earlier of the two local times is skipped or repeated, so it knows the instant.
  auto instant_of
    = [&] { return absl::ToUnixMicros(zone_->zone.At(std::min(change.from, change.to)).trans); };
  if (zone_->zone.NextTransition(instant, &change)) {
    auto at = instant_of();
    until_ = at > utc_micros ? at : utc_micros + 1;
  }
  // A change at this very second is the one that began the span; Abseil looks before whole seconds.
  if (zone_->zone.PrevTransition(absl::FromUnixMicros(utc_micros + micros_per_second), &change)) {
    auto at = instant_of();
    if (at <= utc_micros) from_ = at;
  }
}

std::int64_t time_zone::to_utc(std::int64_t local_micros) const noexcept {
  if (!zone_) return local_micros - fixed_;
  auto guess = local_micros - offset_;
  // Far from a change the remembered offset is right; a day is more than any change moves a clock.
  if (from_ < until_ && guess - micros_per_day >= from_ && guess < until_ - micros_per_day)
    return guess;
  auto second = absl::CivilSecond(1970, 1, 1) + floor_div(local_micros, micros_per_second);
  auto info = zone_->zone.At(second);
  return absl::ToUnixMicros(info.pre) + floor_mod(local_micros, micros_per_second);
}

} // namespace sluice::table
