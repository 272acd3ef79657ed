/// Aggregate functions over columns: states lie in memory of the operator, one call per batch.
#pragma once

#include "sluice/core/bytes.hpp"
#include "sluice/table/column/column.hpp"
#include "sluice/table/function/function.hpp"

#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace sluice::table {

/// An aggregate function for certain argument types.
///
/// The operator owns the states: `state_size` bytes each, aligned to 16, that `create` made and
/// `destroy` ends. Where a function takes a list of states, entry k belongs to row `rows[k]` (the
/// same state may occur many times); `states[k] + offset` is the address.
///
/// Thread safety: const, so one object serves all threads; a state belongs to one thread.
class aggregate_function {
public:
  virtual ~aggregate_function() = default;

  const data_type& result() const noexcept { return result_; }
  /// What the arguments have to be cast to.
  const std::vector<data_type>& arguments() const noexcept { return arguments_; }
  std::size_t state_size() const noexcept { return state_size_; }
  /// Whether `retract` works.
  bool retractable() const noexcept { return retractable_; }
  /// Whether states need `destroy`, and cannot be moved by copying their bytes.
  bool trivial() const noexcept { return trivial_; }

  virtual void create(std::byte* state) const = 0;
  virtual void destroy(std::byte* state) const noexcept = 0;

  /// Adds the arguments of each of `rows` to its state. Rows that do not count (NULL, mostly) are
  /// passed over.
  virtual void update(std::byte* const* states, std::size_t offset,
                      std::span<const column* const> args, const selection& rows) const
    = 0;
  /// Adds all rows to one state.
  virtual void update_one(std::byte* state, std::span<const column* const> args,
                          const selection& rows) const
    = 0;
  /// Takes back rows that were added before. REQUIRES: `retractable()`.
  virtual void retract(std::byte* const* states, std::size_t offset,
                       std::span<const column* const> args, const selection& rows) const
    = 0;
  /// Adds what `from` has seen to `into`, for each of `count` pairs. Where the order of rows
  /// matters, those of `from` come after.
  virtual void merge(std::byte* const* into, const std::byte* const* from, std::size_t offset,
                     std::size_t count) const
    = 0;
  /// Appends the result of each of `count` states to `out`, a flat column of type `result()`.
  virtual void emit(const std::byte* const* states, std::size_t offset, std::size_t count,
                    column& out) const
    = 0;

  /// Writes a state, and makes one of what was written in memory that holds none.
  virtual void encode(const std::byte* state, byte_writer& out) const = 0;
  /// Errors: `format_error`; then no state was made.
  virtual void decode(byte_reader& in, std::byte* state) const = 0;

protected:
  aggregate_function(data_type result, std::vector<data_type> arguments, std::size_t state_size,
                     bool retractable, bool trivial)
    : result_(std::move(result)), arguments_(std::move(arguments)), state_size_(state_size),
      retractable_(retractable), trivial_(trivial) {}

private:
  data_type result_;
  std::vector<data_type> arguments_;
  std::size_t state_size_;
  bool retractable_;
  bool trivial_;
};

/// An aggregate function with all its overloads.
struct aggregate_definition {
  /// In capitals.
  std::string name;
  std::vector<std::string> aliases;
  std::string signature;
  std::string doc;
  /// Errors: `plan_error` that says what arguments it takes.
  std::function<std::shared_ptr<const aggregate_function>(std::span<const call_argument>,
                                                          bool retractable)>
    resolve;
};

} // namespace sluice::table
