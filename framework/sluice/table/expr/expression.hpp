/// Bound expressions: trees of input columns, literals, calls, casts and conditions with types.
#pragma once

#include "sluice/table/function/function.hpp"

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace sluice::table {

/// A place in the text of a query; line 0 where there is no text.
struct source_position {
  int line = 0;
  int column = 0;

  friend bool operator==(const source_position&, const source_position&) = default;
};

/// `3:14: message`, or only the message without a place.
std::string with_position(source_position at, const std::string& message);

/// A query that cannot be planned; `what()` begins with the place.
class binding_error : public plan_error {
public:
  binding_error(source_position at, const std::string& message)
    : plan_error(with_position(at, message)), position_(at) {}
  source_position position() const noexcept { return position_; }

private:
  source_position position_;
};

/// A row for which an expression has no value; `what()` begins with the place.
class evaluation_error : public error {
public:
  evaluation_error(source_position at, const std::string& message)
    : error(with_position(at, message)), position_(at) {}
  source_position position() const noexcept { return position_; }

private:
  source_position position_;
};

enum class expression_kind : std::uint8_t {
  input,     ///< a column of the input
  literal,   ///< a constant
  call,      ///< a function
  cast,      ///< CAST and TRY_CAST, asked for or implied
  and_,      ///< of all children, in order, stopping early
  or_,       ///< likewise
  case_when, ///< children: condition, value, condition, value, .., default
  coalesce,  ///< the first child that is not NULL
};

class expression;
using expression_ptr = std::shared_ptr<const expression>;

/// A node of a bound expression. Immutable, so trees share their parts; thread-safe.
class expression {
public:
  static expression_ptr input(std::size_t index, data_type type, std::string name = {},
                              source_position at = {});
  static expression_ptr literal(scalar value, source_position at = {});
  /// `value` as `type`; itself if it is that already. Errors: `binding_error` when there is no such
  /// cast.
  static expression_ptr cast(expression_ptr value, const data_type& type, source_position at = {},
                             bool try_cast = false);
  /// A call of what `function_registry` resolved, with arguments cast to what it wants.
  static expression_ptr call(std::string name, resolved_call function,
                             std::vector<expression_ptr> arguments, source_position at = {});
  /// REQUIRES of both: boolean operands, at least one.
  static expression_ptr all_of(std::vector<expression_ptr> operands, source_position at = {});
  static expression_ptr any_of(std::vector<expression_ptr> operands, source_position at = {});
  /// Condition and value in turn, then the default (NULL if absent); values are cast to their
  /// common type. Errors: `binding_error` without one.
  static expression_ptr case_when(std::vector<expression_ptr> parts, source_position at = {});
  static expression_ptr coalesce(std::vector<expression_ptr> operands, source_position at = {});

  expression_kind kind() const noexcept { return kind_; }
  const data_type& type() const noexcept { return type_; }
  source_position position() const noexcept { return position_; }
  const std::vector<expression_ptr>& children() const noexcept { return children_; }

  /// Of an input.
  std::size_t index() const noexcept { return index_; }
  /// Of an input or a call.
  const std::string& name() const noexcept { return name_; }
  /// Of a literal.
  const scalar& value() const noexcept { return value_; }
  /// Of a call or a cast.
  const resolved_call& function() const noexcept { return function_; }
  bool is_try_cast() const noexcept { return try_cast_; }

  /// A copy with other children of the same types.
  expression_ptr with_children(std::vector<expression_ptr> children) const;

  /// Whether it has the same value whenever its input has (no RAND, no CURRENT_TIME in it).
  bool deterministic() const noexcept { return deterministic_; }
  /// Whether evaluating it may throw for some rows.
  bool can_fail() const noexcept { return can_fail_; }
  /// Whether it reads no input.
  bool constant() const noexcept { return constant_; }

  /// As EXPLAIN shows it: `(a + 1) > $2`, `UPPER(name)`.
  std::string to_string() const;

  /// Whether two trees compute the same; places do not matter.
  friend bool operator==(const expression& a, const expression& b);

private:
  struct access {};

public:
  explicit expression(access) {}

private:
  static std::shared_ptr<expression> make(expression_kind kind, data_type type,
                                          std::vector<expression_ptr> children, source_position at);
  void summarize();

  expression_kind kind_ = expression_kind::literal;
  bool try_cast_ = false;
  bool deterministic_ = true;
  bool can_fail_ = false;
  bool constant_ = true;
  data_type type_;
  source_position position_;
  std::vector<expression_ptr> children_;
  std::size_t index_ = 0;
  std::string name_;
  scalar value_;
  resolved_call function_;
};

/// Rebuilds a tree from the leaves up: `f` gets each node with its new children and returns it or
/// another.
expression_ptr transform(const expression_ptr& tree,
                         const std::function<expression_ptr(const expression_ptr&)>& f);

/// The numbers of the input columns that are read, ascending.
std::vector<std::size_t> inputs_of(const expression& tree);

} // namespace sluice::table
