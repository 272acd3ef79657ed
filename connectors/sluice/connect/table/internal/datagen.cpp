#include "sluice/connect/table/internal/datagen_fields.hpp"
#include "sluice/connect/table/internal/factories.hpp"
#include "sluice/connect/table/internal/generated_rows.hpp"
#include "sluice/connect/table/internal/option_keys.hpp"
#include "sluice/core/errors.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <random>

namespace sluice::table::internal {

namespace {

class datagen_generator final : public row_generator {
public:
  datagen_generator(std::shared_ptr<const std::vector<datagen_field>> fields,
                    std::vector<std::size_t> columns, std::uint64_t seed)
    : fields_(std::move(fields)), columns_(std::move(columns)), seed_(seed) {}

  /// A column's values do not depend on which others are read.
  void generate(columnar_batch& out, std::uint64_t first, std::uint64_t step, std::size_t count,
                timestamp now) override {
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      auto& c = out.writable(i);
      const auto& field = (*fields_)[columns_[i]];
      auto seed = random_bits(seed_, columns_[i]).next();
      for (std::size_t k = 0; k < count; ++k) {
        auto row = first + k * step;
        random_bits random(seed, row);
        field.append(c, row, random, now);
      }
    }
  }

private:
  std::shared_ptr<const std::vector<datagen_field>> fields_;
  std::vector<std::size_t> columns_;
  std::uint64_t seed_;
};

class datagen_table final : public table_source {
public:
  datagen_table(const table_description& table, const table_options& options)
    : table_(table), parallelism_(parallelism_of(table.name, options, "scan.parallelism")) {
    auto fields = std::make_shared<std::vector<datagen_field>>();
    for (const auto& column : table.columns) {
      fields->push_back(datagen_field::of(table.name, column.name, column.type, options));
      const auto& field = fields->back();
      if (field.sequence)
        limit(static_cast<std::uint64_t>(field.end) - static_cast<std::uint64_t>(field.start) + 1);
    }
    fields_ = std::move(fields);
    if (options.has("number-of-rows")) limit(positive(options, "number-of-rows"));
    rate_ = static_cast<double>(positive(options, "rows-per-second"));
    if (options.has("seed"))
      seed_ = static_cast<std::uint64_t>(options.integer("seed"));
    else
      seed_ = std::uint64_t{std::random_device{}()} << 32 | std::random_device{}();
  }

  boundedness bounded() const override {
    return count_ ? boundedness::bounded : boundedness::unbounded;
  }
  std::optional<std::uint32_t> parallelism() const override { return parallelism_; }
  std::optional<std::uint64_t> estimated_rows() const override { return count_; }

  std::shared_ptr<const source_base> make(const scan_request& request) const override {
    generated_rows rows;
    rows.name = "datagen " + table_.name;
    rows.types = types_of(table_, request);
    rows.count = count_;
    rows.rows_per_second = rate_;
    rows.make = [fields = fields_, columns = request.columns, seed = seed_] {
      return std::make_unique<datagen_generator>(fields, columns, seed);
    };
    return make_generated_rows(std::move(rows));
  }

private:
  void limit(std::uint64_t count) { count_ = std::min(count_.value_or(count), count); }

  std::uint64_t positive(const table_options& options, const char* key) const {
    auto value = options.integer(key);
    if (value <= 0)
      throw plan_error(fmt::format("table {}: option '{}' must be positive", table_.name, key));
    return static_cast<std::uint64_t>(value);
  }

  table_description table_;
  std::optional<std::uint32_t> parallelism_;
  std::shared_ptr<const std::vector<datagen_field>> fields_;
  std::optional<std::uint64_t> count_;
  double rate_ = 0;
  std::uint64_t seed_ = 0;
};

class datagen_factory final : public table_factory {
public:
  std::string identifier() const override { return "datagen"; }
  std::string doc() const override { return "Makes up rows."; }

  std::vector<option_definition> source_options(const table_description& table) const override {
    using enum option_type;
    std::vector<option_definition> list{
      {"rows-per-second", integer, false, "10000", {}, "How fast rows come, of all readers."},
      {"number-of-rows",
       integer,
       false,
       {},
       {},
       "How many rows there are; without it, and without a sequence, there is no end."},
      {"seed", integer, false, {}, {}, "Makes the random values the same in every run."},
      scan_parallelism_option()};
    for (const auto& column : table.columns) datagen_field::define(list, column.name, column.type);
    return list;
  }

  std::shared_ptr<const table_source> make_source(const table_description& table,
                                                  const table_options& options,
                                                  const connector_context&) const override {
    refuse_all_but_columns(table, identifier());
    return std::make_shared<datagen_table>(table, options);
  }
};

} // namespace

std::shared_ptr<const table_factory> make_datagen_factory() {
  return std::make_shared<datagen_factory>();
}

} // namespace sluice::table::internal
