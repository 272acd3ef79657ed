// Aggregates that put all values of their argument together: ARRAY_AGG, PERCENTILE, JSON.
#include "sluice/table/function/collecting_aggregates.hpp"

#include "sluice/table/column/key.hpp"
#include "sluice/table/function/aggregate_base.hpp"
#include "sluice/table/function/registry.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <unordered_map>

namespace sluice::table {

namespace {

using i64 = std::int64_t;
using aggregate_ptr = std::shared_ptr<const aggregate_function>;

/// The parts of `aggregate_function` that are alike for every state of a C++ type; `Derived` has
/// `change(State&, args, row, times)`, with times 1 or -1.
template <class Derived, class State>
class row_aggregate : public aggregate_function {
public:
  void create(std::byte* s) const override { ::new (s) State(); }
  void destroy(std::byte* s) const noexcept override { std::destroy_at(at(s)); }

  void update(std::byte* const* states, std::size_t offset, std::span<const column* const> args,
              const selection& rows) const override {
    for (std::size_t k = 0; k < rows.size(); ++k)
      self().change(*at(states[k] + offset), args, rows[k], 1);
  }
  void update_one(std::byte* s, std::span<const column* const> args,
                  const selection& rows) const override {
    for (std::size_t k = 0; k < rows.size(); ++k) self().change(*at(s), args, rows[k], 1);
  }
  void retract(std::byte* const* states, std::size_t offset, std::span<const column* const> args,
               const selection& rows) const override {
    for (std::size_t k = 0; k < rows.size(); ++k)
      self().change(*at(states[k] + offset), args, rows[k], -1);
  }

protected:
  row_aggregate(data_type result, std::vector<data_type> arguments)
    : aggregate_function(std::move(result), std::move(arguments), sizeof(State), true, false) {}

  static State* at(std::byte* s) { return std::launder(reinterpret_cast<State*>(s)); }
  static const State* at(const std::byte* s) {
    return std::launder(reinterpret_cast<const State*>(s));
  }

private:
  const Derived& self() const { return static_cast<const Derived&>(*this); }
};

// -- ARRAY_AGG ------------------------------------------------------------------------------------

struct collected_rows {
  std::unique_ptr<column> values; ///< null: none
};

class array_aggregate final : public row_aggregate<array_aggregate, collected_rows> {
public:
  array_aggregate(const data_type& element, std::vector<data_type> arguments, bool ignore_nulls)
    : row_aggregate(data_type::array(element).as_nullable(), std::move(arguments)),
      element_(element), ignore_nulls_(ignore_nulls) {}

  void change(collected_rows& s, std::span<const column* const> args, std::uint32_t row,
              i64 times) const {
    const auto& value = *args[0];
    if (ignore_nulls_ && value.is_null(row)) return;
    if (times < 0) return remove(s, value, row);
    if (!s.values) s.values = std::make_unique<column>(element_);
    s.values->append_rows(value, selection(&row, 1));
  }

  void merge(std::byte* const* into, const std::byte* const* from, std::size_t offset,
             std::size_t count) const override {
    for (std::size_t k = 0; k < count; ++k) {
      const auto& other = at(from[k] + offset)->values;
      if (!other) continue;
      auto& own = at(into[k] + offset)->values;
      if (!own) own = std::make_unique<column>(element_);
      own->append_range(*other, 0, other->size());
    }
  }

  void emit(const std::byte* const* states, std::size_t offset, std::size_t count,
            column& out) const override {
    for (std::size_t k = 0; k < count; ++k) {
      const auto& values = at(states[k] + offset)->values;
      if (!values || values->empty()) {
        out.append_null();
        continue;
      }
      out.child(0).append_range(*values, 0, values->size());
      out.append_list(values->size());
    }
  }

  void encode(const std::byte* s, byte_writer& out) const override {
    const auto& values = at(s)->values;
    detail::put(out, values != nullptr);
    if (values) values->encode(out);
  }
  void decode(byte_reader& in, std::byte* s) const override {
    collected_rows fresh;
    if (detail::get<bool>(in)) {
      fresh.values = std::make_unique<column>(element_);
      fresh.values->decode(in);
    }
    ::new (s) collected_rows(std::move(fresh));
  }

private:
  /// The oldest value that is the same goes.
  void remove(collected_rows& s, const column& value, std::uint32_t row) const {
    if (!s.values) return;
    std::size_t at = 0;
    while (at < s.values->size() && !rows_equal(*s.values, at, value, row)) ++at;
    if (at == s.values->size()) return;
    auto rest = std::make_unique<column>(element_);
    rest->append_range(*s.values, 0, at);
    rest->append_range(*s.values, at + 1, s.values->size());
    s.values = rest->empty() ? nullptr : std::move(rest);
  }

  data_type element_;
  bool ignore_nulls_;
};

aggregate_ptr resolve_array(std::span<const call_argument> args, bool) {
  check_argument_count(args.size(), 1, 2);
  if (args[0].type.is(type_root::null)) throw plan_error("it takes a value that has a type");
  // The binder says IGNORE NULLS by a second argument.
  bool ignore_nulls = args.size() == 2;
  if (ignore_nulls && literal_text(args[1], "what becomes of NULLs") != "IGNORE NULLS")
    throw plan_error("it takes one argument, but got 2");
  std::vector<data_type> types;
  for (const auto& a : args) types.push_back(a.type);
  auto element = ignore_nulls ? args[0].type.not_null() : args[0].type;
  return std::make_shared<array_aggregate>(element, types, ignore_nulls);
}

// -- PERCENTILE -----------------------------------------------------------------------------------

struct frequencies {
  std::map<double, i64> counts;
  i64 total = 0;

  void add(double value, i64 times) {
    auto it = counts.try_emplace(value, 0).first;
    it->second += times;
    total += times;
    if (it->second == 0) counts.erase(it);
  }
  /// The value of that place among all in order. REQUIRES: there is one.
  double at(i64 place) const {
    for (const auto& [value, times] : counts) {
      place -= times;
      if (place < 0) return value;
    }
    return counts.rbegin()->first;
  }
};

class percentile final : public row_aggregate<percentile, frequencies> {
public:
  percentile(double percentage, std::vector<data_type> arguments)
    : row_aggregate(data_type::double_(), std::move(arguments)), percentage_(percentage) {}

  void change(frequencies& s, std::span<const column* const> args, std::uint32_t row,
              i64 times) const {
    if (args[0]->is_null(row)) return;
    if (args.size() > 2) {
      if (args[2]->is_null(row)) return;
      auto frequency = args[2]->value<i64>(row);
      if (frequency < 0) throw error("PERCENTILE: the frequency of a value is negative");
      times *= frequency;
    }
    if (times != 0) s.add(args[0]->value<double>(row), times);
  }

  void merge(std::byte* const* into, const std::byte* const* from, std::size_t offset,
             std::size_t count) const override {
    for (std::size_t k = 0; k < count; ++k)
      for (const auto& [value, times] : at(from[k] + offset)->counts)
        at(into[k] + offset)->add(value, times);
  }

  void emit(const std::byte* const* states, std::size_t offset, std::size_t count,
            column& out) const override {
    for (std::size_t k = 0; k < count; ++k) {
      const auto& s = *at(states[k] + offset);
      if (s.counts.empty() || s.total <= 0) {
        out.append_null();
        continue;
      }
      auto place = percentage_ * static_cast<double>(s.total - 1);
      auto below = std::floor(place);
      auto low = s.at(static_cast<i64>(below));
      auto high = s.at(static_cast<i64>(std::ceil(place)));
      out.append(low == high ? low : low + (place - below) * (high - low));
    }
  }

  void encode(const std::byte* s, byte_writer& out) const override {
    out.varint(at(s)->counts.size());
    for (const auto& [value, times] : at(s)->counts) {
      detail::put(out, value);
      detail::put(out, times);
    }
  }
  void decode(byte_reader& in, std::byte* s) const override {
    frequencies fresh;
    for (auto n = in.count(); n > 0; --n) {
      auto value = detail::get<double>(in);
      fresh.add(value, detail::get<i64>(in));
    }
    ::new (s) frequencies(std::move(fresh));
  }

private:
  double percentage_;
};

double literal_number(const call_argument& argument) {
  if (!argument.literal || argument.literal->is_null() || !argument.type.is_numeric())
    throw plan_error("the percentage must be a number that the query says (arrays of them are not "
                     "supported yet)");
  if (argument.type.is_integer()) return static_cast<double>(argument.literal->integer());
  if (argument.type.is_approximate()) return argument.literal->floating();
  return static_cast<double>(argument.literal->digits()) / std::pow(10.0, argument.type.scale());
}

aggregate_ptr resolve_percentile(std::span<const call_argument> args, bool) {
  check_argument_count(args.size(), 2, 3);
  if (!args[0].type.is_numeric() && !args[0].type.is(type_root::null))
    throw plan_error("it takes a number, but got " + args[0].type.as_nullable().to_string());
  auto percentage = literal_number(args[1]);
  if (!(percentage >= 0 && percentage <= 1))
    throw plan_error(fmt::format("the percentage must be between 0 and 1, but is {}", percentage));
  std::vector<data_type> types{data_type::double_(), args[1].type};
  if (args.size() == 3) {
    if (!args[2].type.is_integer())
      throw plan_error("the frequency must be an integer, not "
                       + args[2].type.as_nullable().to_string());
    types.push_back(data_type::bigint());
  }
  return std::make_shared<percentile>(percentage, std::move(types));
}

// -- JSON_ARRAYAGG and JSON_OBJECTAGG -------------------------------------------------------------

/// Of values, or members, that are JSON texts already.
template <bool Object>
struct json_impl {
  using argument = std::string_view;
  using state = std::vector<std::string>;

  void add(state& s, std::string_view v) const { s.emplace_back(v); }
  void remove(state& s, std::string_view v) const {
    if (auto it = std::find(s.begin(), s.end(), v); it != s.end()) s.erase(it);
  }
  void merge(state& s, const state& from) const { s.insert(s.end(), from.begin(), from.end()); }
  void emit(column& out, const state& s) const {
    std::string text(1, Object ? '{' : '[');
    for (const auto* item : items_of(s)) {
      if (text.size() > 1) text += ',';
      text += *item;
    }
    text += Object ? '}' : ']';
    out.append_text(text);
  }
  void encode(byte_writer& out, const state& s) const {
    out.varint(s.size());
    for (const auto& item : s) detail::put(out, item);
  }
  state decode(byte_reader& in) const {
    state s;
    for (auto n = in.count(); n > 0; --n) s.push_back(detail::get<std::string>(in));
    return s;
  }

private:
  /// Of members with the same key the last one.
  static std::vector<const std::string*> items_of(const state& s) {
    std::vector<const std::string*> items;
    std::unordered_map<std::string_view, std::size_t> places;
    for (const auto& item : s) {
      if (Object) {
        auto [known, fresh] = places.emplace(key_of(item), items.size());
        if (!fresh) {
          items[known->second] = &item;
          continue;
        }
      }
      items.push_back(&item);
    }
    return items;
  }

  static std::string_view key_of(std::string_view member) {
    std::size_t end = 1;
    while (end < member.size() && member[end] != '"') end += member[end] == '\\' ? 2 : 1;
    return member.substr(0, end);
  }
};

template <bool Object>
aggregate_ptr resolve_json(std::span<const call_argument> args, bool) {
  check_argument_count(args.size(), 1, 1);
  return detail::make_aggregate(json_impl<Object>{}, data_type::string().not_null(),
                                {data_type::string()});
}

} // namespace

void add_collecting_aggregates(function_registry& r) {
  r.add(aggregate_definition{
    "ARRAY_AGG",
    {},
    "ARRAY_AGG([ ALL | DISTINCT ] expression [ RESPECT NULLS | IGNORE NULLS ])",
    "The values as an array, NULLs among them unless DISTINCT; NULL without rows.",
    resolve_array});
  r.add(aggregate_definition{"PERCENTILE",
                             {},
                             "PERCENTILE(expr, percentage[, frequency])",
                             "The value below which that part (0 to 1) of all lies, interpolated.",
                             resolve_percentile});
  r.add(aggregate_definition{"JSON_ARRAYAGG",
                             {},
                             "JSON_ARRAYAGG(items [ { NULL | ABSENT } ON NULL ])",
                             "The values as a JSON array.",
                             resolve_json<false>});
  r.add(aggregate_definition{"JSON_OBJECTAGG",
                             {},
                             "JSON_OBJECTAGG([KEY] key VALUE value [ { NULL | ABSENT } ON NULL ])",
                             "A JSON object of the keys and values.",
                             resolve_json<true>});
}

} // namespace sluice::table
