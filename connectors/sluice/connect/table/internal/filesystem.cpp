#include "sluice/connect/table/columnar_format.hpp"
#include "sluice/connect/table/internal/factories.hpp"
#include "sluice/connect/table/internal/filesystem_sink.hpp"
#include "sluice/connect/table/internal/filesystem_source.hpp"
#include "sluice/connect/table/internal/option_keys.hpp"

namespace sluice::table::internal {

namespace {

class filesystem_factory final : public table_factory {
public:
  std::string identifier() const override { return "filesystem"; }
  std::string doc() const override {
    return "Reads a file or a directory of files, and writes directories of part files.";
  }

  std::vector<option_definition> source_options(const table_description& table) const override {
    return options(table);
  }

  std::shared_ptr<const table_source> make_source(const table_description& table,
                                                  const table_options& options,
                                                  const connector_context& context) const override {
    return make_filesystem_source(table, options, context);
  }

  std::vector<option_definition> sink_options(const table_description& table) const override {
    return options(table);
  }

  std::shared_ptr<const table_sink> make_sink(const table_description& table,
                                              const table_options& options,
                                              const connector_context& context) const override {
    return make_filesystem_sink(table, options, context);
  }

private:
  /// Those of both roles: a table is written by one statement and read by another.
  static std::vector<option_definition> options(const table_description& table) {
    using enum option_type;
    std::vector<option_definition> list{
      {"path", text, true, {}, {}, "A directory, or to read a file; `file://` may be in front."},
      {"format", text, true, {}, {}, "How rows look in the files: csv, json or raw."},
      {"partition.default-name",
       text,
       false,
       "__DEFAULT_PARTITION__",
       {},
       "The directory of a partition column that is NULL or empty."}};
    append(list, filesystem_source_options());
    append(list, filesystem_sink_options());
    if (auto format = table.options.find("format"); format != table.options.end())
      append(
        list,
        columnar_format_of(format->second, table.name, "format").definitions(format->second + '.'));
    return list;
  }
};

} // namespace

std::shared_ptr<const table_factory> make_filesystem_factory() {
  return std::make_shared<filesystem_factory>();
}

} // namespace sluice::table::internal
