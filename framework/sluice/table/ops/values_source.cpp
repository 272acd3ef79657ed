#include "sluice/table/ops/operators.hpp"

#include <memory>

namespace sluice::table {

namespace {

using row_list = std::vector<std::vector<scalar>>;

std::string encode_position(std::uint64_t position) {
  byte_writer out;
  out.raw(position);
  return out.take();
}

class values_reader final : public source_reader {
public:
  values_reader(std::shared_ptr<const std::vector<data_type>> types,
                std::shared_ptr<const row_list> rows)
    : types_(std::move(types)), rows_(std::move(rows)) {}

  void open(io_context&) override {}

  void add_splits(std::vector<source_split> splits) override {
    byte_reader in(splits.front().data);
    next_ = in.raw<std::uint64_t>();
    reading_ = true;
  }

  poll_result poll(batch& out, std::size_t max_records) override {
    if (!reading_) return {poll_result::state::finished, {}, 0, {}};
    auto end = std::min<std::uint64_t>(rows_->size(), next_ + max_records);
    columnar_batch rows(*types_);
    for (std::size_t c = 0; c < types_->size(); ++c)
      for (auto r = next_; r < end; ++r) (*rows_)[r][c].append_to(rows.writable(c));
    rows.set_rows(end - next_);
    as_columnar(out).swap_contents(rows);
    next_ = end;
    if (next_ < rows_->size()) return {};
    reading_ = false;
    return {poll_result::state::finished, {}, 0, {0}};
  }

  std::vector<source_split> snapshot() override {
    if (!reading_) return {};
    return {{"all", encode_position(next_)}};
  }

private:
  std::shared_ptr<const std::vector<data_type>> types_;
  std::shared_ptr<const row_list> rows_;
  std::uint64_t next_ = 0;
  bool reading_ = false;
};

class values_source final : public source_base {
public:
  values_source(std::vector<data_type> types, row_list rows)
    : types_(std::make_shared<const std::vector<data_type>>(std::move(types))),
      rows_(std::make_shared<const row_list>(std::move(rows))) {}

  const element_type& type() const noexcept override { return columnar_rows(); }
  boundedness bounded() const noexcept override { return boundedness::bounded; }
  std::string name() const override { return "values"; }
  std::optional<std::uint32_t> fixed_parallelism() const override { return 1; }

  std::unique_ptr<split_enumerator> make_enumerator(std::uint32_t) const override {
    class enumerator final : public split_enumerator {
      std::vector<source_split> discover() override { return {{"all", encode_position(0)}}; }
    };
    return std::make_unique<enumerator>();
  }
  std::unique_ptr<source_reader> make_reader() const override {
    return std::make_unique<values_reader>(types_, rows_);
  }

private:
  std::shared_ptr<const std::vector<data_type>> types_;
  std::shared_ptr<const row_list> rows_;
};

} // namespace

std::shared_ptr<const source_base> make_values_source(std::vector<data_type> types,
                                                      std::vector<std::vector<scalar>> rows) {
  return std::make_shared<values_source>(std::move(types), std::move(rows));
}

} // namespace sluice::table
