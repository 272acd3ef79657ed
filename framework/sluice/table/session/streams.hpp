/// Streams as tables and tables as streams: the templates of `table_environment`.
#pragma once

#include "sluice/table/session/table.hpp"
#include "sluice/table/streams/bridge_operators.hpp"

namespace sluice::table {

namespace detail {

/// A stream on its way to be a table.
struct stream_input {
  /// Of its records; those of generic rows are known from the schema only.
  std::vector<relation_column> fields;
  bool generic = false;
  changelog_mode changes;
  /// Adds the operator that makes rows of these columns; returns where they come out.
  std::function<sluice::detail::stream_origin(std::vector<data_type>, std::optional<int>)> add;
};

table make_table(std::shared_ptr<table_environment::session> session, const stream_input& stream,
                 const stream_schema& schema);

/// A table on its way to be a stream.
struct stream_output {
  std::vector<sluice::detail::stream_origin> origins;
  std::optional<std::uint32_t> parallelism; ///< the one that keeps the order of changes
  std::optional<std::size_t> time_column;
};

/// What records take: fields by name or position, or generic rows.
struct wanted_records {
  std::vector<relation_column> fields;
  bool by_name = false;
  bool generic = false;
};

/// Adds the operators of a table to the program of its session. Errors: `plan_error` when the rows
/// do not fit the records, or changes are more than `accepted`.
stream_output add_table(table_environment::session& session, const relation_ptr& plan,
                        const wanted_records& records, const changelog_mode& accepted);

template <class Element>
stream_input input_of(const data_stream<Element>& stream, changelog_mode changes) {
  using record = typename row_of<Element>::type;
  stream_input in;
  in.fields = record_mapping<record>::columns();
  in.generic = std::is_same_v<record, row>;
  in.changes = changes;
  in.add = [stream](std::vector<data_type> columns, std::optional<int> time_precision) {
    stream_node n;
    n.name = "DataStreamToTable";
    n.make = [columns, time_precision] {
      return std::make_unique<records_to_rows<Element>>(columns, time_precision);
    };
    n.output = &columnar_rows();
    // With the records, so that they stay in order.
    if (stream.origins().size() == 1) {
      const auto& from = stream.program()->node(stream.origins()[0].from);
      n.parallelism = from.fixed_parallelism ? from.fixed_parallelism : from.parallelism;
    }
    return sluice::detail::stream_origin{stream.program()->add(std::move(n), {stream.origins()})};
  };
  return in;
}

template <class Element>
data_stream<Element> stream_of(table_environment::session& session, const table& t,
                               changelog_mode accepted) {
  using record = typename row_of<Element>::type;
  auto out = add_table(session, t.plan(),
                       {record_mapping<record>::columns(), record_mapping<record>::by_name,
                        std::is_same_v<record, row>},
                       accepted);
  stream_node n;
  n.name = "TableToDataStream";
  n.parallelism = out.parallelism;
  n.make = [time = out.time_column] { return std::make_unique<rows_to_records<Element>>(time); };
  n.output = &element_type_of<Element>();
  const auto& program = session.streams.program();
  return data_stream<Element>(program, {{program->add(std::move(n), {out.origins})}});
}

} // namespace detail

template <class T>
table table_environment::from_data_stream(const data_stream<T>& stream,
                                          const stream_schema& schema) {
  static_assert(!is_change<T>, "a stream of changes is for from_changelog_stream");
  return detail::make_table(session_, detail::input_of(stream, changelog_mode::inserts()), schema);
}

template <class T>
table table_environment::from_changelog_stream(const data_stream<change<T>>& stream,
                                               const stream_schema& schema,
                                               changelog_mode changes) {
  return detail::make_table(session_, detail::input_of(stream, changes), schema);
}

template <class T>
void table_environment::create_temporary_view(const std::string& name, const data_stream<T>& stream,
                                              const stream_schema& schema) {
  create_temporary_view(name, from_data_stream(stream, schema));
}

template <class T>
data_stream<T> table_environment::to_data_stream(const table& t) {
  return detail::stream_of<T>(*session_, t, changelog_mode::inserts());
}

template <class T>
data_stream<change<T>> table_environment::to_changelog_stream(const table& t,
                                                              changelog_mode accepted) {
  return detail::stream_of<change<T>>(*session_, t, accepted);
}

} // namespace sluice::table
