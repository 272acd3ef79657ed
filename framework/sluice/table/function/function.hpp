/// What a scalar function is: a name, a rule for its types, and a kernel that runs over batches.
#pragma once

#include "sluice/core/time.hpp"
#include "sluice/table/column/column.hpp"
#include "sluice/table/column/scalar.hpp"
#include "sluice/table/types/time_zone.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace sluice::table {

/// What expressions know besides their input. One per operator instance.
struct expression_context {
  /// `table.local-time-zone`: of TIMESTAMP_LTZ as text, CURRENT_DATE and the like.
  time_zone zone;
  /// The present in UTC microseconds: CURRENT_TIMESTAMP and the like. Whoever evaluates sets it,
  /// once per query in batch mode and once per batch of rows in streaming mode.
  std::int64_t now_micros = 0;
  /// The watermark that CURRENT_WATERMARK shows; NULL before the first.
  timestamp watermark = min_timestamp;
};

/// What a kernel keeps between batches, one per call in an evaluator.
class function_state {
public:
  virtual ~function_state() = default;
};

/// One run of a kernel over a batch.
struct kernel_call {
  /// Flat or constant columns of the types that `resolved_call::arguments` names.
  std::span<const column* const> args;
  /// The rows to compute. If the function propagates NULLs, no argument is NULL in them (unless the
  /// function is `dense`, which is told to compute rows that nobody will read).
  selection rows;
  /// Rows of the batch, and of `out`.
  std::size_t size;
  /// Flat; where an argument is NULL already NULL if the function propagates NULLs.
  column& out;
  std::unique_ptr<function_state>& state;
  const expression_context& context;
};

/// Errors: may throw anything; the evaluator adds the place in the query.
using kernel = std::function<void(kernel_call&)>;

/// A function that was matched with the types of its arguments.
struct resolved_call {
  data_type result;
  /// What the arguments have to be cast to.
  std::vector<data_type> arguments;
  kernel run;
  /// NULL if some argument is NULL, without asking the kernel.
  bool propagates_nulls = true;
  /// Some values of the arguments make it throw, so it runs only for rows that are needed.
  bool can_fail = false;
  /// So cheap and safe that computing all rows is quicker than computing chosen ones. Only of
  /// results and arguments of fixed width.
  bool dense = false;
  /// Same arguments, same result, so that it can be computed when the query is planned.
  bool deterministic = true;
};

/// An argument as the rule of a function sees it.
struct call_argument {
  data_type type;
  /// The value, if the query says it in so many words.
  std::optional<scalar> literal;
};

/// A scalar function with all its overloads.
struct scalar_function {
  /// In capitals.
  std::string name;
  std::vector<std::string> aliases;
  /// As flink_surface.md writes it: `UPPER(string)`.
  std::string signature;
  /// One sentence.
  std::string doc;
  /// Errors: `plan_error` that says what arguments it takes.
  std::function<resolved_call(std::span<const call_argument>)> resolve;
};

/// Throws `plan_error` unless there are between `least` and `most` arguments.
void check_argument_count(std::size_t count, std::size_t least, std::size_t most);

/// The text of an argument that must be a literal. Errors: `plan_error` that calls it `what`.
std::string literal_text(const call_argument& argument, std::string_view what);

/// Whether some argument is nullable, which mostly makes the result nullable.
bool any_nullable(std::span<const call_argument> arguments);

} // namespace sluice::table
