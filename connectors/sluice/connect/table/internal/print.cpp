#include "sluice/connect/table/internal/factories.hpp"
#include "sluice/connect/table/internal/option_keys.hpp"
#include "sluice/io/print_sink.hpp"
#include "sluice/table/column/columnar_batch.hpp"
#include "sluice/table/column/text.hpp"

namespace sluice::table::internal {

namespace {

class rows_writer final : public ::sluice::detail::print_writer {
public:
  using print_writer::print_writer;

  void write(batch& records) override {
    const auto& rows = as_columnar(records);
    for (std::size_t i = 0; i < rows.size(); ++i) {
      auto& line = begin_line();
      line += to_string(rows.kind(i));
      line += '[';
      for (std::size_t c = 0; c < rows.num_columns(); ++c) {
        if (c > 0) line += ", ";
        append_row_text(line, rows.at(c), i);
      }
      line += "]\n";
      flush_if_long();
    }
  }
};

class rows_sink final : public sink_base {
public:
  explicit rows_sink(print_options options) : options_(std::move(options)) {}

  const element_type& type() const noexcept override { return columnar_rows(); }
  std::string name() const override { return "print"; }
  std::unique_ptr<sink_writer> make_writer() const override {
    return std::make_unique<rows_writer>(options_);
  }

private:
  print_options options_;
};

class print_table final : public table_sink {
public:
  print_table(print_options options, std::optional<std::uint32_t> parallelism)
    : options_(std::move(options)), parallelism_(parallelism) {}

  changelog_mode accept(const changelog_mode& offered) const override { return offered; }
  std::shared_ptr<const sink_base> make() const override {
    return std::make_shared<rows_sink>(options_);
  }
  std::optional<std::uint32_t> parallelism() const override { return parallelism_; }

private:
  print_options options_;
  std::optional<std::uint32_t> parallelism_;
};

class print_factory final : public table_factory {
public:
  std::string identifier() const override { return "print"; }
  std::string doc() const override { return "Prints rows with their kinds, a line each."; }

  std::vector<option_definition> sink_options(const table_description&) const override {
    return {{"print-identifier", option_type::text, false, {}, {}, "In front of every line."},
            {"standard-error",
             option_type::boolean,
             false,
             "false",
             {},
             "To the standard error stream instead of the standard output."},
            sink_parallelism_option()};
  }

  std::shared_ptr<const table_sink> make_sink(const table_description& table,
                                              const table_options& options,
                                              const connector_context&) const override {
    refuse_metadata(table, "print");
    print_options print;
    if (options.has("print-identifier")) print.name = options.text("print-identifier");
    print.standard_error = options.boolean("standard-error");
    return std::make_shared<print_table>(std::move(print),
                                         parallelism_of(table.name, options, "sink.parallelism"));
  }
};

// -- blackhole -----------------------------------------------------------------------------------

class nothing_sink final : public sink_base {
public:
  const element_type& type() const noexcept override { return columnar_rows(); }
  std::string name() const override { return "blackhole"; }
  std::unique_ptr<sink_writer> make_writer() const override {
    class writer final : public sink_writer {
    public:
      void open(io_context&, const std::vector<std::string>&) override {}
      void write(batch&) override {}
    };
    return std::make_unique<writer>();
  }
};

class blackhole_table final : public table_sink {
public:
  explicit blackhole_table(std::optional<std::uint32_t> parallelism) : parallelism_(parallelism) {}

  changelog_mode accept(const changelog_mode& offered) const override { return offered; }
  std::shared_ptr<const sink_base> make() const override {
    return std::make_shared<nothing_sink>();
  }
  std::optional<std::uint32_t> parallelism() const override { return parallelism_; }

private:
  std::optional<std::uint32_t> parallelism_;
};

class blackhole_factory final : public table_factory {
public:
  std::string identifier() const override { return "blackhole"; }
  std::string doc() const override { return "Takes all rows and does nothing with them."; }

  std::vector<option_definition> sink_options(const table_description&) const override {
    return {sink_parallelism_option()};
  }

  std::shared_ptr<const table_sink> make_sink(const table_description& table,
                                              const table_options& options,
                                              const connector_context&) const override {
    refuse_metadata(table, "blackhole");
    return std::make_shared<blackhole_table>(
      parallelism_of(table.name, options, "sink.parallelism"));
  }
};

} // namespace

std::shared_ptr<const table_factory> make_print_factory() {
  return std::make_shared<print_factory>();
}

std::shared_ptr<const table_factory> make_blackhole_factory() {
  return std::make_shared<blackhole_factory>();
}

} // namespace sluice::table::internal
