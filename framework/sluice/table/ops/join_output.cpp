#include "sluice/table/ops/join_output.hpp"

#include <algorithm>
#include <cstring>
#include <iterator>

namespace sluice::table {

column_ptr gather_or_null(const column& c, const std::vector<std::uint32_t>& rows) {
  auto missing = std::count(rows.begin(), rows.end(), join_output::none);
  if (missing == 0) return gather(c, rows.data(), rows.size());
  if (static_cast<std::size_t>(missing) == rows.size() || c.empty())
    return column::nulls(c.type().as_nullable(), rows.size());
  auto safe = rows;
  std::replace(safe.begin(), safe.end(), join_output::none, std::uint32_t{0});
  auto result = gather(c, safe.data(), safe.size());
  for (std::size_t i = 0; i < rows.size(); ++i)
    if (rows[i] == join_output::none) result->set_null(i);
  result->retype(c.type().as_nullable());
  return result;
}

column_ptr mark_column(const std::vector<std::uint8_t>& marks) {
  auto result = std::make_shared<column>(data_type::boolean().not_null());
  result->reset(marks.size());
  std::copy(marks.begin(), marks.end(), result->values<std::uint8_t>());
  return result;
}

std::vector<column_ptr> decode_columns(const row_codec& codec, const std::vector<const char*>& rows,
                                       const std::vector<std::size_t>* wanted) {
  std::vector<std::shared_ptr<column>> made;
  std::vector<column*> targets(codec.num_columns(), nullptr);
  auto want = [&](std::size_t c) {
    made.push_back(std::make_shared<column>(codec.types()[c]));
    targets[c] = made.back().get();
  };
  if (wanted)
    for (auto c : *wanted) want(c);
  else
    for (std::size_t c = 0; c < targets.size(); ++c) want(c);
  codec.decode(rows.data(), rows.size(), targets);
  return {std::make_move_iterator(made.begin()), std::make_move_iterator(made.end())};
}

join_output::join_output(const join_plan& plan, output_port& out,
                         const std::vector<std::shared_ptr<const row_codec>>& codecs)
  : plan_(plan), out_(out), codecs_(codecs) {}

void join_output::append_own(std::vector<column_ptr>& to) {
  for (std::size_t c = 0; c < own_->num_columns(); ++c)
    to.push_back(gather_or_null(own_->at(c), own_rows_));
}

void join_output::append_other(std::vector<column_ptr>& to) {
  auto columns = decode_columns(*codecs_[1 - side_], others_, nullptr);
  to.insert(to.end(), std::make_move_iterator(columns.begin()),
            std::make_move_iterator(columns.end()));
}

void join_output::flush() {
  if (kinds_.empty()) return;
  std::vector<column_ptr> columns;
  for (std::size_t side = 0; side < (plan_.left_only() ? 1 : 2); ++side) {
    if (side == side_)
      append_own(columns);
    else
      append_other(columns);
  }
  if (plan_.marks()) columns.push_back(mark_column(marks_));
  marks_.clear();
  batch_.assign(std::move(columns), kinds_.size());
  if (std::any_of(kinds_.begin(), kinds_.end(), [](auto k) { return k != row_kind::insert; }))
    std::memcpy(batch_.make_kinds(), kinds_.data(), kinds_.size());
  kinds_.clear();
  own_rows_.clear();
  others_.clear();
  out_.push(batch_);
}

} // namespace sluice::table
