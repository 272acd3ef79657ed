/// The names that an expression may use.
#pragma once

#include "sluice/table/bind/internal/support.hpp"

#include <optional>
#include <string>
#include <vector>

namespace sluice::table::internal {

/// Numbers of inputs that stand for something else than a column of the FROM clause until that has
/// been made into a column.
namespace placeholder {
/// Columns of the query around a subquery, one such step per level.
inline constexpr std::size_t outer = std::size_t{1} << 32;
inline constexpr std::size_t aggregate = std::size_t{1} << 40;
inline constexpr std::size_t over = std::size_t{1} << 41;
inline constexpr std::size_t subquery = std::size_t{1} << 42;
} // namespace placeholder

/// Whether the expression reads columns of a query around it.
bool reads_outer(const expression& tree);

struct scope_column {
  std::string name;
  /// Over the relation of the FROM clause.
  expression_ptr value;
  /// One of the columns that USING made into one: only its table's name leads to it.
  bool merged = false;
};

/// A table of FROM.
struct scope_table {
  /// `catalog`, `database`, `table`, or an alias alone; empty if it cannot be named.
  std::vector<std::string> name;
  std::vector<scope_column> columns;
};

/// The tables of a FROM clause, and what is around the query.
class scope {
public:
  std::vector<scope_table> tables;
  /// Columns that USING or NATURAL made of two.
  std::vector<scope_column> merged;
  const scope* outer = nullptr;

  /// One table with the columns of a relation.
  static scope of(const relation& r, std::vector<std::string> name = {});

  /// The column, or the field of one, that a name stands for. Errors: `binding_error`: there is
  /// none, or more than one.
  expression_ptr find(const sql::object_name& name, const function_registry& functions) const;

  /// Whether there is such a column. Errors: `binding_error` if there is more than one.
  bool knows(const sql::object_name& name) const;

  /// The columns that `*` stands for.
  std::vector<scope_column> all() const;
  /// Those of `t.*`, or the fields of a row. Errors: `binding_error`.
  std::vector<scope_column> all_of(const sql::object_name& name,
                                   const function_registry& functions) const;

  /// Adds the tables of `right`, whose relation comes `offset` columns later in the joined one.
  void append(scope right, std::size_t offset);

  /// Takes the values from another relation that has the same columns from number `offset`.
  void rebase(const relation& r);

private:
  struct match {
    expression_ptr value;
    std::size_t used = 0; // parts of the name
  };

  std::optional<match> find_here(const sql::object_name& name) const;
  std::optional<match> find_in_tables(const sql::object_name& name) const;
  std::optional<match> find_plain(const sql::identifier& name) const;
  [[noreturn]] void report_unknown(const sql::object_name& name) const;
};

} // namespace sluice::table::internal
