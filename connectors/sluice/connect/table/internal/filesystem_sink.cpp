#include "sluice/connect/table/internal/filesystem_sink.hpp"

#include "sluice/connect/file/file_sink.hpp"
#include "sluice/connect/table/columnar_format.hpp"
#include "sluice/connect/table/internal/option_keys.hpp"
#include "sluice/connect/table/internal/partition_bucketer.hpp"
#include "sluice/connect/table/internal/partition_path.hpp"
#include "sluice/core/errors.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <random>

namespace sluice::table::internal {

namespace {

std::string random_uuid() {
  std::random_device device;
  auto word = [&] { return static_cast<unsigned>(device()); };
  auto a = word();
  auto b = word();
  auto c = word();
  auto d = word();
  return fmt::format("{:08x}-{:04x}-4{:03x}-{:04x}-{:04x}{:08x}", a, b >> 16, b & 0xfff,
                     0x8000 | (c >> 16 & 0x3fff), c & 0xffff, d);
}

/// A file sink of columnar batches.
class files_sink final : public sink_base {
public:
  files_sink(std::string path, std::shared_ptr<const record_encoder> encoder,
             file_sink_options options)
    : core_(std::move(path), false, std::move(encoder), std::move(options)) {}

  const element_type& type() const noexcept override { return columnar_rows(); }
  std::string name() const override { return core_.name(); }
  std::unique_ptr<sink_writer> make_writer() const override { return core_.make_writer(); }
  bool transactional() const noexcept override { return true; }
  void validate() const override { core_.validate(); }

private:
  ::sluice::detail::file_sink_core core_;
};

class filesystem_table final : public table_sink {
public:
  filesystem_table(const table_description& table, const table_options& options,
                   const connector_context& context)
    : table_(table), options_(options), path_(local_path(options.text("path"), table.name)),
      format_(columnar_format_of(options.text("format"), table.name, "format")),
      batch_(context.mode == execution_mode::batch) {
    refuse_metadata_columns();
    for (const auto& key : table.partition_keys) partitions_.push_back({key, find(key)});
    commits_ = options.has("sink.partition-commit.policy.kind");
    if (commits_ && partitions_.empty())
      throw plan_error(fmt::format("table {}: option 'sink.partition-commit.policy.kind' needs "
                                   "PARTITIONED BY",
                                   table.name));
    check_sizes();
    parallelism();
    make();
  }

  changelog_mode accept(const changelog_mode& offered) const override {
    if (!offered.insert_only())
      throw plan_error(fmt::format("Table sink '{}' doesn't support consuming update and delete "
                                   "changes: a file is not changed once it is written",
                                   table_.name));
    return offered;
  }

  std::shared_ptr<const sink_base> make() const override {
    format_columns columns;
    for (std::size_t i = 0; i < table_.columns.size(); ++i) {
      if (is_partition(i)) continue;
      columns.columns.push_back(table_.columns[i]);
      columns.wanted.push_back(i);
    }
    auto prefix = format_.identifier() + '.';
    auto encoder = format_.encoder(columns, {table_.name, &options_, prefix});
    return std::make_shared<files_sink>(path_, std::move(encoder), sink_options());
  }

  std::optional<std::uint32_t> parallelism() const override {
    return parallelism_of(table_.name, options_, "sink.parallelism");
  }

  /// A partition that is committed as a whole has one writer.
  std::vector<std::size_t> distribution() const override {
    std::vector<std::size_t> columns;
    if (commits_ || options_.boolean("sink.shuffle-by-partition.enable"))
      for (const auto& p : partitions_) columns.push_back(p.column);
    return columns;
  }

  std::shared_ptr<const table_sink> overwriting() const override {
    if (!batch_)
      throw plan_error(fmt::format("table {}: INSERT OVERWRITE is possible in batch mode only: "
                                   "Streaming mode not support overwrite.",
                                   table_.name));
    auto copy = std::make_shared<filesystem_table>(*this);
    copy->overwrite_ = true;
    return copy;
  }

private:
  void refuse_metadata_columns() const {
    for (const auto& column : table_.metadata)
      if (!column.is_virtual)
        throw plan_error(fmt::format("table {}: metadata column {} of the filesystem connector can "
                                     "only be read: declare it VIRTUAL",
                                     table_.name, column.name));
  }

  std::size_t find(const std::string& name) const {
    auto at = std::find_if(table_.columns.begin(), table_.columns.end(),
                           [&](const auto& field) { return field.name == name; });
    if (at == table_.columns.end())
      throw plan_error(
        fmt::format("table {}: partition column {} is not a column", table_.name, name));
    if (at->type.is_nested())
      throw plan_error(fmt::format("table {}: partition column {} cannot be {}", table_.name, name,
                                   at->type.to_string()));
    return static_cast<std::size_t>(at - table_.columns.begin());
  }

  bool is_partition(std::size_t i) const {
    return std::any_of(partitions_.begin(), partitions_.end(),
                       [&](const auto& p) { return p.column == i; });
  }

  void check_sizes() const {
    if (options_.bytes("sink.rolling-policy.file-size") == 0)
      throw plan_error(fmt::format("table {}: option 'sink.rolling-policy.file-size' must be "
                                   "positive",
                                   table_.name));
    for (const auto* key :
         {"sink.rolling-policy.rollover-interval", "sink.rolling-policy.check-interval"})
      if (options_.time(key).count() <= 0)
        throw plan_error(fmt::format("table {}: option '{}' must be positive", table_.name, key));
  }

  file_sink_options sink_options() const {
    file_sink_options result;
    result.names = batch_ ? part_names::by_task : part_names::counted;
    result.uuid = random_uuid();
    result.overwrite = overwrite_;
    result.max_part_bytes = options_.bytes("sink.rolling-policy.file-size");
    result.rollover_interval = options_.time("sink.rolling-policy.rollover-interval");
    result.check_interval = options_.time("sink.rolling-policy.check-interval");
    if (commits_) result.success_file = options_.text("sink.partition-commit.success-file.name");
    if (!partitions_.empty())
      result.bucketer = [columns = partitions_, name = options_.text("partition.default-name")] {
        return make_partition_bucketer(columns, name);
      };
    return result;
  }

  table_description table_;
  table_options options_;
  std::string path_;
  const columnar_format& format_;
  bool batch_;
  bool overwrite_ = false;
  bool commits_ = false; // partitions get a success file
  std::vector<partition_column> partitions_;
};

} // namespace

std::vector<option_definition> filesystem_sink_options() {
  using enum option_type;
  return {{"sink.rolling-policy.file-size",
           memory_size,
           false,
           "128 mb",
           {},
           "A file is finished when it has this size."},
          {"sink.rolling-policy.rollover-interval",
           duration,
           false,
           "30 min",
           {},
           "A file is finished when it is this old, and at every checkpoint."},
          {"sink.rolling-policy.check-interval",
           duration,
           false,
           "1 min",
           {},
           "How often to look whether a file is that old."},
          {"sink.partition-commit.trigger",
           text,
           false,
           "process-time",
           {"process-time"},
           "When a partition is committed: at the checkpoint that completes its files."},
          {"sink.partition-commit.policy.kind",
           text,
           false,
           {},
           {"success-file"},
           "What committing a partition does: put an empty file beside its data."},
          {"sink.partition-commit.success-file.name",
           text,
           false,
           "_SUCCESS",
           {},
           "The name of that file."},
          {"sink.shuffle-by-partition.enable",
           boolean,
           false,
           "false",
           {},
           "Whether each partition is written by one writer only."},
          sink_parallelism_option()};
}

std::shared_ptr<const table_sink> make_filesystem_sink(const table_description& table,
                                                       const table_options& options,
                                                       const connector_context& context) {
  return std::make_shared<filesystem_table>(table, options, context);
}

} // namespace sluice::table::internal
