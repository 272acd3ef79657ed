/// The functions that queries can call.
#pragma once

#include "sluice/table/expr/expression.hpp"
#include "sluice/table/function/aggregate.hpp"
#include "sluice/table/function/function.hpp"
#include "sluice/table/function/kernel.hpp"
#include "sluice/table/function/user_aggregate.hpp"

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::table {

/// Functions by name, any case. Starts with the built-in ones.
///
/// Thread safety: const calls from any thread; adding is for one thread before queries use it.
class function_registry {
public:
  /// The built-in functions.
  function_registry();

  /// The built-in functions, shared by who adds none.
  static const function_registry& built_in();

  /// Errors: `plan_error` if the name is taken by another that is not of the user.
  void add(scalar_function function);
  void add(aggregate_definition function);

  /// A function of the user: types are deduced from the parameters and the result (bool, integers,
  /// float, double, std::string_view and std::string, or std::optional of one to take or return
  /// NULL). Without an optional parameter, NULL arguments make NULL without a call. `f` is called
  /// from several threads if the query is parallel, so it must not change what it captured.
  template <class F>
  void add_function(std::string name, F f) {
    scalar_function function;
    function.name = std::move(name);
    function.signature = function.name + detail::parameters_text<F>();
    function.doc = "A function of the user.";
    function.resolve = overloads(true, std::move(f));
    add_user_function(std::move(function));
  }

  /// An aggregate function of the user, see `aggregate_object`; types are deduced from the
  /// parameters of `accumulate` and the result of `get_value`, as for `add_function`. Rows with
  /// NULL arguments are passed over unless some parameter is optional. Called from several threads,
  /// each with its own accumulators.
  template <aggregate_object F>
  void add_aggregate(std::string name, F f) {
    using arguments = typename detail::accumulate_traits<decltype(&F::accumulate)>::arguments;
    aggregate_definition function;
    function.name = std::move(name);
    function.doc = "A function of the user.";
    function.signature = function.name + detail::types_text(static_cast<arguments*>(nullptr));
    function.resolve = [f = std::move(f), signature = function.signature](
                         std::span<const call_argument> given, bool retractable) {
      return detail::resolve_user_aggregate(f, given, retractable, signature,
                                            static_cast<arguments*>(nullptr));
    };
    add_user_function(std::move(function));
  }

  const scalar_function* find_scalar(std::string_view name) const;
  const aggregate_definition* find_aggregate(std::string_view name) const;
  bool is_aggregate(std::string_view name) const { return find_aggregate(name) != nullptr; }

  /// A call with arguments cast to what the function wants, including those with their own syntax:
  /// AND, OR, NOT, CASE, COALESCE, IF, NULLIF, `=`, EXTRACT('YEAR', x). Errors: `binding_error` at
  /// `at`, with "did you mean" for an unknown name and the types for arguments it does not take.
  expression_ptr call(std::string_view name, std::vector<expression_ptr> arguments,
                      source_position at = {}) const;

  /// An aggregate for arguments of these types; `retractable`: rows are taken back as well.
  /// Errors: `binding_error`.
  std::shared_ptr<const aggregate_function> aggregate(std::string_view name,
                                                      std::span<const call_argument> arguments,
                                                      bool retractable,
                                                      source_position at = {}) const;

  /// What the documents say of a function, an aggregate function or a form with its own syntax.
  struct description {
    std::string doc;
    const void* identity; ///< of all names of one function the same
  };
  std::optional<description> describe(std::string_view name) const;

  /// The name of a function that looks like `name`, or nothing.
  std::string similar_to(std::string_view name) const;

  /// All of them by name, for the documents.
  std::vector<const scalar_function*> scalar_functions() const;
  std::vector<const aggregate_definition*> aggregate_functions() const;

private:
  using special_form
    = expression_ptr (*)(const function_registry&, std::vector<expression_ptr>, source_position);

  void add_user_function(scalar_function function);
  void add_user_function(aggregate_definition function);
  void add_special_forms();

  std::map<std::string, std::shared_ptr<const scalar_function>, std::less<>> scalars_;
  std::map<std::string, std::shared_ptr<const aggregate_definition>, std::less<>> aggregates_;
  struct special {
    special_form make;
    std::string doc;
  };
  std::map<std::string, special, std::less<>> forms_;
};

/// The argument as the rule of a function sees it.
call_argument argument_of(const expression& e);

} // namespace sluice::table
