/// Records of a stream as rows of columns, and back.
#pragma once

#include "sluice/core/row.hpp"
#include "sluice/table/plan/relation.hpp"
#include "sluice/table/streams/change.hpp"
#include "sluice/table/streams/value_mapping.hpp"

#include <span>
#include <tuple>

namespace sluice::table {

/// Columns to write, one for each of a record's fields.
using column_span = std::span<column* const>;
/// Columns to read; flat.
using columns_view = std::span<const column_ptr>;

/// What is known of records of type `T`: the columns they make, how to fill these, and how to make
/// records of them. Fields of described structs are columns by name; those of tuples and pairs are
/// f0, f1 ... by position; of anything else there is one column, f0.
template <class T>
struct record_mapping {
  /// Whether columns are found by name rather than by position.
  static constexpr bool by_name = sluice::detail::described_struct<T>;

  static std::vector<relation_column> columns() {
    std::vector<relation_column> result;
    if constexpr (by_name) {
      boost::mp11::mp_for_each<sluice::detail::members_of<T>>([&](auto member) {
        using value = std::remove_cvref_t<decltype(std::declval<T&>().*member.pointer)>;
        result.push_back({member.name, type_of_value<value>()});
      });
    } else if constexpr (sluice::detail::tuple_like<T>) {
      [&]<std::size_t... I>(std::index_sequence<I...>) {
        (result.push_back({"f" + std::to_string(I), type_of_value<std::tuple_element_t<I, T>>()}),
         ...);
      }(std::make_index_sequence<std::tuple_size_v<T>>{});
    } else {
      result.push_back({"f0", type_of_value<T>()});
    }
    return result;
  }

  /// `record_of(i)` is record `i` of `count`.
  template <class RecordOf>
  static void append(column_span to, std::size_t count, RecordOf record_of) {
    auto fill = [&](column& c, auto field_of) {
      for (std::size_t i = 0; i < count; ++i) append_value(c, field_of(record_of(i)));
    };
    if constexpr (by_name) {
      std::size_t number = 0;
      boost::mp11::mp_for_each<sluice::detail::members_of<T>>([&](auto member) {
        fill(*to[number++], [&](const T& r) -> const auto& { return r.*member.pointer; });
      });
    } else if constexpr (sluice::detail::tuple_like<T>) {
      [&]<std::size_t... I>(std::index_sequence<I...>) {
        (fill(*to[I], [](const T& r) -> const auto& { return std::get<I>(r); }), ...);
      }(std::make_index_sequence<std::tuple_size_v<T>>{});
    } else {
      fill(*to[0], [](const T& r) -> const T& { return r; });
    }
  }

  /// `record_at(i)` is where record `i` of `count` goes.
  template <class RecordAt>
  static void read(columns_view from, std::size_t count, RecordAt record_at) {
    auto take = [&]<class F>(const column& c, std::type_identity<F>, auto field_of) {
      for (std::size_t i = 0; i < count; ++i) field_of(record_at(i)) = read_value<F>(c, i);
    };
    if constexpr (by_name) {
      std::size_t number = 0;
      boost::mp11::mp_for_each<sluice::detail::members_of<T>>([&](auto member) {
        using value = std::remove_cvref_t<decltype(std::declval<T&>().*member.pointer)>;
        take(*from[number++], std::type_identity<value>{},
             [&](T& r) -> auto& { return r.*member.pointer; });
      });
    } else if constexpr (sluice::detail::tuple_like<T>) {
      [&]<std::size_t... I>(std::index_sequence<I...>) {
        (take(*from[I], std::type_identity<std::tuple_element_t<I, T>>{},
              [](T& r) -> auto& { return std::get<I>(r); }),
         ...);
      }(std::make_index_sequence<std::tuple_size_v<T>>{});
    } else {
      take(*from[0], std::type_identity<T>{}, [](T& r) -> T& { return r; });
    }
  }
};

/// Generic rows. Their cells are BOOLEAN, BIGINT, DOUBLE or STRING; which, a schema says for rows
/// that become a table, and the table for rows that it becomes (other types as text, as CAST to
/// STRING writes them).
template <>
struct record_mapping<row> {
  static constexpr bool by_name = false;

  /// None: rows do not know their columns.
  static std::vector<relation_column> columns() { return {}; }

  template <class RecordOf>
  static void append(column_span to, std::size_t count, RecordOf record_of) {
    for (std::size_t i = 0; i < count; ++i) append_row(to, record_of(i));
  }
  template <class RecordAt>
  static void read(columns_view from, std::size_t count, RecordAt record_at) {
    for (std::size_t i = 0; i < count; ++i) read_row(from, i, record_at(i));
  }

  /// The type that cells of a column of this type have.
  static data_type cell_type(const data_type& type);

private:
  /// Errors: `format_error` for a row of another width or a cell of another type.
  static void append_row(column_span to, const row& r);
  static void read_row(columns_view from, std::size_t i, row& to);
};

} // namespace sluice::table
