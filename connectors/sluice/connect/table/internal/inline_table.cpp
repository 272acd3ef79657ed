#include "sluice/connect/table/internal/factories.hpp"
#include "sluice/connect/table/internal/generated_rows.hpp"
#include "sluice/connect/table/internal/inline_rows.hpp"
#include "sluice/connect/table/internal/option_keys.hpp"
#include "sluice/core/errors.hpp"

#include <fmt/format.h>

namespace sluice::table::internal {

namespace {

class inline_generator final : public row_generator {
public:
  inline_generator(std::shared_ptr<const columnar_batch> rows, std::vector<std::size_t> columns)
    : rows_(std::move(rows)), columns_(std::move(columns)) {}

  void generate(columnar_batch& out, std::uint64_t first, std::uint64_t, std::size_t count,
                timestamp) override {
    for (std::size_t i = 0; i < columns_.size(); ++i)
      out.writable(i).append_range(rows_->at(columns_[i]), first, first + count);
    if (rows_->insert_only()) return;
    out.set_rows(count);
    std::copy_n(rows_->kinds() + first, count, out.make_kinds());
  }

private:
  std::shared_ptr<const columnar_batch> rows_;
  std::vector<std::size_t> columns_;
};

changelog_mode mode_of(const std::string& text, const std::string& table) {
  for (auto mode : {changelog_mode::inserts(), changelog_mode::upserts(), changelog_mode::all(),
                    changelog_mode{false, false, true}, changelog_mode{true, true, false},
                    changelog_mode{false, true, false}})
    if (mode.to_string() == text) return mode;
  throw plan_error(
    fmt::format("table {}: option 'changelog-mode' is I, I,UB,UA,D, I,UA,D or a part "
                "of it, not '{}'",
                table, text));
}

class inline_table final : public table_source {
public:
  inline_table(const table_description& table, const table_options& options) : table_(table) {
    rows_ = parse_inline_rows(options.text("rows"), table.columns,
                              "table " + table.name + ": option 'rows'");
    mode_ = mode_of(options.text("changelog-mode"), table.name);
    stays_ = !options.boolean("bounded");
    if (options.has("delay") && options.time("delay").count() > 0)
      rate_ = 1e6 / static_cast<double>(options.time("delay").count());
    for (std::size_t i = 0; i < rows_->size(); ++i) check_kind(i);
  }

  changelog_mode changelog() const override { return mode_; }
  boundedness bounded() const override {
    return stays_ ? boundedness::unbounded : boundedness::bounded;
  }
  std::optional<std::uint64_t> estimated_rows() const override { return rows_->size(); }

  std::shared_ptr<const source_base> make(const scan_request& request) const override {
    generated_rows rows;
    rows.name = "inline " + table_.name;
    rows.types = types_of(table_, request);
    rows.count = rows_->size();
    rows.rows_per_second = rate_;
    rows.one_reader = true;
    rows.stays = stays_;
    rows.make = [all = rows_, columns = request.columns] {
      return std::make_unique<inline_generator>(all, columns);
    };
    return make_generated_rows(std::move(rows));
  }

private:
  void check_kind(std::size_t row) const {
    auto kind = rows_->kind(row);
    bool known = kind == row_kind::insert
                 || (kind == row_kind::update_before && mode_.update_before)
                 || (kind == row_kind::update_after && mode_.update_after)
                 || (kind == row_kind::delete_ && mode_.deletes);
    if (!known)
      throw plan_error(fmt::format("table {}: option 'rows': {} is not in the changelog-mode {}",
                                   table_.name, rows_->row_text(row), mode_.to_string()));
  }

  table_description table_;
  std::shared_ptr<const columnar_batch> rows_;
  changelog_mode mode_;
  bool stays_ = false;
  std::optional<double> rate_;
};

class inline_factory final : public table_factory {
public:
  std::string identifier() const override { return "inline"; }
  std::string doc() const override { return "Rows, with their kinds, that stand in the options."; }

  std::vector<option_definition> source_options(const table_description&) const override {
    using enum option_type;
    return {{"rows", text, true, {}, {}, "One row a line, as print writes them: +I[1, a, null]."},
            {"changelog-mode", text, false, "I", {}, "Which kinds there are, as EXPLAIN shows it."},
            {"bounded", boolean, false, "true", {}, "Whether the table ends with the last row."},
            {"delay", duration, false, {}, {}, "How long to wait after each row."}};
  }

  std::shared_ptr<const table_source> make_source(const table_description& table,
                                                  const table_options& options,
                                                  const connector_context&) const override {
    refuse_all_but_columns(table, identifier());
    return std::make_shared<inline_table>(table, options);
  }
};

} // namespace

std::shared_ptr<const table_factory> make_inline_factory() {
  return std::make_shared<inline_factory>();
}

} // namespace sluice::table::internal
