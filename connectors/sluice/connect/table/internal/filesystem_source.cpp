#include "sluice/connect/table/internal/filesystem_source.hpp"

#include "sluice/connect/file/file_source.hpp"
#include "sluice/connect/table/columnar_format.hpp"
#include "sluice/connect/table/internal/columnar_source.hpp"
#include "sluice/connect/table/internal/file_columns.hpp"
#include "sluice/connect/table/internal/option_keys.hpp"
#include "sluice/connect/table/internal/partition_path.hpp"
#include "sluice/core/errors.hpp"
#include "sluice/table/rules/rewrite.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

namespace sluice::table::internal {

namespace {

using files_source = columnar_source<::sluice::detail::file_source_core>;

struct metadata_kind {
  const char* key;
  file_column::origin origin;
  data_type type;
};

const std::vector<metadata_kind>& metadata_kinds() {
  using enum file_column::origin;
  static const std::vector<metadata_kind> kinds{
    {"file.path", path, data_type::string()},
    {"file.name", name, data_type::string()},
    {"file.size", size, data_type::bigint()},
    {"file.modification-time", modified, data_type::timestamp_ltz(3)}};
  return kinds;
}

file_column metadata_of(const table_description& table, const metadata_column& column) {
  std::string known;
  for (const auto& kind : metadata_kinds()) {
    known += (known.empty() ? "" : ", ") + std::string(kind.key);
    if (kind.key != column.key) continue;
    if (!kind.type.same_as(column.type))
      throw plan_error(fmt::format("table {}: metadata column {} must be {}, not {}", table.name,
                                   column.name, kind.type.to_string(), column.type.to_string()));
    return {kind.origin, column.type};
  }
  throw plan_error(
    fmt::format("table {}: column {}: the filesystem connector has no metadata '{}' (it "
                "has {})",
                table.name, column.name, column.key, known));
}

class filesystem_table final : public table_source {
public:
  filesystem_table(const table_description& table, const table_options& options, time_zone zone)
    : table_(table), options_(options), path_(local_path(options.text("path"), table.name)),
      format_(columnar_format_of(options.text("format"), table.name, "format")) {
    context_.zone = std::move(zone);
    for (const auto& column : table.metadata) metadata_.push_back(metadata_of(table, column));
    if (options.has("source.monitor-interval")) {
      files_.monitor_interval = options.time("source.monitor-interval");
      if (files_.monitor_interval->count() <= 0)
        throw plan_error(
          fmt::format("table {}: option 'source.monitor-interval' must be positive", table.name));
    }
    if (options.has("source.path.regex-pattern"))
      files_.regex = options.text("source.path.regex-pattern");
    parallelism();
    make({})->validate();
  }

  boundedness bounded() const override {
    return files_.monitor_interval ? boundedness::unbounded : boundedness::bounded;
  }

  bool takes_filter(const expression& condition, const scan_request& request) const override {
    const auto in_record = [&](std::size_t i) {
      return i < request.columns.size() && !is_partition(request.columns[i]);
    };
    const auto in_path = [&](std::size_t i) {
      return i < request.columns.size() && is_partition(request.columns[i]);
    };
    const auto read = inputs_of(condition);
    return std::all_of(read.begin(), read.end(), in_path)
           || (format_.takes_filters() && std::all_of(read.begin(), read.end(), in_record));
  }

  std::shared_ptr<const source_base> make(const scan_request& request) const override {
    file_columns result;
    result.base = path_;
    result.default_partition = options_.text("partition.default-name");
    format_columns records;
    std::vector<std::size_t> in_record(table_.columns.size());
    for (std::size_t i = 0; i < table_.columns.size(); ++i) {
      if (is_partition(i)) continue;
      in_record[i] = records.columns.size();
      records.columns.push_back(table_.columns[i]);
    }
    bool plain = request.metadata.empty();
    for (auto i : request.columns) {
      file_column column{file_column::origin::record, table_.columns[i].type};
      if (is_partition(i)) {
        column.from = file_column::origin::partition;
        column.partition = table_.columns[i].name;
        plain = false;
      } else {
        column.record_column = records.wanted.size();
        records.wanted.push_back(in_record[i]);
      }
      result.columns.push_back(std::move(column));
    }
    for (auto i : request.metadata) result.columns.push_back(metadata_.at(i));
    auto files = files_;
    take_filters(request, result, records, files);
    auto prefix = format_.identifier() + '.';
    result.records = format_.decoder(records, {table_.name, &options_, prefix});
    auto format = plain ? result.records : make_file_columns(std::move(result));
    return std::make_shared<files_source>(path_, std::move(format), std::move(files));
  }

  std::optional<std::uint32_t> parallelism() const override {
    return parallelism_of(table_.name, options_, "scan.parallelism");
  }

  /// From the size of the files, as if a field took ten bytes.
  std::optional<std::uint64_t> estimated_rows() const override {
    namespace fs = std::filesystem;
    std::error_code code;
    std::uint64_t bytes = 0;
    if (fs::is_directory(path_, code)) {
      for (fs::recursive_directory_iterator at(path_, code), end; !code && at != end;
           at.increment(code)) {
        std::error_code gone;
        if (at->is_regular_file(gone)) bytes += at->file_size(gone);
      }
    } else {
      bytes = fs::file_size(path_, code);
    }
    if (code) return std::nullopt;
    return bytes / (10 * std::max<std::size_t>(table_.columns.size(), 1));
  }

private:
  /// Conditions on partitions choose files, those on fields are for the format.
  void take_filters(const scan_request& request, const file_columns& columns,
                    format_columns& records, file_source_options& files) const {
    std::vector<expression_ptr> of_partitions;
    std::vector<expression_ptr> of_records;
    for (const auto& f : request.filters) {
      const auto read = inputs_of(*f);
      if (std::any_of(read.begin(), read.end(),
                      [&](std::size_t i) { return is_partition(request.columns.at(i)); })) {
        of_partitions.push_back(f);
        continue;
      }
      of_records.push_back(
        rules::renumber(f, [&](std::size_t i) { return columns.columns.at(i).record_column; }));
    }
    records.filter = rules::conjunction(std::move(of_records));
    records.filter_context = context_;
    if (!of_partitions.empty())
      files.select = partition_filter(columns, std::move(of_partitions), context_);
  }

  bool is_partition(std::size_t i) const {
    return std::find(table_.partition_keys.begin(), table_.partition_keys.end(),
                     table_.columns[i].name)
           != table_.partition_keys.end();
  }

  expression_context context_;
  table_description table_;
  table_options options_;
  std::string path_;
  const columnar_format& format_;
  file_source_options files_;
  std::vector<file_column> metadata_;
};

} // namespace

std::vector<option_definition> filesystem_source_options() {
  using enum option_type;
  return {{"source.monitor-interval",
           duration,
           false,
           {},
           {},
           "Looks for new files this often, for ever; without it, what is there is read once."},
          {"source.path.regex-pattern",
           text,
           false,
           {},
           {},
           "Only files whose absolute path matches are read."},
          scan_parallelism_option()};
}

std::shared_ptr<const table_source> make_filesystem_source(const table_description& table,
                                                           const table_options& options,
                                                           const connector_context& context) {
  return std::make_shared<filesystem_table>(table, options, context.zone);
}

} // namespace sluice::table::internal
