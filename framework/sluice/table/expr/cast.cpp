#include "sluice/table/expr/cast.hpp"

#include "sluice/core/check.hpp"
#include "sluice/table/column/columnar_batch.hpp"
#include "sluice/table/column/text.hpp"
#include "sluice/table/expr/evaluator.hpp"
#include "sluice/table/function/kernel.hpp"
#include "sluice/table/types/datetime.hpp"
#include "sluice/table/types/number_text.hpp"
#include "sluice/table/types/type_rules.hpp"
#include "sluice/table/types/utf8.hpp"

#include <fmt/format.h>

#include <cmath>
#include <limits>

namespace sluice::table {

namespace {

/// What a cast does with a value that it cannot cast.
struct cast_mode {
  data_type from;
  data_type to;
  bool try_cast;

  [[noreturn]] void fail(const column& in, std::size_t i) const {
    std::string text;
    append_cast_text(text, in, i, time_zone());
    throw error(fmt::format("cannot cast '{}' to {}", text, to.as_nullable().to_string()));
  }
};

/// `convert(context, value, result)` is false where it cannot.
template <class From, class To, class Convert>
kernel checked_cast(cast_mode mode, Convert convert) {
  return [mode = std::move(mode), convert](kernel_call& call) {
    const auto& in = *call.args[0];
    detail::argument_reader<From> reader(in);
    using stored = typename detail::stored_as<To>::type;
    auto* out = call.out.values<stored>();
    call.rows.for_each([&](std::size_t i) {
      To result{};
      if (convert(call, reader[i], result)) [[likely]] {
        out[i] = static_cast<stored>(result);
      } else if (mode.try_cast) {
        out[i] = stored{};
        call.out.set_null(i);
      } else {
        mode.fail(in, i);
      }
    });
  };
}

/// Out of range becomes NULL whatever the mode: that is what DECIMAL does.
template <class From, class Convert>
kernel decimal_cast(Convert convert) {
  return [convert](kernel_call& call) {
    detail::argument_reader<From> reader(*call.args[0]);
    auto* out = call.out.values<int128>();
    call.rows.for_each([&](std::size_t i) {
      if (!convert(reader[i], out[i])) {
        out[i] = 0;
        call.out.set_null(i);
      }
    });
  };
}

template <class From, class To>
To narrow_number(From value) {
  if constexpr (std::is_floating_point_v<From> && std::is_integral_v<To>) {
    // As Java: NaN is 0, what is too large is the largest; smaller integers are cut from INT.
    using wide = std::conditional_t<(sizeof(To) < 4), std::int32_t, To>;
    if (std::isnan(value)) return 0;
    if (value >= static_cast<From>(std::numeric_limits<wide>::max()))
      return static_cast<To>(std::numeric_limits<wide>::max());
    if (value <= static_cast<From>(std::numeric_limits<wide>::min()))
      return static_cast<To>(std::numeric_limits<wide>::min());
    return static_cast<To>(static_cast<wide>(value));
  } else {
    return static_cast<To>(value);
  }
}

/// Calls `f` with a null pointer to the C++ type of a number other than DECIMAL.
template <class F>
auto visit_number(const data_type& type, F f) {
  switch (type.root()) {
  case type_root::tinyint:
    return f(static_cast<std::int8_t*>(nullptr));
  case type_root::smallint:
    return f(static_cast<std::int16_t*>(nullptr));
  case type_root::integer:
  case type_root::interval_year_month:
    return f(static_cast<std::int32_t*>(nullptr));
  case type_root::float_:
    return f(static_cast<float*>(nullptr));
  case type_root::double_:
    return f(static_cast<double*>(nullptr));
  default:
    return f(static_cast<std::int64_t*>(nullptr));
  }
}

kernel number_to_number(const data_type& from, const data_type& to) {
  return visit_number(from, [&](auto* f) {
    using From = std::remove_pointer_t<decltype(f)>;
    return visit_number(to, [](auto* t) -> kernel {
      using To = std::remove_pointer_t<decltype(t)>;
      return [](kernel_call& call) {
        detail::argument_reader<From> in(*call.args[0]);
        auto* out = call.out.values<To>();
        call.rows.for_each([&](std::size_t i) { out[i] = narrow_number<From, To>(in[i]); });
      };
    });
  });
}

kernel number_to_decimal(const data_type& from, const data_type& to) {
  decimal::shape shape{to.precision(), to.scale()};
  if (from.is_approximate()) {
    return visit_number(from, [&](auto* f) -> kernel {
      using From = std::remove_pointer_t<decltype(f)>;
      return decimal_cast<From>([shape](From value, int128& out) {
        return decimal::from_double(static_cast<double>(value), shape, out);
      });
    });
  }
  if (from.is(type_root::decimal)) {
    auto scale = from.scale();
    return decimal_cast<int128>([shape, scale](int128 value, int128& out) {
      return decimal::rescale(value, scale, shape.precision, shape.scale, out);
    });
  }
  return visit_number(from, [&](auto* f) -> kernel {
    using From = std::remove_pointer_t<decltype(f)>;
    return decimal_cast<From>([shape](From value, int128& out) {
      return decimal::rescale(static_cast<int128>(value), 0, shape.precision, shape.scale, out);
    });
  });
}

kernel decimal_to_number(const data_type& from, const data_type& to) {
  auto scale = from.scale();
  return visit_number(to, [&](auto* t) -> kernel {
    using To = std::remove_pointer_t<decltype(t)>;
    return [scale](kernel_call& call) {
      detail::argument_reader<int128> in(*call.args[0]);
      auto* out = call.out.values<To>();
      call.rows.for_each([&](std::size_t i) {
        if constexpr (std::is_floating_point_v<To>)
          out[i] = static_cast<To>(decimal::to_double(in[i], scale));
        else
          out[i] = static_cast<To>(decimal::to_integer(in[i], scale));
      });
    };
  });
}

kernel text_to_number(cast_mode mode) {
  const auto& to = mode.to;
  if (to.is(type_root::decimal)) {
    decimal::shape shape{to.precision(), to.scale()};
    return checked_cast<std::string_view, int128>(
      std::move(mode), [shape](kernel_call&, std::string_view text, int128& out) {
        return decimal::parse(text, shape, out);
      });
  }
  if (to.is(type_root::double_))
    return checked_cast<std::string_view, double>(
      std::move(mode),
      [](kernel_call&, std::string_view text, double& out) { return parse_double(text, out); });
  if (to.is(type_root::float_))
    return checked_cast<std::string_view, float>(
      std::move(mode),
      [](kernel_call&, std::string_view text, float& out) { return parse_float(text, out); });
  return visit_number(to, [&](auto* t) -> kernel {
    using To = std::remove_pointer_t<decltype(t)>;
    if constexpr (std::is_integral_v<To>)
      return checked_cast<std::string_view, To>(
        mode, [](kernel_call&, std::string_view text, To& out) {
          std::int64_t value = 0;
          if (!parse_integer(text, std::numeric_limits<To>::min(), std::numeric_limits<To>::max(),
                             value))
            return false;
          out = static_cast<To>(value);
          return true;
        });
    else
      return {};
  });
}

kernel text_to_time(cast_mode mode) {
  auto precision = mode.to.precision();
  switch (mode.to.root()) {
  case type_root::date:
    return checked_cast<std::string_view, std::int32_t>(
      std::move(mode),
      [](kernel_call&, std::string_view text, std::int32_t& out) { return parse_date(text, out); });
  case type_root::time:
    return checked_cast<std::string_view, std::int32_t>(
      std::move(mode),
      [](kernel_call&, std::string_view text, std::int32_t& out) { return parse_time(text, out); });
  case type_root::timestamp:
    return checked_cast<std::string_view, std::int64_t>(
      std::move(mode), [precision](kernel_call&, std::string_view text, std::int64_t& out) {
        if (!parse_timestamp(text, out)) return false;
        out = truncate_micros(out, precision);
        return true;
      });
  default:
    return checked_cast<std::string_view, std::int64_t>(
      std::move(mode), [precision](kernel_call& call, std::string_view text, std::int64_t& out) {
        if (text.ends_with('Z')) {
          if (!parse_timestamp(text.substr(0, text.size() - 1), out)) return false;
        } else {
          if (!parse_timestamp(text, out)) return false;
          out = call.context.zone.to_utc(out);
        }
        out = truncate_micros(out, precision);
        return true;
      });
  }
}

template <class From, class To, class Convert>
kernel plain_cast(Convert convert) {
  return [convert](kernel_call& call) {
    detail::argument_reader<From> in(*call.args[0]);
    auto* out = call.out.values<To>();
    call.rows.for_each([&](std::size_t i) { out[i] = convert(call, in[i]); });
  };
}

/// Today's date at a time of the day, as Flink makes a timestamp of a TIME.
std::int64_t with_epoch_date(std::int32_t millis) { return std::int64_t{millis} * 1000; }

kernel time_to_time(const data_type& from, const data_type& to) {
  using i32 = std::int32_t;
  using i64 = std::int64_t;
  bool from_local = from.is(type_root::timestamp_ltz);
  auto precision = to.precision();
  if (from.is(type_root::date)) {
    bool ltz = to.is(type_root::timestamp_ltz);
    return plain_cast<i32, i64>([ltz](kernel_call& call, i32 days) {
      auto micros = days * micros_per_day;
      return ltz ? call.context.zone.to_utc(micros) : micros;
    });
  }
  if (from.is(type_root::time)) {
    if (to.is(type_root::time)) return plain_cast<i32, i32>([](kernel_call&, i32 t) { return t; });
    bool ltz = to.is(type_root::timestamp_ltz);
    return plain_cast<i32, i64>([ltz](kernel_call& call, i32 t) {
      return ltz ? call.context.zone.to_utc(with_epoch_date(t)) : with_epoch_date(t);
    });
  }
  if (to.is(type_root::date))
    return plain_cast<i64, i32>([from_local](kernel_call& call, i64 micros) {
      return static_cast<i32>(day_of(from_local ? call.context.zone.to_local(micros) : micros));
    });
  if (to.is(type_root::time))
    return plain_cast<i64, i32>([from_local](kernel_call& call, i64 micros) {
      auto local = from_local ? call.context.zone.to_local(micros) : micros;
      return static_cast<i32>(floor_mod(local, micros_per_day) / 1000);
    });
  bool to_local = to.is(type_root::timestamp_ltz);
  return plain_cast<i64, i64>([=](kernel_call& call, i64 micros) {
    if (from_local && !to_local) micros = call.context.zone.to_local(micros);
    if (!from_local && to_local) micros = call.context.zone.to_utc(micros);
    return truncate_micros(micros, precision);
  });
}

kernel to_text(const data_type& to) {
  return [to](kernel_call& call) {
    const auto& in = *call.args[0];
    std::string text;
    std::string buffer;
    call.rows.for_each([&](std::size_t i) {
      text.clear();
      append_cast_text(text, in, in.stored(i), call.context.zone);
      call.out.set_text(i, fit_text(buffer, text, to));
    });
  };
}

kernel text_to_text(const data_type& to) {
  return [to](kernel_call& call) {
    detail::argument_reader<std::string_view> in(*call.args[0]);
    call.out.share_heaps(*call.args[0]);
    std::string buffer;
    call.rows.for_each([&](std::size_t i) {
      auto text = in[i];
      auto fitted = fit_text(buffer, text, to);
      if (fitted.data() == text.data())
        call.out.values<string_ref>()[i] = string_ref(fitted);
      else
        call.out.set_text(i, fitted);
    });
  };
}

/// Arrays, maps and rows: the children are cast as whole columns.
kernel nested_cast(const data_type& from, const data_type& to, bool try_cast) {
  std::vector<expression_ptr> casts;
  for (std::size_t c = 0; c < from.children().size(); ++c)
    casts.push_back(
      expression::cast(expression::input(0, from.children()[c]), to.children()[c], {}, try_cast));
  return [casts](kernel_call& call) {
    const auto& in = *call.args[0];
    std::vector<std::uint32_t> rows(call.size);
    for (std::size_t i = 0; i < rows.size(); ++i) rows[i] = static_cast<std::uint32_t>(i);
    auto flat = gather(in, rows.data(), rows.size());
    bool list = in.physical() == physical_type::list;
    if (list) {
      auto* entries = call.out.values<list_entry>();
      for (std::size_t i = 0; i < call.size; ++i)
        entries[i] = in.is_null(i) ? list_entry{} : flat->values<list_entry>()[i];
    }
    for (std::size_t c = 0; c < casts.size(); ++c) {
      auto child = std::make_shared<column>(in.type().children()[c]);
      child->append_range(flat->child(c), 0, flat->child(c).size());
      columnar_batch values({child}, child->size());
      auto result = evaluator(casts[c], call.context).evaluate(values);
      call.out.child(c).clear();
      call.out.child(c).append_range(*result, 0, result->size());
    }
  };
}

kernel boolean_to_number(const data_type& to) {
  if (to.is(type_root::decimal)) {
    auto scale = to.scale();
    bool fits = to.precision() > to.scale();
    return decimal_cast<bool>([scale, fits](bool value, int128& out) {
      out = value ? decimal::power_of_ten(scale) : 0;
      return fits || !value;
    });
  }
  return visit_number(to, [](auto* t) -> kernel {
    using To = std::remove_pointer_t<decltype(t)>;
    return plain_cast<bool, To>([](kernel_call&, bool value) { return static_cast<To>(value); });
  });
}

kernel number_to_boolean(const data_type& from) {
  if (from.is(type_root::decimal))
    return plain_cast<int128, std::uint8_t>(
      [](kernel_call&, int128 v) { return static_cast<std::uint8_t>(v != 0); });
  return visit_number(from, [](auto* f) -> kernel {
    using From = std::remove_pointer_t<decltype(f)>;
    return plain_cast<From, std::uint8_t>(
      [](kernel_call&, From v) { return static_cast<std::uint8_t>(v != 0); });
  });
}

kernel choose_kernel(const data_type& from, const data_type& to, bool try_cast) {
  cast_mode mode{from, to, try_cast};
  if (from.is(type_root::null))
    return
      [](kernel_call& call) { call.rows.for_each([&](std::size_t i) { call.out.set_null(i); }); };
  if (from.physical() == physical_type::string && to.physical() == physical_type::string)
    return text_to_text(to);
  if (to.is_character()) return to_text(to);
  if (from.is_character()) {
    if (to.is_numeric()) return text_to_number(std::move(mode));
    if (to.is(type_root::boolean))
      return checked_cast<std::string_view, bool>(
        std::move(mode),
        [](kernel_call&, std::string_view text, bool& out) { return parse_boolean(text, out); });
    return text_to_time(std::move(mode));
  }
  if (from.is_nested()) return nested_cast(from, to, try_cast);
  if (from.is_temporal()) return time_to_time(from, to);
  if (from.is(type_root::boolean)) return boolean_to_number(to);
  if (to.is(type_root::boolean)) return number_to_boolean(from);
  if (to.is(type_root::decimal)) return number_to_decimal(from, to);
  if (from.is(type_root::decimal)) return decimal_to_number(from, to);
  return number_to_number(from, to); // intervals are numbers here
}

} // namespace

std::string_view fit_text(std::string& buffer, std::string_view text, const data_type& to) {
  auto length = static_cast<std::size_t>(to.length());
  if (to.length() == data_type::max_length) return text;
  if (to.is_binary()) {
    if (text.size() > length) return text.substr(0, length);
    if (to.is(type_root::varbinary) || text.size() == length) return text;
    buffer.assign(text);
    buffer.resize(length, '\0');
    return buffer;
  }
  auto cut = utf8::prefix(text, length);
  if (cut.size() < text.size() || to.is(type_root::varchar)) return cut;
  auto have = utf8::length(text);
  if (have == length) return text;
  buffer.assign(text);
  buffer.append(length - have, ' ');
  return buffer;
}

bool cast_keeps_values(const data_type& from, const data_type& to) noexcept {
  if (from.same_as(to)) return true;
  if (from.is_nested() || from.physical() != to.physical()) return false;
  if (from.is_character() && to.is(type_root::varchar)) return to.length() >= from.length();
  if (from.is_binary() && to.is(type_root::varbinary)) return to.length() >= from.length();
  if (from.root() != to.root()) return false;
  if (from.is_timestamp()) return to.precision() >= from.precision();
  if (from.is(type_root::decimal))
    return to.scale() == from.scale() && to.precision() >= from.precision();
  return from.is(type_root::time) || from.is_interval();
}

resolved_call make_cast(const data_type& from, const data_type& to, bool try_cast) {
  SLUICE_CHECK(can_cast_explicitly(from, to), "a cast of {} to {}", from.to_string(),
               to.to_string());
  resolved_call call;
  call.result = to;
  call.arguments = {from};
  call.run = choose_kernel(from, to, try_cast);
  call.can_fail = !try_cast && cast_may_fail(from, to);
  call.dense = from.is_numeric() && to.is_numeric() && !from.is(type_root::decimal)
               && !to.is(type_root::decimal);
  return call;
}

scalar cast_scalar(const scalar& value, const data_type& to, const expression_context& context) {
  auto tree = expression::cast(expression::literal(value), to);
  columnar_batch one(std::vector<column_ptr>{}, 1);
  return scalar::from(*evaluator(tree, context).evaluate(one), 0).with_type(to);
}

} // namespace sluice::table
