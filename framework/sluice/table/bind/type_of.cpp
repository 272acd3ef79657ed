#include "sluice/table/bind/binder.hpp"
#include "sluice/table/bind/internal/support.hpp"

#include <fmt/format.h>

#include <map>

namespace sluice::table {

namespace {

using maker = data_type (*)(const sql::type_syntax&);

std::int32_t number_or(const std::optional<std::uint32_t>& n, std::int32_t other) {
  return n ? static_cast<std::int32_t>(*n) : other;
}

data_type interval_type(const sql::type_syntax& syntax) {
  auto from = syntax.interval ? syntax.interval->from : sql::time_unit::second;
  if (from == sql::time_unit::year || from == sql::time_unit::month)
    return data_type::interval_year_month();
  return data_type::interval_day_time();
}

data_type row_type(const sql::type_syntax& syntax) {
  std::vector<data_type::field> fields;
  for (const auto& f : syntax.fields) {
    for (const auto& other : fields)
      if (other.name == f.name.text)
        throw binding_error(internal::at(f.name.where),
                            fmt::format("the ROW has two fields '{}'", f.name.text));
    fields.push_back({f.name.text, type_of(f.type)});
  }
  return data_type::row(std::move(fields));
}

const std::map<std::string, maker, std::less<>>& makers() {
  using syntax = const sql::type_syntax&;
  static const std::map<std::string, maker, std::less<>> all{
    {"NULL", [](syntax) { return data_type::null(); }},
    {"BOOLEAN", [](syntax) { return data_type::boolean(); }},
    {"TINYINT", [](syntax) { return data_type::tinyint(); }},
    {"SMALLINT", [](syntax) { return data_type::smallint(); }},
    {"INT", [](syntax) { return data_type::integer(); }},
    {"BIGINT", [](syntax) { return data_type::bigint(); }},
    {"FLOAT", [](syntax) { return data_type::float_(); }},
    {"DOUBLE", [](syntax) { return data_type::double_(); }},
    {"DECIMAL",
     [](syntax t) {
       return data_type::decimal(number_or(t.precision, 10), number_or(t.scale, 0));
     }},
    {"CHAR", [](syntax t) { return data_type::char_(number_or(t.precision, 1)); }},
    // Without a length Flink's DDL reads these two as the longest; CAST(x AS VARCHAR) relies on it.
    {"VARCHAR",
     [](syntax t) { return data_type::varchar(number_or(t.precision, data_type::max_length)); }},
    {"VARBINARY",
     [](syntax t) { return data_type::varbinary(number_or(t.precision, data_type::max_length)); }},
    {"STRING", [](syntax) { return data_type::string(); }},
    {"BINARY", [](syntax t) { return data_type::binary(number_or(t.precision, 1)); }},
    {"BYTES", [](syntax) { return data_type::bytes(); }},
    {"DATE", [](syntax) { return data_type::date(); }},
    {"TIME", [](syntax t) { return data_type::time(number_or(t.precision, 0)); }},
    {"TIMESTAMP", [](syntax t) { return data_type::timestamp(number_or(t.precision, 6)); }},
    {"TIMESTAMP_LTZ", [](syntax t) { return data_type::timestamp_ltz(number_or(t.precision, 6)); }},
    {"INTERVAL", interval_type},
    {"ARRAY", [](syntax t) { return data_type::array(type_of(t.elements.at(0))); }},
    {"MAP",
     [](syntax t) { return data_type::map(type_of(t.elements.at(0)), type_of(t.elements.at(1))); }},
    {"ROW", row_type},
  };
  return all;
}

} // namespace

data_type type_of(const sql::type_syntax& syntax) {
  auto it = makers().find(syntax.name);
  if (it == makers().end()) {
    if (syntax.name == "TIMESTAMP_TZ")
      internal::not_supported(syntax.where, "TIMESTAMP WITH TIME ZONE; use TIMESTAMP_LTZ");
    if (syntax.name == "MULTISET" || syntax.name == "RAW")
      internal::not_supported(syntax.where, "the type " + syntax.name);
    throw binding_error(internal::at(syntax.where), "there is no type " + syntax.name);
  }
  try {
    return it->second(syntax).with_nullable(syntax.null != sql::nullability::not_null);
  } catch (const binding_error&) {
    throw;
  } catch (const plan_error& e) {
    throw binding_error(internal::at(syntax.where), e.what());
  }
}

} // namespace sluice::table
