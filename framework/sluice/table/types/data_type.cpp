#include "sluice/table/types/data_type.hpp"

#include <fmt/format.h>

#include <utility>

namespace sluice::table {

struct data_type::nested {
  std::vector<data_type> children;
  std::vector<std::string> names;
};

namespace {

std::int32_t checked_length(std::int32_t length, std::string_view name) {
  if (length < 1)
    throw plan_error(fmt::format("the length of {} must be at least 1, but is {}", name, length));
  return length;
}

std::int32_t checked_fraction(std::int32_t precision, std::int32_t most, std::string_view name) {
  if (precision < 0 || precision > 9)
    throw plan_error(
      fmt::format("the precision of {} must be between 0 and 9, but is {}", name, precision));
  if (precision > most)
    throw plan_error(
      fmt::format("{0}({1}) is not supported: {0} keeps at most {2} digits of a second", name,
                  precision, most));
  return precision;
}

std::string quoted(std::string_view name) {
  std::string out = "`";
  for (char c : name) {
    if (c == '`') out += '`';
    out += c;
  }
  return out + '`';
}

} // namespace

data_type data_type::decimal(std::int32_t precision, std::int32_t scale) {
  if (precision < 1 || precision > max_decimal_precision)
    throw plan_error(
      fmt::format("the precision of DECIMAL must be between 1 and 38, but is {}", precision));
  if (scale < 0 || scale > precision)
    throw plan_error(fmt::format(
      "the scale of DECIMAL must be between 0 and the precision {}, but is {}", precision, scale));
  return data_type(type_root::decimal, precision, scale);
}

data_type data_type::char_(std::int32_t length) {
  return data_type(type_root::char_, checked_length(length, "CHAR"));
}
data_type data_type::varchar(std::int32_t length) {
  return data_type(type_root::varchar, checked_length(length, "VARCHAR"));
}
data_type data_type::binary(std::int32_t length) {
  return data_type(type_root::binary, checked_length(length, "BINARY"));
}
data_type data_type::varbinary(std::int32_t length) {
  return data_type(type_root::varbinary, checked_length(length, "VARBINARY"));
}
data_type data_type::time(std::int32_t precision) {
  return data_type(type_root::time, checked_fraction(precision, 3, "TIME"));
}
data_type data_type::timestamp(std::int32_t precision) {
  return data_type(type_root::timestamp,
                   checked_fraction(precision, max_time_precision, "TIMESTAMP"));
}
data_type data_type::timestamp_ltz(std::int32_t precision) {
  return data_type(type_root::timestamp_ltz,
                   checked_fraction(precision, max_time_precision, "TIMESTAMP_LTZ"));
}

data_type data_type::make_nested(type_root root, std::vector<data_type> children,
                                 std::vector<std::string> names) {
  data_type result(root);
  result.nested_ = std::make_shared<nested>(nested{std::move(children), std::move(names)});
  return result;
}

data_type data_type::array(data_type element) {
  return make_nested(type_root::array, {std::move(element)});
}

data_type data_type::map(data_type key, data_type value) {
  return make_nested(type_root::map, {std::move(key), std::move(value)});
}

data_type data_type::row(std::vector<field> fields) {
  std::vector<data_type> children;
  std::vector<std::string> names;
  for (auto& f : fields) {
    children.push_back(std::move(f.type));
    names.push_back(std::move(f.name));
  }
  return make_nested(type_root::row, std::move(children), std::move(names));
}

physical_type data_type::physical() const noexcept {
  switch (root_) {
  case type_root::null:
  case type_root::boolean:
    return physical_type::boolean;
  case type_root::tinyint:
    return physical_type::int8;
  case type_root::smallint:
    return physical_type::int16;
  case type_root::integer:
  case type_root::date:
  case type_root::time:
  case type_root::interval_year_month:
    return physical_type::int32;
  case type_root::bigint:
  case type_root::timestamp:
  case type_root::timestamp_ltz:
  case type_root::interval_day_time:
    return physical_type::int64;
  case type_root::float_:
    return physical_type::float32;
  case type_root::double_:
    return physical_type::float64;
  case type_root::decimal:
    return physical_type::decimal128;
  case type_root::char_:
  case type_root::varchar:
  case type_root::binary:
  case type_root::varbinary:
    return physical_type::string;
  case type_root::array:
  case type_root::map:
    return physical_type::list;
  case type_root::row:
    return physical_type::row;
  }
  return physical_type::boolean;
}

std::span<const data_type> data_type::children() const noexcept {
  return nested_ ? std::span<const data_type>(nested_->children) : std::span<const data_type>{};
}

std::span<const std::string> data_type::field_names() const noexcept {
  return nested_ ? std::span<const std::string>(nested_->names) : std::span<const std::string>{};
}

data_type data_type::with_nullable(bool nullable) const {
  auto copy = *this;
  copy.nullable_ = nullable || root_ == type_root::null;
  return copy;
}

bool operator==(const data_type& a, const data_type& b) noexcept {
  if (a.root_ != b.root_ || a.nullable_ != b.nullable_ || a.length_ != b.length_
      || a.scale_ != b.scale_)
    return false;
  if (a.nested_ == b.nested_) return true;
  return a.nested_ && b.nested_ && a.nested_->children == b.nested_->children
         && a.nested_->names == b.nested_->names;
}

namespace {

std::string text_of_length(std::string_view name, std::string_view longest, std::int32_t length) {
  if (length == data_type::max_length && !longest.empty()) return std::string(longest);
  return fmt::format("{}({})", name, length);
}

std::string nested_text(const data_type& t) {
  if (t.is(type_root::array)) return "ARRAY<" + t.element().to_string() + ">";
  if (t.is(type_root::map))
    return "MAP<" + t.children()[0].to_string() + ", " + t.children()[1].to_string() + ">";
  std::string out = "ROW<";
  for (std::size_t i = 0; i < t.children().size(); ++i) {
    if (i > 0) out += ", ";
    out += quoted(t.field_names()[i]) + ' ' + t.children()[i].to_string();
  }
  return out + '>';
}

std::string bare_text(const data_type& t) {
  switch (t.root()) {
  case type_root::null:
    return "NULL";
  case type_root::boolean:
    return "BOOLEAN";
  case type_root::tinyint:
    return "TINYINT";
  case type_root::smallint:
    return "SMALLINT";
  case type_root::integer:
    return "INT";
  case type_root::bigint:
    return "BIGINT";
  case type_root::float_:
    return "FLOAT";
  case type_root::double_:
    return "DOUBLE";
  case type_root::decimal:
    return fmt::format("DECIMAL({}, {})", t.precision(), t.scale());
  case type_root::char_:
    return text_of_length("CHAR", "", t.length());
  case type_root::varchar:
    return text_of_length("VARCHAR", "STRING", t.length());
  case type_root::binary:
    return text_of_length("BINARY", "", t.length());
  case type_root::varbinary:
    return text_of_length("VARBINARY", "BYTES", t.length());
  case type_root::date:
    return "DATE";
  case type_root::time:
    return fmt::format("TIME({})", t.precision());
  case type_root::timestamp:
    return fmt::format("TIMESTAMP({})", t.precision());
  case type_root::timestamp_ltz:
    return fmt::format("TIMESTAMP_LTZ({})", t.precision());
  case type_root::interval_year_month:
    return "INTERVAL YEAR TO MONTH";
  case type_root::interval_day_time:
    return "INTERVAL DAY TO SECOND(3)";
  case type_root::array:
  case type_root::map:
  case type_root::row:
    return nested_text(t);
  }
  return "?";
}

} // namespace

std::string data_type::to_string() const {
  auto text = bare_text(*this);
  if (!nullable_) text += " NOT NULL";
  return text;
}

} // namespace sluice::table
