#include "sluice/connect/table/internal/file_columns.hpp"

#include "sluice/connect/table/internal/partition_path.hpp"
#include "sluice/connect/table/internal/value_text.hpp"
#include "sluice/core/errors.hpp"
#include "sluice/table/expr/evaluator.hpp"
#include "sluice/table/rules/rewrite.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace sluice::table::internal {

namespace {

using partitions = std::vector<std::pair<std::string, std::string>>;

/// Appends the value of partition column `name`.
void append_partition(column& value, const std::string& name, const partitions& of_file,
                      std::string_view path, const file_columns& table) {
  auto at
    = std::find_if(of_file.begin(), of_file.end(), [&](const auto& p) { return p.first == name; });
  if (at == of_file.end())
    throw format_error(fmt::format("{}: there is no directory of partition column {}, '{}=...', "
                                   "below {}",
                                   path, name, name, table.base));
  if (at->second == table.default_partition)
    value.append_null();
  else if (!append_value(value, at->second, {}))
    throw format_error(fmt::format("{}: partition column {}: \"{}\" is not {}", path, name,
                                   at->second, describe_type(value.type())));
}

class file_columns_decoder final : public record_decoder {
public:
  explicit file_columns_decoder(std::shared_ptr<const file_columns> settings)
    : settings_(std::move(settings)), records_(settings_->records->make_decoder()) {}

  void open_file(const input_file& file) override {
    records_->open_file(file);
    constants_.clear();
    const auto of_file = partitions_of(settings_->base, file.path);
    for (const auto& wanted : settings_->columns) {
      auto value = std::make_unique<column>(wanted.type);
      using enum file_column::origin;
      switch (wanted.from) {
      case record:
        break;
      case partition:
        append_partition(*value, wanted.partition, of_file, file.path, *settings_);
        break;
      case path:
        value->append_text(file.path);
        break;
      case name:
        value->append_text(file.path.substr(file.path.rfind('/') + 1));
        break;
      case size:
        value->append(static_cast<std::int64_t>(file.size));
        break;
      case modified:
        value->append(std::int64_t{file.modified / 1000 * 1000});
        break;
      }
      constants_.push_back(std::move(value));
    }
  }

  void begin(std::string_view header) override { records_->begin(header); }

  decode_result decode(std::string_view chunk, bool last, batch& out, std::size_t max_records,
                       decode_sink& sink) override {
    inner_.clear();
    auto result = records_->decode(chunk, last, inner_, max_records, sink);
    std::vector<column_ptr> columns;
    for (std::size_t i = 0; i < settings_->columns.size(); ++i) {
      const auto& wanted = settings_->columns[i];
      columns.push_back(wanted.from == file_column::origin::record
                          ? inner_.share(wanted.record_column)
                          : column::constant(*constants_[i], inner_.size()));
    }
    as_columnar(out).assign(std::move(columns), inner_.size());
    return result;
  }

private:
  std::shared_ptr<const file_columns> settings_;
  std::unique_ptr<record_decoder> records_;
  columnar_batch inner_;
  std::vector<std::unique_ptr<column>> constants_; // parallel to the columns
};

class file_columns_format final : public record_format {
public:
  explicit file_columns_format(file_columns settings)
    : settings_(std::make_shared<const file_columns>(std::move(settings))) {}

  std::string name() const override { return settings_->records->name(); }
  record_layout layout() const override { return settings_->records->layout(); }
  const format_options& options() const override { return settings_->records->options(); }
  std::unique_ptr<record_decoder> make_decoder() const override {
    return std::make_unique<file_columns_decoder>(settings_);
  }
  void validate() const override { settings_->records->validate(); }

private:
  std::shared_ptr<const file_columns> settings_;
};

} // namespace

std::function<bool(const std::string& path)>
partition_filter(const file_columns& table, std::vector<expression_ptr> conditions,
                 expression_context context) {
  auto condition = rules::conjunction(std::move(conditions));
  return [table, condition, context](const std::string& path) {
    const auto of_file = partitions_of(table.base, path);
    std::vector<column_ptr> row;
    for (const auto& c : table.columns) {
      auto value = std::make_shared<column>(c.type);
      if (c.from == file_column::origin::partition)
        append_partition(*value, c.partition, of_file, path, table);
      row.push_back(c.from == file_column::origin::partition ? std::move(value)
                                                             : column::nulls(c.type, 1));
    }
    const columnar_batch one(std::move(row), 1);
    return !row_filter(condition, context).select(one).empty();
  };
}

std::shared_ptr<const record_format> make_file_columns(file_columns settings) {
  return std::make_shared<file_columns_format>(std::move(settings));
}

} // namespace sluice::table::internal
