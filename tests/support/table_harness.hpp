/// Tables of connectors, read and written without a runtime.
#pragma once

#include "sluice/connect/table/table_connectors.hpp"
#include "sluice/table/column/columnar_batch.hpp"
#include "sluice/table/column/scalar.hpp"
#include "support/source_harness.hpp"

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace sluice::testing {

using row_texts = std::vector<std::string>;
using option_map = std::map<std::string, std::string>;

/// A table with the columns of `ROW<...>`: `describe("a INT, b STRING", {{"connector", "print"}})`.
inline table::table_description describe(const std::string& columns, option_map options) {
  table::table_description result;
  result.name = "default_catalog.default_database.t";
  auto type = table::data_type::parse("ROW<" + columns + ">");
  for (std::size_t i = 0; i < type.children().size(); ++i)
    result.columns.push_back({type.field_names()[i], type.children()[i]});
  result.connector = options.at("connector");
  options.erase("connector");
  result.options = std::move(options);
  return result;
}

inline std::shared_ptr<const table::table_source>
source_of(const table::table_description& table, execution_mode mode = execution_mode::streaming) {
  return table::builtin_connectors().source(table, {mode, {}});
}

inline std::shared_ptr<const table::table_sink>
sink_of(const table::table_description& table, execution_mode mode = execution_mode::streaming) {
  return table::builtin_connectors().sink(table, {mode, {}});
}

/// All columns, all metadata.
inline table::scan_request everything(const table::table_description& table) {
  table::scan_request request;
  for (std::size_t i = 0; i < table.columns.size(); ++i) request.columns.push_back(i);
  for (std::size_t i = 0; i < table.metadata.size(); ++i) request.metadata.push_back(i);
  return request;
}

/// One reader of a table, driven by hand.
class table_reader {
public:
  table_reader(const source_base& source, std::vector<source_split> splits,
               std::uint32_t subtask = 0, std::uint32_t parallelism = 1)
    : context(subtask, parallelism), reader_(source.make_reader()) {
    reader_->open(context);
    reader_->add_splits(std::move(splits));
  }

  /// Appends the texts of the next rows; false at the end. `out_of_work` is called when the reader
  /// waits and there is no blocking work; it may throw.
  template <class Idle>
  bool step(row_texts& out, Idle out_of_work, std::size_t max_records = 1000) {
    while (true) {
      rows_.clear();
      auto result = reader_->poll(rows_, max_records);
      for (std::size_t i = 0; i < rows_.size(); ++i) out.push_back(rows_.row_text(i));
      if (result.status == poll_result::state::finished) return false;
      if (!rows_.empty()) return true;
      if (result.status == poll_result::state::waiting && !context.pump_one()) out_of_work(result);
    }
  }

  row_texts all(std::size_t max_records = 1000) {
    row_texts out;
    auto idle = [this](const poll_result& result) {
      if (!result.retry_at) throw std::logic_error("the reader waits for nothing");
      context.time.set(*result.retry_at);
    };
    while (step(out, idle, max_records)) {}
    return out;
  }

  source_reader& reader() { return *reader_; }
  const table::columnar_batch& rows() const { return rows_; }

  fake_io_context context;

private:
  table::columnar_batch rows_;
  std::unique_ptr<source_reader> reader_;
};

/// The rows of a bounded table, by one reader.
inline row_texts read_table(const table::table_description& table,
                            const table::scan_request& request, std::size_t max_records = 1000) {
  auto source = source_of(table)->make(request);
  source->validate();
  return table_reader(*source, all_splits(*source)).all(max_records);
}

inline row_texts read_table(const table::table_description& table, std::size_t max_records = 1000) {
  return read_table(table, everything(table), max_records);
}

/// Rows of scalars as a batch of the table's columns.
inline std::unique_ptr<table::columnar_batch>
rows_of(const table::table_description& table, const std::vector<std::vector<table::scalar>>& rows,
        const std::vector<table::row_kind>& kinds = {}) {
  std::vector<table::column_ptr> columns;
  auto add = [&](const table::data_type& type, std::size_t at) {
    auto c = std::make_shared<table::column>(type);
    for (const auto& row : rows) row.at(at).append_to(*c);
    columns.push_back(std::move(c));
  };
  for (std::size_t i = 0; i < table.columns.size(); ++i) add(table.columns[i].type, i);
  for (std::size_t i = 0; i < table.metadata.size(); ++i)
    add(table.metadata[i].type, table.columns.size() + i);
  auto batch = std::make_unique<table::columnar_batch>(std::move(columns), rows.size());
  if (!kinds.empty()) std::copy(kinds.begin(), kinds.end(), batch->make_kinds());
  return batch;
}

/// One writer of a table, driven by hand.
class table_writer {
public:
  explicit table_writer(const sink_base& sink, std::uint32_t subtask = 0,
                        std::uint32_t parallelism = 1, const std::vector<std::string>& states = {})
    : context(subtask, parallelism), writer_(sink.make_writer()) {
    writer_->open(context, states);
    context.pump();
  }

  void write(std::unique_ptr<table::columnar_batch> rows) {
    writer_->write(*rows);
    context.pump();
  }

  /// What a checkpoint gets of it.
  writer_snapshot prepare(std::uint64_t checkpoint, bool end_of_input = false) {
    auto work = writer_->prepare_commit(checkpoint, end_of_input);
    context.pump();
    auto result = work ? work() : writer_snapshot{};
    context.rethrow_failure();
    return result;
  }

  /// A checkpoint from begin to end.
  writer_snapshot checkpoint(std::uint64_t number, bool end_of_input = false) {
    auto snapshot = prepare(number, end_of_input);
    if (!snapshot.committables.empty()) writer_->commit(snapshot.committables);
    return snapshot;
  }

  sink_writer& writer() { return *writer_; }

  fake_io_context context;

private:
  std::unique_ptr<sink_writer> writer_;
};

} // namespace sluice::testing
