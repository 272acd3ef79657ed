// INTERSECT ALL and EXCEPT ALL: a row that stands for several becomes so many.
#include "sluice/table/ops/operators.hpp"

#include <algorithm>
#include <memory>
#include <vector>

namespace sluice::table {

namespace {

class replicate_rows final : public stream_operator {
public:
  void process(batch& b, std::uint32_t) override {
    auto& in = as_columnar(b);
    const auto& counts = in.at(in.num_columns() - 1);
    for (std::uint32_t i = 0; i < in.size(); ++i) {
      // As many rows as before and after an update need not be the same number.
      auto kind = in.kind(i) == row_kind::update_before  ? row_kind::delete_
                  : in.kind(i) == row_kind::update_after ? row_kind::insert
                                                         : in.kind(i);
      for (auto n = counts.is_null(i) ? 0 : counts.value<std::int64_t>(i); n > 0; --n) {
        rows_.push_back(i);
        kinds_.push_back(kind);
        if (rows_.size() == default_batch_rows) put_out(in);
      }
    }
    put_out(in);
  }

  bool may_expand() const noexcept override { return true; }

private:
  void put_out(const columnar_batch& in) {
    if (rows_.empty()) return;
    std::vector<column_ptr> columns;
    for (std::size_t c = 0; c + 1 < in.num_columns(); ++c)
      columns.push_back(gather(in.at(c), rows_.data(), rows_.size()));
    out_.assign(std::move(columns), rows_.size());
    if (!in.insert_only()) std::copy(kinds_.begin(), kinds_.end(), out_.make_kinds());
    ports_[0].push(out_);
    rows_.clear();
    kinds_.clear();
  }

  std::vector<std::uint32_t> rows_;
  std::vector<row_kind> kinds_;
  columnar_batch out_;
};

} // namespace

operator_factory make_replicate_rows() {
  return [] { return std::make_unique<replicate_rows>(); };
}

} // namespace sluice::table
