#include "sluice/connect/table/internal/column_set.hpp"

#include <algorithm>

namespace sluice::table::internal {

void prepare_columns(columnar_batch& out, const std::vector<data_type>& types) {
  bool fits = out.num_columns() == types.size();
  for (std::size_t i = 0; fits && i < types.size(); ++i)
    fits = out.share(i).use_count() == 1 && out.at(i).type() == types[i];
  out.drop_kinds();
  out.drop_timestamps();
  out.drop_hashes();
  if (fits) {
    for (std::size_t i = 0; i < types.size(); ++i)
      if (out.at(i).is_flat())
        out.writable(i).clear();
      else
        fits = false;
  }
  if (fits) return;
  std::vector<column_ptr> columns;
  for (const auto& type : types) columns.push_back(std::make_shared<column>(type));
  out.assign(std::move(columns), 0);
}

void pad_with_nulls(column& c, std::size_t rows) {
  while (c.size() < rows) c.append_null();
}

void level_columns(columnar_batch& out, std::size_t rows) {
  std::vector<column_ptr> columns;
  for (std::size_t i = 0; i < out.num_columns(); ++i) {
    auto& c = out.writable(i);
    if (c.size() > rows || c.type().is_nested()) { // fields may be longer than their row
      auto shorter = std::make_shared<column>(c.type());
      shorter->append_range(c, 0, std::min(rows, c.size()));
      pad_with_nulls(*shorter, rows);
      columns.push_back(std::move(shorter));
    } else {
      pad_with_nulls(c, rows);
      columns.push_back(out.share(i));
    }
  }
  out.assign(std::move(columns), rows);
}

} // namespace sluice::table::internal
