// SINGLE_VALUE: the value of a scalar subquery, which must not have more than one row.
#include "sluice/core/codec.hpp"
#include "sluice/table/column/scalar.hpp"
#include "sluice/table/function/builtins.hpp"
#include "sluice/table/function/registry.hpp"

#include <new>
#include <utility>
#include <vector>

namespace sluice::table {

namespace {

/// Keeps the rows as values of any type: there should be one, and few come and go before the state
/// is looked at.
class single_value final : public aggregate_function {
public:
  explicit single_value(const data_type& type)
    : aggregate_function(type.as_nullable(), {type}, sizeof(state), true, false) {}

  void create(std::byte* s) const override { ::new (s) state(); }
  void destroy(std::byte* s) const noexcept override { std::destroy_at(at(s)); }

  void update(std::byte* const* states, std::size_t offset, std::span<const column* const> args,
              const selection& rows) const override {
    for (std::size_t k = 0; k < rows.size(); ++k)
      at(states[k] + offset)->add(read(*args[0], rows[k]), 1);
  }
  void update_one(std::byte* s, std::span<const column* const> args,
                  const selection& rows) const override {
    for (std::size_t k = 0; k < rows.size(); ++k) at(s)->add(read(*args[0], rows[k]), 1);
  }
  void retract(std::byte* const* states, std::size_t offset, std::span<const column* const> args,
               const selection& rows) const override {
    for (std::size_t k = 0; k < rows.size(); ++k)
      at(states[k] + offset)->add(read(*args[0], rows[k]), -1);
  }
  void merge(std::byte* const* into, const std::byte* const* from, std::size_t offset,
             std::size_t count) const override {
    for (std::size_t k = 0; k < count; ++k)
      for (const auto& [value, times] : at(from[k] + offset)->values)
        at(into[k] + offset)->add(value, times);
  }

  /// Errors: `error` if a state has more than one row.
  void emit(const std::byte* const* states, std::size_t offset, std::size_t count,
            column& out) const override {
    for (std::size_t k = 0; k < count; ++k) {
      const auto& values = at(states[k] + offset)->values;
      if (values.size() > 1 || (values.size() == 1 && values[0].second > 1))
        throw error("a scalar subquery has more than one row");
      if (values.empty() || values[0].second < 1)
        out.append_null();
      else
        values[0].first.append_to(out);
    }
  }

  void encode(const std::byte* s, byte_writer& out) const override {
    const auto& values = at(s)->values;
    column stored(result());
    for (const auto& [value, times] : values) value.append_to(stored);
    out.varint(values.size());
    stored.encode(out);
    for (const auto& [value, times] : values) encode_value(out, times);
  }
  void decode(byte_reader& in, std::byte* s) const override {
    state fresh;
    auto count = in.count();
    column stored(result());
    stored.decode(in);
    if (stored.size() != count) throw format_error("a state of SINGLE_VALUE with missing values");
    for (std::size_t i = 0; i < count; ++i)
      fresh.values.emplace_back(read(stored, i), decode_value<std::int64_t>(in));
    ::new (s) state(std::move(fresh));
  }

private:
  struct state {
    std::vector<std::pair<scalar, std::int64_t>> values; // and how often

    void add(scalar value, std::int64_t times) {
      for (auto it = values.begin(); it != values.end(); ++it) {
        if (!(it->first == value)) continue;
        it->second += times;
        if (it->second == 0) values.erase(it);
        return;
      }
      values.emplace_back(std::move(value), times);
    }
  };

  /// Of one type, so that values are equal whichever column they come from.
  scalar read(const column& c, std::size_t row) const {
    return scalar::from(c, row).with_type(result());
  }

  static state* at(std::byte* s) { return std::launder(reinterpret_cast<state*>(s)); }
  static const state* at(const std::byte* s) {
    return std::launder(reinterpret_cast<const state*>(s));
  }
};

} // namespace

void add_single_value(function_registry& registry) {
  registry.add(aggregate_definition{
    "SINGLE_VALUE",
    {},
    "SINGLE_VALUE(expression)",
    "The value of the only row; NULL without rows, an error if there are more.",
    [](std::span<const call_argument> args, bool) -> std::shared_ptr<const aggregate_function> {
      check_argument_count(args.size(), 1, 1);
      return std::make_shared<single_value>(args[0].type);
    }});
}

} // namespace sluice::table
