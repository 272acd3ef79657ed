#include "sluice/table/types/type_rules.hpp"

#include <algorithm>

namespace sluice::table {

namespace {

constexpr std::int32_t max_precision = data_type::max_decimal_precision;
constexpr std::int32_t min_adjusted_scale = 6;

/// Cuts a precision past 38: the integral digits are kept first, then at least 6 of the fraction.
data_type adjusted_decimal(std::int32_t precision, std::int32_t scale) {
  if (precision <= max_precision) return data_type::decimal(std::max(precision, 1), scale);
  auto integral = precision - scale;
  auto least = std::min(scale, min_adjusted_scale);
  return data_type::decimal(max_precision, std::max(max_precision - integral, least));
}

bool any_nullable(const data_type& a, const data_type& b) { return a.nullable() || b.nullable(); }

std::optional<data_type> common_numeric(const data_type& a, const data_type& b) {
  if (a.is_approximate() || b.is_approximate()) {
    if (a.is(type_root::double_) || b.is(type_root::double_)) return data_type::double_();
    // A decimal has more digits than FLOAT can keep.
    if (a.is(type_root::decimal) || b.is(type_root::decimal)) return data_type::double_();
    return data_type::float_();
  }
  if (a.is(type_root::decimal) || b.is(type_root::decimal)) {
    auto x = decimal_of(a);
    auto y = decimal_of(b);
    auto scale = std::max(x.scale(), y.scale());
    auto integral = std::max(x.precision() - x.scale(), y.precision() - y.scale());
    return adjusted_decimal(integral + scale, scale);
  }
  return a.root() > b.root() ? a : b;
}

std::optional<data_type> common_text(const data_type& a, const data_type& b) {
  auto length = std::max(a.length(), b.length());
  if (a.is_character()) {
    if (a.is(type_root::char_) && b.is(type_root::char_) && a.length() == b.length())
      return data_type::char_(length);
    return data_type::varchar(length);
  }
  if (a.is(type_root::binary) && b.is(type_root::binary) && a.length() == b.length())
    return data_type::binary(length);
  return data_type::varbinary(length);
}

std::optional<data_type> common_temporal(const data_type& a, const data_type& b) {
  if (a.root() == b.root()) return a.precision() >= b.precision() ? a : b;
  if (a.is(type_root::time) || b.is(type_root::time)) return std::nullopt;
  auto precision
    = std::max(a.is_timestamp() ? a.precision() : 0, b.is_timestamp() ? b.precision() : 0);
  // DATE with a timestamp, or both kinds of timestamps: the local kind wins, as in Flink.
  if (a.is(type_root::timestamp_ltz) || b.is(type_root::timestamp_ltz))
    return data_type::timestamp_ltz(precision);
  return data_type::timestamp(precision);
}

std::optional<data_type> common_nested(const data_type& a, const data_type& b) {
  if (a.children().size() != b.children().size()) return std::nullopt;
  std::vector<data_type> merged;
  for (std::size_t i = 0; i < a.children().size(); ++i) {
    auto child = common_type(a.children()[i], b.children()[i]);
    if (!child) return std::nullopt;
    merged.push_back(*child);
  }
  if (a.is(type_root::array)) return data_type::array(merged[0]);
  if (a.is(type_root::map)) return data_type::map(merged[0], merged[1]);
  std::vector<data_type::field> fields;
  for (std::size_t i = 0; i < merged.size(); ++i) fields.push_back({a.field_names()[i], merged[i]});
  return data_type::row(std::move(fields));
}

std::optional<data_type> common_of_kinds(const data_type& a, const data_type& b) {
  if (a.is(type_root::null)) return b;
  if (b.is(type_root::null)) return a;
  if (a.is_numeric() && b.is_numeric()) return common_numeric(a, b);
  if ((a.is_character() && b.is_character()) || (a.is_binary() && b.is_binary()))
    return common_text(a, b);
  if (a.is_temporal() && b.is_temporal()) return common_temporal(a, b);
  if (a.root() != b.root()) return std::nullopt;
  return a.is_nested() ? common_nested(a, b) : a;
}

bool children_castable(const data_type& from, const data_type& to, bool implicit) {
  if (from.children().size() != to.children().size()) return false;
  for (std::size_t i = 0; i < from.children().size(); ++i) {
    const auto& x = from.children()[i];
    const auto& y = to.children()[i];
    if (!(implicit ? can_cast_implicitly(x, y) : can_cast_explicitly(x, y))) return false;
  }
  return true;
}

} // namespace

std::optional<data_type> common_type(const data_type& a, const data_type& b) {
  auto result = common_of_kinds(a, b);
  if (result) result = result->with_nullable(any_nullable(a, b));
  return result;
}

std::optional<data_type> common_type(std::span<const data_type> types) {
  if (types.empty()) return std::nullopt;
  std::optional<data_type> result = types[0];
  for (std::size_t i = 1; i < types.size() && result; ++i) result = common_type(*result, types[i]);
  return result;
}

std::optional<data_type> comparison_type(const data_type& a, const data_type& b) {
  if (auto common = common_type(a, b)) return common;
  auto comparable = [](const data_type& t) {
    return t.is_numeric() || t.is_temporal() || t.is(type_root::boolean);
  };
  auto nullable = any_nullable(a, b);
  if (a.is_character() && comparable(b)) return b.with_nullable(nullable);
  if (b.is_character() && comparable(a)) return a.with_nullable(nullable);
  return std::nullopt;
}

bool can_cast_implicitly(const data_type& from, const data_type& to) {
  if (from.is(type_root::null)) return true;
  if (from.root() == to.root()) {
    if (!from.is_nested()) return true;
    return children_castable(from, to, true);
  }
  if (from.is_numeric() && to.is_numeric()) {
    if (to.is(type_root::decimal)) return from.is_integer();
    return to.root() > from.root() || (from.is(type_root::decimal) && to.is_approximate());
  }
  if ((from.is_character() && to.is_character()) || (from.is_binary() && to.is_binary()))
    return true;
  if (from.is(type_root::date)) return to.is_timestamp();
  return from.is_timestamp() && to.is_timestamp();
}

bool can_cast_explicitly(const data_type& from, const data_type& to) {
  if (can_cast_implicitly(from, to)) return true;
  if (to.is(type_root::null)) return false;
  if (to.is_character()) return true;
  if (from.is_character())
    return to.is_numeric() || to.is_temporal() || to.is_binary() || to.is(type_root::boolean);
  if (from.is_numeric())
    return to.is_numeric() || to.is(type_root::boolean) || (from.is_integer() && to.is_interval());
  if (from.is(type_root::boolean)) return to.is_numeric();
  if (from.is_timestamp()) return to.is_temporal();
  if (from.is(type_root::time)) return to.is_timestamp();
  if (from.is_interval()) return to.is_integer();
  if (from.root() == to.root() && from.is_nested()) return children_castable(from, to, false);
  return false;
}

bool cast_may_fail(const data_type& from, const data_type& to) {
  if (from.is_character()) return !to.is_character() && !to.is_binary();
  if (to.is(type_root::decimal)) {
    if (from.is_approximate()) return true;
    auto room = to.precision() - to.scale();
    if (from.is(type_root::boolean)) return room < 1;
    if (!from.is_exact()) return false;
    auto d = decimal_of(from);
    auto carry = d.scale() > to.scale() ? 1 : 0; // 9.99 as DECIMAL(2, 1)
    return d.precision() - d.scale() + carry > room;
  }
  if (from.is_nested() && from.root() == to.root()) {
    for (std::size_t i = 0; i < from.children().size(); ++i)
      if (cast_may_fail(from.children()[i], to.children()[i])) return true;
  }
  return false;
}

data_type decimal_of(const data_type& t) {
  switch (t.root()) {
  case type_root::tinyint:
    return data_type::decimal(3).with_nullable(t.nullable());
  case type_root::smallint:
    return data_type::decimal(5).with_nullable(t.nullable());
  case type_root::integer:
    return data_type::decimal(10).with_nullable(t.nullable());
  case type_root::bigint:
    return data_type::decimal(19).with_nullable(t.nullable());
  case type_root::decimal:
    return t;
  default:
    throw plan_error(t.to_string() + " is not an exact number");
  }
}

namespace {

/// Applies `rule` to the decimals of both when one is a DECIMAL and none approximate.
template <class Rule>
data_type arithmetic_type(const data_type& a, const data_type& b, Rule rule) {
  auto nullable = any_nullable(a, b);
  bool decimals
    = (a.is(type_root::decimal) || b.is(type_root::decimal)) && a.is_exact() && b.is_exact();
  if (decimals) return rule(decimal_of(a), decimal_of(b)).with_nullable(nullable);
  return common_numeric(a, b)->with_nullable(nullable);
}

} // namespace

data_type addition_type(const data_type& a, const data_type& b) {
  return arithmetic_type(a, b, [](const data_type& x, const data_type& y) {
    auto scale = std::max(x.scale(), y.scale());
    auto integral = std::max(x.precision() - x.scale(), y.precision() - y.scale());
    return adjusted_decimal(integral + scale + 1, scale);
  });
}

data_type multiplication_type(const data_type& a, const data_type& b) {
  return arithmetic_type(a, b, [](const data_type& x, const data_type& y) {
    return adjusted_decimal(x.precision() + y.precision() + 1, x.scale() + y.scale());
  });
}

data_type division_type(const data_type& a, const data_type& b) {
  return arithmetic_type(a, b, [](const data_type& x, const data_type& y) {
    auto scale = std::max(min_adjusted_scale, x.scale() + y.precision() + 1);
    return adjusted_decimal(x.precision() - x.scale() + y.scale() + scale, scale);
  });
}

data_type modulo_type(const data_type& a, const data_type& b) {
  if (a.is_integer() && b.is_integer()) return b.with_nullable(any_nullable(a, b));
  return arithmetic_type(a, b, [](const data_type& x, const data_type& y) {
    auto scale = std::max(x.scale(), y.scale());
    auto integral = std::min(x.precision() - x.scale(), y.precision() - y.scale());
    return adjusted_decimal(integral + scale, scale);
  });
}

data_type round_type(const data_type& t, std::optional<std::int32_t> digits) {
  if (!t.is(type_root::decimal) || !digits) return t;
  if (*digits >= t.scale()) return t;
  auto integral = 1 + t.precision() - t.scale();
  if (*digits < 0)
    return data_type::decimal(std::min(max_precision, integral)).with_nullable(t.nullable());
  return data_type::decimal(std::min(max_precision, integral + *digits), *digits)
    .with_nullable(t.nullable());
}

data_type sum_type(const data_type& t) {
  if (t.is(type_root::decimal)) return data_type::decimal(max_precision, t.scale());
  return t.as_nullable();
}

data_type average_type(const data_type& t) {
  if (t.is(type_root::decimal))
    return data_type::decimal(max_precision, std::max(min_adjusted_scale, t.scale()));
  return t.as_nullable();
}

} // namespace sluice::table
