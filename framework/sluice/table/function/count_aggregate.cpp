#include "sluice/table/function/aggregate.hpp"
#include "sluice/table/function/builtins.hpp"
#include "sluice/table/function/registry.hpp"

#include <memory>
#include <vector>

namespace sluice::table {

namespace {

using i64 = std::int64_t;
using aggregate_ptr = std::shared_ptr<const aggregate_function>;

/// COUNT of rows whose arguments are all not NULL.
class count_rows final : public aggregate_function {
public:
  explicit count_rows(std::vector<data_type> arguments)
    : aggregate_function(data_type::bigint().not_null(), std::move(arguments), sizeof(i64), true,
                         true) {}

  void create(std::byte* s) const override { ::new (s) i64(0); }
  void destroy(std::byte*) const noexcept override {}
  void update(std::byte* const* states, std::size_t offset, std::span<const column* const> args,
              const selection& rows) const override {
    change(states, offset, args, rows, 1);
  }
  void retract(std::byte* const* states, std::size_t offset, std::span<const column* const> args,
               const selection& rows) const override {
    change(states, offset, args, rows, -1);
  }
  void update_one(std::byte* s, std::span<const column* const> args,
                  const selection& rows) const override {
    i64 count = 0;
    if (!has_nulls(args))
      count = static_cast<i64>(rows.size());
    else
      rows.for_each([&](std::size_t i) { count += counts(args, i) ? 1 : 0; });
    *at(s) += count;
  }
  void merge(std::byte* const* into, const std::byte* const* from, std::size_t offset,
             std::size_t count) const override {
    for (std::size_t k = 0; k < count; ++k)
      *at(into[k] + offset) += *reinterpret_cast<const i64*>(from[k] + offset);
  }
  void emit(const std::byte* const* states, std::size_t offset, std::size_t count,
            column& out) const override {
    for (std::size_t k = 0; k < count; ++k)
      out.append(*reinterpret_cast<const i64*>(states[k] + offset));
  }
  void encode(const std::byte* s, byte_writer& out) const override {
    out.raw(*reinterpret_cast<const i64*>(s));
  }
  void decode(byte_reader& in, std::byte* s) const override { ::new (s) i64(in.raw<i64>()); }

private:
  static i64* at(std::byte* s) { return reinterpret_cast<i64*>(s); }
  static bool has_nulls(std::span<const column* const> args) {
    for (const auto* a : args)
      if (a->may_have_nulls()) return true;
    return false;
  }
  static bool counts(std::span<const column* const> args, std::size_t row) {
    for (const auto* a : args)
      if (a->is_null(row)) return false;
    return true;
  }
  static void change(std::byte* const* states, std::size_t offset,
                     std::span<const column* const> args, const selection& rows, i64 by) {
    if (!has_nulls(args)) {
      for (std::size_t k = 0; k < rows.size(); ++k) *at(states[k] + offset) += by;
      return;
    }
    for (std::size_t k = 0; k < rows.size(); ++k)
      if (counts(args, rows[k])) *at(states[k] + offset) += by;
  }
};

aggregate_ptr resolve_count(std::span<const call_argument> args, bool) {
  std::vector<data_type> types;
  for (const auto& a : args) types.push_back(a.type);
  return std::make_shared<count_rows>(std::move(types));
}

} // namespace

void add_count(function_registry& r) {
  r.add(aggregate_definition{"COUNT",
                             {},
                             "COUNT([ ALL ] expression | DISTINCT expression1 [, expression2]*)",
                             "The number of rows, or of those without NULL.",
                             resolve_count});
}

} // namespace sluice::table
