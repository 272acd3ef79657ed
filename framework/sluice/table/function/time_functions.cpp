#include "sluice/table/function/binary_loop.hpp"
#include "sluice/table/function/builtins.hpp"
#include "sluice/table/function/registry.hpp"
#include "sluice/table/types/datetime.hpp"

#include <fmt/format.h>

namespace sluice::table {

resolved_call resolve_floor_number(const data_type& type);
resolved_call resolve_ceil_number(const data_type& type);

namespace {

using i32 = std::int32_t;
using i64 = std::int64_t;
using sv = std::string_view;
template <class T>
using maybe = std::optional<T>;

time_unit unit_of(const call_argument& argument) {
  auto name = literal_text(argument, "the unit of time");
  auto unit = parse_time_unit(name);
  if (!unit) throw plan_error("unknown unit of time '" + name + "'");
  return *unit;
}

[[noreturn]] void refuse(const data_type& type) {
  throw plan_error("it does not take " + type.as_nullable().to_string());
}

/// Local microseconds of any time value.
struct local_reader {
  local_reader(const column& c, const expression_context& context)
    : column_(&c), zone_(&context.zone), root_(c.type().root()) {}

  i64 operator[](std::size_t i) const {
    switch (root_) {
    case type_root::date:
      return column_->value<i32>(i) * micros_per_day;
    case type_root::time:
      return i64{column_->value<i32>(i)} * 1000;
    case type_root::timestamp_ltz:
      return zone_->to_local(column_->value<i64>(i));
    default:
      return column_->value<i64>(i);
    }
  }

private:
  const column* column_;
  const time_zone* zone_;
  type_root root_;
};

/// What texts are taken for where a time is wanted.
data_type as_time(const data_type& type) {
  if (type.is_character() || type.is(type_root::null))
    return data_type::timestamp(3).with_nullable(type.nullable());
  return type;
}

// -- parts of times
// --------------------------------------------------------------------------------

i64 extract_interval(time_unit unit, i64 millis, bool months) {
  if (months) {
    switch (unit) {
    case time_unit::year:
      return millis / 12;
    case time_unit::month:
      return millis % 12;
    case time_unit::quarter:
      return millis % 12 / 3 + 1;
    default:
      return 0;
    }
  }
  switch (unit) {
  case time_unit::day:
    return millis / 86'400'000;
  case time_unit::hour:
    return millis / 3'600'000 % 24;
  case time_unit::minute:
    return millis / 60'000 % 60;
  case time_unit::second:
    return millis / 1000 % 60;
  case time_unit::millisecond:
    return millis % 1000;
  case time_unit::epoch:
    return millis / 1000;
  default:
    return 0;
  }
}

resolved_call extract_call(time_unit unit, const data_type& given) {
  auto type = as_time(given);
  resolved_call call;
  call.result = data_type::bigint().with_nullable(type.nullable());
  call.arguments = {type};
  if (type.is_interval()) {
    bool months = type.is(type_root::interval_year_month);
    bool known
      = months
          ? unit == time_unit::year || unit == time_unit::month || unit == time_unit::quarter
          : (unit >= time_unit::day && unit <= time_unit::millisecond) || unit == time_unit::epoch;
    if (!known) throw plan_error("an interval has no such part");
    call.run = [unit, months](kernel_call& c) {
      auto* out = c.out.values<i64>();
      c.rows.for_each([&](std::size_t i) {
        auto v = months ? i64{c.args[0]->value<i32>(i)} : c.args[0]->value<i64>(i);
        out[i] = extract_interval(unit, v, months);
      });
    };
    return call;
  }
  if (!type.is_temporal()) refuse(type);
  bool of_day = unit >= time_unit::hour && unit <= time_unit::nanosecond;
  if (type.is(type_root::time) && !of_day) throw plan_error("a TIME has no such part");
  if (type.is(type_root::date) && of_day) throw plan_error("a DATE has no such part");
  call.run = [unit](kernel_call& c) {
    local_reader in(*c.args[0], c.context);
    auto* out = c.out.values<i64>();
    c.rows.for_each([&](std::size_t i) { out[i] = extract(unit, in[i]); });
  };
  return call;
}

resolved_call resolve_extract(std::span<const call_argument> args) {
  check_argument_count(args.size(), 2, 2);
  auto call = extract_call(unit_of(args[0]), args[1].type);
  // The unit is settled; it stays an argument only to be printed.
  call.arguments.insert(call.arguments.begin(), args[0].type);
  call.run = [run = call.run](kernel_call& c) {
    kernel_call inner{c.args.subspan(1), c.rows, c.size, c.out, c.state, c.context};
    run(inner);
  };
  return call;
}

template <time_unit Unit>
resolved_call resolve_part(std::span<const call_argument> args) {
  check_argument_count(args.size(), 1, 1);
  return extract_call(Unit, args[0].type);
}

// -- FLOOR and CEIL
// --------------------------------------------------------------------------------

template <bool Ceil>
resolved_call resolve_whole(std::span<const call_argument> args) {
  check_argument_count(args.size(), 1, 2);
  auto given = args[0].type.is(type_root::null) ? data_type::integer() : args[0].type;
  if (args.size() == 1) {
    if (!given.is_numeric())
      throw plan_error("of a time it needs a unit: " + std::string(Ceil ? "CEIL" : "FLOOR")
                       + "(x TO DAY)");
    return Ceil ? resolve_ceil_number(given) : resolve_floor_number(given);
  }
  auto unit = unit_of(args[1]);
  if (unit > time_unit::microsecond || unit == time_unit::isoyear)
    throw plan_error("a time cannot be rounded to this unit");
  auto type = as_time(given);
  if (!type.is_temporal()) refuse(type);
  resolved_call call;
  call.result = type.with_nullable(any_nullable(args));
  call.arguments = {type, args[1].type};
  call.run = [unit](kernel_call& c) {
    local_reader in(*c.args[0], c.context);
    auto root = c.args[0]->type().root();
    c.rows.for_each([&](std::size_t i) {
      auto local = Ceil ? ceil_to(unit, in[i]) : floor_to(unit, in[i]);
      if (root == type_root::date)
        c.out.values<i32>()[i] = static_cast<i32>(day_of(local));
      else if (root == type_root::time)
        c.out.values<i32>()[i] = static_cast<i32>(floor_mod(local / 1000, millis_per_day));
      else if (root == type_root::timestamp_ltz)
        c.out.values<i64>()[i] = c.context.zone.to_utc(local);
      else
        c.out.values<i64>()[i] = local;
    });
  };
  return call;
}

// -- TIMESTAMPADD and TIMESTAMPDIFF
// ----------------------------------------------------------------

resolved_call resolve_add(std::span<const call_argument> args) {
  check_argument_count(args.size(), 3, 3);
  auto length = length_of(unit_of(args[0]));
  if (!length) throw plan_error("this unit cannot be added");
  if (!args[1].type.is_integer() && !args[1].type.is(type_root::null))
    throw plan_error("the number of units must be an integer");
  auto type = as_time(args[2].type);
  if (!type.is_temporal()) refuse(type);
  bool whole_days = length->months > 0 || length->micros % micros_per_day == 0;
  if (type.is(type_root::time) && length->months > 0) refuse(type);
  resolved_call call;
  // Hours added to a date make a timestamp.
  auto base = type.is(type_root::date) && !whole_days ? data_type::timestamp(3) : type;
  call.result = base.with_nullable(any_nullable(args));
  call.arguments = {args[0].type, data_type::bigint().with_nullable(args[1].type.nullable()), type};
  call.run = [length = *length](kernel_call& c) {
    local_reader in(*c.args[2], c.context);
    auto root = c.out.type().root();
    c.rows.for_each([&](std::size_t i) {
      auto n = c.args[1]->value<i64>(i);
      auto moved
        = length.months > 0 ? add_months(in[i], n * length.months) : in[i] + n * length.micros;
      if (root == type_root::date)
        c.out.values<i32>()[i] = static_cast<i32>(day_of(moved));
      else if (root == type_root::time)
        c.out.values<i32>()[i] = static_cast<i32>(floor_mod(moved / 1000, millis_per_day));
      else if (root == type_root::timestamp_ltz)
        c.out.values<i64>()[i] = c.context.zone.to_utc(moved);
      else
        c.out.values<i64>()[i] = moved;
    });
  };
  return call;
}

resolved_call resolve_diff(std::span<const call_argument> args) {
  check_argument_count(args.size(), 3, 3);
  auto unit = unit_of(args[0]);
  if (!length_of(unit)) throw plan_error("times cannot be counted in this unit");
  auto from = as_time(args[1].type);
  auto to = as_time(args[2].type);
  if (!from.is_temporal()) refuse(from);
  if (!to.is_temporal()) refuse(to);
  resolved_call call;
  call.result = data_type::integer().with_nullable(any_nullable(args));
  call.arguments = {args[0].type, from, to};
  call.run = [unit](kernel_call& c) {
    local_reader a(*c.args[1], c.context);
    local_reader b(*c.args[2], c.context);
    auto* out = c.out.values<i32>();
    c.rows.for_each(
      [&](std::size_t i) { out[i] = static_cast<i32>(units_between(unit, a[i], b[i])); });
  };
  return call;
}

// -- formatting and parsing
// ------------------------------------------------------------------------

constexpr sv default_format = "yyyy-MM-dd HH:mm:ss";

struct format_state final : function_state {
  std::string pattern;
  time_format format;
};

const time_format& format_of(kernel_call& call, sv pattern) {
  auto* state = static_cast<format_state*>(call.state.get());
  if (!state) {
    call.state = std::make_unique<format_state>();
    state = static_cast<format_state*>(call.state.get());
    state->format = time_format::compile(pattern);
    state->pattern = pattern;
  } else if (state->pattern != pattern) {
    state->format = time_format::compile(pattern);
    state->pattern = pattern;
  }
  return state->format;
}

/// A literal format is checked when the query is planned.
void check_format(const call_argument& argument) {
  if (argument.literal && !argument.literal->is_null() && argument.type.is_character())
    time_format::compile(argument.literal->text());
}

/// Times between multiples of this, in microseconds, have the same text. (That letters between
/// quotes count as well only makes it smaller.)
i64 unit_of(sv pattern) {
  if (pattern.find_first_of("Sn") != sv::npos) return 1;
  if (pattern.find('s') != sv::npos) return micros_per_second;
  if (pattern.find('m') != sv::npos) return 60 * micros_per_second;
  if (pattern.find_first_of("HhKka") != sv::npos) return 3600 * micros_per_second;
  return micros_per_day;
}

/// Formats times one after the other; many are in the same minute or on the same day as the one
/// before.
class time_writer {
public:
  time_writer(kernel_call& call, sv pattern)
    : out_(call.out), format_(format_of(call, pattern)), unit_(unit_of(pattern)) {}

  void write(std::size_t i, i64 micros) {
    auto number = floor_div(micros, unit_);
    if (number != last_) {
      text_.clear();
      format_.append(text_, micros);
      out_.set_text(i, text_);
      written_ = out_.values<string_ref>()[i];
      last_ = number;
    } else {
      out_.values<string_ref>()[i] = written_;
    }
  }

private:
  column& out_;
  const time_format& format_;
  i64 unit_;
  std::optional<i64> last_;
  string_ref written_;
  std::string text_;
};

resolved_call resolve_date_format(std::span<const call_argument> args) {
  check_argument_count(args.size(), 2, 2);
  auto type = as_time(args[0].type);
  if (!type.is_temporal()) refuse(type);
  if (!args[1].type.is_character()) throw plan_error("the format must be a text");
  check_format(args[1]);
  resolved_call call;
  call.result = data_type::string().with_nullable(any_nullable(args));
  call.arguments = {type, data_type::string().with_nullable(args[1].type.nullable())};
  call.can_fail = true;
  call.run = [](kernel_call& c) {
    local_reader in(*c.args[0], c.context);
    if (c.args[1]->is_constant()) {
      if (c.rows.empty()) return;
      time_writer out(c, c.args[1]->text(0));
      c.rows.for_each([&](std::size_t i) { out.write(i, in[i]); });
      return;
    }
    c.rows.for_each([&](std::size_t i) {
      std::string text;
      format_of(c, c.args[1]->text(i)).append(text, in[i]);
      c.out.set_text(i, text);
    });
  };
  return call;
}

/// A function of texts with its format as the last argument, checked in advance.
template <class... F>
auto with_format(std::size_t format, F... fs) {
  return [format, rule = overloads(true, fs...)](std::span<const call_argument> args) {
    if (args.size() > format) check_format(args[format]);
    return rule(args);
  };
}

resolved_call resolve_to_timestamp(std::span<const call_argument> args) {
  auto call = with_format(
    1,
    [](sv text) -> maybe<i64> {
      i64 micros = 0;
      return parse_timestamp(text, micros) ? maybe<i64>(micros) : std::nullopt;
    },
    [](kernel_call& c, sv text, sv format) -> maybe<i64> {
      i64 micros = 0;
      return format_of(c, format).parse(text, micros) ? maybe<i64>(micros) : std::nullopt;
    })(args);
  call.result = data_type::timestamp(3);
  call.run = [run = call.run](kernel_call& c) {
    run(c);
    auto* out = c.out.values<i64>();
    c.rows.for_each([&](std::size_t i) { out[i] = truncate_micros(out[i], 3); });
  };
  return call;
}

resolved_call resolve_to_date(std::span<const call_argument> args) {
  auto call = with_format(
    1,
    [](sv text) -> maybe<i32> {
      i32 days = 0;
      return parse_date(text, days) ? maybe<i32>(days) : std::nullopt;
    },
    [](kernel_call& c, sv text, sv format) -> maybe<i32> {
      i64 micros = 0;
      if (!format_of(c, format).parse(text, micros)) return std::nullopt;
      return static_cast<i32>(day_of(micros));
    })(args);
  call.result = data_type::date();
  return call;
}

resolved_call resolve_to_timestamp_ltz(std::span<const call_argument> args) {
  check_argument_count(args.size(), 1, 3);
  if (args[0].type.is_character()) {
    auto call = with_format(
      1,
      [](kernel_call& c, sv text) -> maybe<i64> {
        i64 micros = 0;
        if (!parse_timestamp(text, micros)) return std::nullopt;
        return c.context.zone.to_utc(micros);
      },
      [](kernel_call& c, sv text, sv format) -> maybe<i64> {
        i64 micros = 0;
        if (!format_of(c, format).parse(text, micros)) return std::nullopt;
        return c.context.zone.to_utc(micros);
      },
      [](kernel_call& c, sv text, sv format, sv zone_name) -> maybe<i64> {
        i64 micros = 0;
        auto zone = time_zone::find(zone_name);
        if (!zone || !format_of(c, format).parse(text, micros)) return std::nullopt;
        return zone->to_utc(micros);
      })(args);
    call.result = data_type::timestamp_ltz(3);
    return call;
  }
  if (!args[0].type.is_numeric() || args.size() > 2) refuse(args[0].type);
  i64 precision = 3;
  if (args.size() == 2) {
    if (!args[1].literal || args[1].literal->is_null() || !args[1].type.is_integer())
      throw plan_error("the precision must be a literal, 0 or 3");
    precision = args[1].literal->integer();
    if (precision != 0 && precision != 3) throw plan_error("the precision must be 0 or 3");
  }
  resolved_call call;
  call.result = data_type::timestamp_ltz(3).with_nullable(any_nullable(args));
  bool whole = args[0].type.is_integer();
  call.arguments
    = {(whole ? data_type::bigint() : data_type::double_()).with_nullable(args[0].type.nullable())};
  if (args.size() == 2) call.arguments.push_back(args[1].type);
  auto unit = precision == 0 ? micros_per_second : i64{1000};
  call.run = [whole, unit](kernel_call& c) {
    auto* out = c.out.values<i64>();
    c.rows.for_each([&](std::size_t i) {
      out[i] = whole ? c.args[0]->value<i64>(i) * unit
                     : static_cast<i64>(c.args[0]->value<double>(i) * static_cast<double>(unit));
    });
  };
  return call;
}

std::string from_unixtime(kernel_call& c, i64 seconds, sv format) {
  std::string out;
  format_of(c, format).append(out, c.context.zone.to_local(seconds * micros_per_second));
  return out;
}

maybe<std::string> convert_tz(sv text, sv from, sv to) {
  auto source = time_zone::find(from);
  auto target = time_zone::find(to);
  i64 micros = 0;
  if (!source || !target || !parse_timestamp(text, micros)) return std::nullopt;
  std::string out;
  append_timestamp(out, target->to_local(source->to_utc(micros)), 0);
  return out;
}

/// NULL's part is played by the least BIGINT, as in Flink.
i64 unix_timestamp(kernel_call& c, sv text, sv format) {
  i64 micros = 0;
  if (!format_of(c, format).parse(text, micros)) return std::numeric_limits<i64>::min();
  return floor_div(c.context.zone.to_utc(micros), micros_per_second);
}

resolved_call resolve_unix_timestamp(std::span<const call_argument> args) {
  auto call = with_format(
    1, [](kernel_call& c) { return floor_div(c.context.now_micros, micros_per_second); },
    [](kernel_call& c, sv text) { return unix_timestamp(c, text, default_format); },
    [](kernel_call& c, sv text, sv format) { return unix_timestamp(c, text, format); })(args);
  call.deterministic = !args.empty();
  return call;
}

// -- the present
// -----------------------------------------------------------------------------------

/// What `f` makes of the context, in every row.
template <class T, class F>
resolved_call present(std::span<const call_argument> args, data_type type, F f) {
  check_argument_count(args.size(), 0, 0);
  resolved_call call;
  call.result = std::move(type).not_null();
  call.deterministic = false;
  call.run = [f](kernel_call& c) {
    auto value = f(c.context);
    auto* out = c.out.values<T>();
    c.rows.for_each([&](std::size_t i) { out[i] = value; });
  };
  return call;
}

i64 now_millis(const expression_context& c) { return truncate_micros(c.now_micros, 3); }
i64 local_now(const expression_context& c) { return c.zone.to_local(now_millis(c)); }

resolved_call resolve_now(std::span<const call_argument> args) {
  return present<i64>(args, data_type::timestamp_ltz(3), now_millis);
}
resolved_call resolve_local_timestamp(std::span<const call_argument> args) {
  return present<i64>(args, data_type::timestamp(3), local_now);
}
resolved_call resolve_current_date(std::span<const call_argument> args) {
  return present<i32>(args, data_type::date(), [](const expression_context& c) {
    return static_cast<i32>(day_of(local_now(c)));
  });
}
resolved_call resolve_current_time(std::span<const call_argument> args) {
  return present<i32>(args, data_type::time(0), [](const expression_context& c) {
    return static_cast<i32>(floor_mod(local_now(c), micros_per_day) / micros_per_second * 1000);
  });
}

resolved_call resolve_watermark(std::span<const call_argument> args) {
  check_argument_count(args.size(), 1, 1);
  if (!args[0].type.is_timestamp()) refuse(args[0].type);
  resolved_call call;
  call.result = args[0].type.as_nullable();
  call.arguments = {args[0].type};
  call.propagates_nulls = false;
  call.deterministic = false;
  call.run = [](kernel_call& c) {
    auto* out = c.out.values<i64>();
    c.rows.for_each([&](std::size_t i) {
      out[i] = c.context.watermark;
      if (c.context.watermark == min_timestamp) c.out.set_null(i);
    });
  };
  return call;
}

void add_parts(function_registry& r) {
  r.add({"EXTRACT",
         {},
         "EXTRACT(timeinteravlunit FROM temporal)",
         "A part of a time or interval.",
         resolve_extract});
  r.add({"YEAR", {}, "YEAR(date)", "The year.", resolve_part<time_unit::year>});
  r.add(
    {"QUARTER", {}, "QUARTER(date)", "The quarter of the year.", resolve_part<time_unit::quarter>});
  r.add({"MONTH", {}, "MONTH(date)", "The month.", resolve_part<time_unit::month>});
  r.add({"WEEK", {}, "WEEK(date)", "The ISO week of the year.", resolve_part<time_unit::week>});
  r.add({"DAYOFYEAR", {}, "DAYOFYEAR(date)", "The day of the year.", resolve_part<time_unit::doy>});
  r.add(
    {"DAYOFMONTH", {}, "DAYOFMONTH(date)", "The day of the month.", resolve_part<time_unit::day>});
  r.add({"DAYOFWEEK",
         {},
         "DAYOFWEEK(date)",
         "The day of the week, Sunday being 1.",
         resolve_part<time_unit::dow>});
  r.add({"HOUR", {}, "HOUR(timestamp)", "The hour.", resolve_part<time_unit::hour>});
  r.add({"MINUTE", {}, "MINUTE(timestamp)", "The minute.", resolve_part<time_unit::minute>});
  r.add({"SECOND", {}, "SECOND(timestamp)", "The second.", resolve_part<time_unit::second>});
  r.add({"FLOOR",
         {},
         "FLOOR(numeric) or FLOOR(timepoint TO timeintervalunit)",
         "The greatest whole number, or start of a unit of time, not above.",
         resolve_whole<false>});
  r.add({"CEIL",
         {"CEILING"},
         "CEIL(numeric) or CEIL(timepoint TO timeintervaluntit)",
         "The least whole number, or start of a unit of time, not below.",
         resolve_whole<true>});
  r.add({"TIMESTAMPADD",
         {},
         "TIMESTAMPADD(timeintervalunit, interval, timepoint)",
         "The time moved by so many units.",
         resolve_add});
  r.add({"TIMESTAMPDIFF",
         {},
         "TIMESTAMPDIFF(timepointunit, timepoint1, timepoint2)",
         "The whole units from the first to the second.",
         resolve_diff});
}

void add_texts(function_registry& r) {
  r.add({"DATE_FORMAT",
         {},
         "DATE_FORMAT(timestamp, string)",
         "The time in Java's format.",
         resolve_date_format});
  r.add({"TO_TIMESTAMP",
         {},
         "TO_TIMESTAMP(string1[, string2])",
         "The time that a text says; NULL if it does not fit the format.",
         resolve_to_timestamp});
  r.add({"TO_DATE",
         {},
         "TO_DATE(string1[, string2])",
         "The date that a text says; NULL if it does not fit the format.",
         resolve_to_date});
  r.add({"TO_TIMESTAMP_LTZ",
         {},
         "TO_TIMESTAMP_LTZ(numeric, precision)",
         "The instant of seconds (0) or milliseconds (3) since 1970, or of a text.",
         resolve_to_timestamp_ltz});
  r.add({"FROM_UNIXTIME",
         {},
         "FROM_UNIXTIME(numeric[, string])",
         "The local time of seconds since 1970 as text.",
         with_format(
           1, [](kernel_call& c, i64 s) { return from_unixtime(c, s, default_format); },
           [](kernel_call& c, i64 s, sv format) { return from_unixtime(c, s, format); })});
  r.add({"UNIX_TIMESTAMP",
         {},
         "UNIX_TIMESTAMP(string1[, string2])",
         "Seconds since 1970, of now or of a local time as text.",
         resolve_unix_timestamp});
  r.add({"CONVERT_TZ",
         {},
         "CONVERT_TZ(string1, string2, string3)",
         "A local time of one zone as that of another.",
         overloads(false, convert_tz)});
}

void add_present(function_registry& r) {
  r.add({"CURRENT_TIMESTAMP",
         {"NOW", "CURRENT_ROW_TIMESTAMP", "PROCTIME"},
         "CURRENT_TIMESTAMP",
         "The present instant.",
         resolve_now});
  r.add(
    {"LOCALTIMESTAMP", {}, "LOCALTIMESTAMP", "The present local time.", resolve_local_timestamp});
  r.add({"CURRENT_DATE", {}, "CURRENT_DATE", "The present local date.", resolve_current_date});
  r.add({"CURRENT_TIME",
         {"LOCALTIME"},
         "CURRENT_TIME",
         "The present local time of day.",
         resolve_current_time});
  r.add({"CURRENT_WATERMARK",
         {},
         "CURRENT_WATERMARK(rowtime)",
         "The watermark; NULL before the first.",
         resolve_watermark});
}

} // namespace

void add_time_functions(function_registry& r) {
  add_parts(r);
  add_texts(r);
  add_present(r);
}

} // namespace sluice::table
