#include "sluice/table/ops/change_list.hpp"

#include <algorithm>

namespace sluice::table::detail {

void change_list::flush(std::span<const column* const> left, std::span<const column* const> right,
                        output_port& port) {
  for (std::size_t done = 0; done < kinds_.size();) {
    auto n = std::min(kinds_.size() - done, default_batch_rows);
    std::vector<column_ptr> columns;
    columns.reserve(left.size() + right.size());
    for (const auto* c : left) columns.push_back(gather(*c, left_.data() + done, n));
    for (const auto* c : right) columns.push_back(gather(*c, right_.data() + done, n));
    out_.assign(std::move(columns), n);
    auto first = kinds_.begin() + static_cast<std::ptrdiff_t>(done);
    auto last = first + static_cast<std::ptrdiff_t>(n);
    if (std::any_of(first, last, [](row_kind k) { return k != row_kind::insert; }))
      std::copy(first, last, out_.make_kinds());
    port.push(out_);
    done += n;
  }
  kinds_.clear();
  left_.clear();
  right_.clear();
}

std::vector<std::shared_ptr<column>> make_columns(const std::vector<data_type>& types,
                                                  std::size_t rows) {
  std::vector<std::shared_ptr<column>> columns;
  for (const auto& t : types) {
    columns.push_back(std::make_shared<column>(t));
    columns.back()->reserve(rows);
  }
  return columns;
}

void clear_columns(std::vector<std::shared_ptr<column>>& columns) {
  for (auto& c : columns) {
    if (c.use_count() > 1)
      c = std::make_shared<column>(c->type());
    else
      c->clear();
  }
}

std::vector<column*> pointers_to(const std::vector<std::shared_ptr<column>>& columns) {
  std::vector<column*> result;
  for (const auto& c : columns) result.push_back(c.get());
  return result;
}

std::vector<const column*> views_of(const std::vector<std::shared_ptr<column>>& columns) {
  std::vector<const column*> result;
  for (const auto& c : columns) result.push_back(c.get());
  return result;
}

} // namespace sluice::table::detail
