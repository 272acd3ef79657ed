// Top-N and deduplication: the first rows of each partition by an order.
//
// Each key has its rows in order. An input row takes one out or puts one in, or both if it is an
// update; what that does to the rows in the range is put out: with numbers, the rows that have
// moved; without, the rows that have come and gone.
#include "sluice/table/ops/operators.hpp"
#include "sluice/table/ops/order_key.hpp"
#include "sluice/table/ops/ranked_rows.hpp"
#include "sluice/table/ops/row_list.hpp"
#include "sluice/table/ops/stored_output.hpp"

#include <algorithm>
#include <optional>

namespace sluice::table {

namespace {

bool adds(row_kind kind) noexcept {
  return kind == row_kind::insert || kind == row_kind::update_after;
}

class rank_operator final : public stream_operator {
public:
  rank_operator(std::shared_ptr<const rank_spec> spec, operator_settings settings);

  void open(operator_context& context) override;
  void process(batch& b, std::uint32_t input) override;
  void on_processing_time(timestamp now) override;
  void finish() override { finish_keys(); }
  void finish_keys() override;
  void forget_keys() override { keyed_->clear(); }
  bool may_expand() const noexcept override { return true; }

private:
  void find_values(columnar_batch& in);
  void choose(const columnar_batch& in);
  bool may_enter(const ranked_rows& rows, std::string_view key) const noexcept;
  void handle(std::size_t k, row_kind kind, ranked_rows& rows);
  void take_back(std::size_t k, row_kind kind, ranked_rows& rows);
  void remove(ranked_rows& rows, ranked_row* row);
  void settle();
  void emit_range(const ranked_rows& rows, std::size_t out_of, std::size_t into);
  void emit_numbered(const ranked_rows& rows, std::size_t out_of, std::size_t into);
  void emit_bare(const ranked_rows& rows, std::size_t out_of, std::size_t into);
  void put(row_kind kind, const ranked_row* row, std::size_t place);
  void emit_result(const ranked_rows& rows);

  std::shared_ptr<const rank_spec> spec_;
  operator_settings settings_;
  std::size_t first_; ///< place of the first row of the range
  std::size_t end_;   ///< and behind the last one
  bool only_one_;     ///< the range has one place
  bool newest_first_;
  bool streaming_ = true;
  std::shared_ptr<const row_codec> codec_;
  order_key_codec key_codec_;
  std::unique_ptr<keyed_rows> keyed_;
  std::optional<stored_output> out_;

  // -- of the batch at hand
  order_keys keys_;
  encoded_rows encoded_; ///< of `chosen_`
  std::vector<std::byte*> values_;
  std::vector<std::uint32_t> chosen_;
  struct free_row {
    void operator()(ranked_row* row) const noexcept { ranked_row::free(row); }
  };
  std::vector<std::unique_ptr<ranked_row, free_row>> garbage_; ///< put out, not needed any more
  std::vector<std::byte*> maybe_empty_;

  // -- a change that waits for its second half
  ranked_rows* pending_ = nullptr; ///< whose
  ranked_row* removed_ = nullptr;
  std::size_t removed_place_ = ranked_rows::beyond;
  bool pending_update_ = false;
};

rank_operator::rank_operator(std::shared_ptr<const rank_spec> spec, operator_settings settings)
  : spec_(std::move(spec)), settings_(std::move(settings)),
    first_(static_cast<std::size_t>(spec_->rank.first - 1)),
    end_(static_cast<std::size_t>(spec_->rank.last)), only_one_(end_ - first_ == 1 && first_ == 0),
    codec_(std::make_shared<const row_codec>(spec_->input, spec_->unique_key)),
    key_codec_(spec_->rank.order) {
  // "The last row": of those of the same time, the one that came last.
  const auto& order = spec_->rank.order;
  newest_first_ = only_one_ && order.size() == 1 && order[0].descending
                  && spec_->input.at(order[0].column).is_timestamp();
}

void rank_operator::open(operator_context& context) {
  stream_operator::open(context);
  streaming_ = context.mode() == execution_mode::streaming;
  if (streaming_ && spec_->rank.function != rank_function::row_number)
    throw plan_error(spec_->rank.function == rank_function::rank
                       ? "RANK() is supported in batch mode only; ROW_NUMBER() in both"
                       : "DENSE_RANK() is supported in batch mode only; ROW_NUMBER() in both");
  std::vector<data_type> key_types;
  for (auto c : spec_->rank.partition) key_types.push_back(spec_->input.at(c).as_nullable());
  keyed_ = std::make_unique<keyed_rows>(key_types, std::make_shared<ranked_value>(codec_),
                                        context.key_groups(), context.max_parallelism());
  states_.add("ranked rows", keyed_.get());
  out_.emplace(codec_, ports_[0], spec_->rank.output_rank);
  if (streaming_ && settings_.state_ttl.count() > 0)
    context.request_processing_time(context.processing_clock().now() + settings_.state_ttl.count());
}

void rank_operator::process(batch& b, std::uint32_t) {
  auto& in = as_columnar(b);
  if (in.empty()) return;
  find_values(in);
  key_codec_.encode(in, selection(in.size()), keys_);
  choose(in);
  codec_->encode(in, selection(chosen_), encoded_);
  for (std::size_t k = 0; k < chosen_.size(); ++k) {
    auto row = chosen_[k];
    auto& rows = ranked_value::of(values_[row]).rows;
    if (adds(in.kind(row)))
      handle(k, in.kind(row), rows);
    else
      take_back(k, in.kind(row), rows);
    if (out_->full()) {
      settle();
      out_->flush();
    }
  }
  settle();
  out_->flush();
  garbage_.clear();
  std::sort(maybe_empty_.begin(), maybe_empty_.end());
  auto end = std::unique(maybe_empty_.begin(), maybe_empty_.end());
  for (auto at = maybe_empty_.begin(); at != end; ++at)
    if (ranked_value::of(*at).rows.empty()) keyed_->erase(*at);
  maybe_empty_.clear();
}

void rank_operator::find_values(columnar_batch& in) {
  std::vector<const column*> columns;
  for (auto c : spec_->rank.partition) columns.push_back(&in.at(c));
  values_.resize(in.size());
  keyed_->find_or_insert(columns, keyed_->hashes(in, spec_->rank.partition), selection(in.size()),
                         values_.data(), nullptr);
  if (!streaming_ || settings_.state_ttl.count() == 0) return;
  auto now = context_->processing_clock().now();
  for (auto* value : values_) {
    auto& content = ranked_value::of(value);
    if (content.touched + settings_.state_ttl.count() <= now) content.rows.clear();
    content.touched = now;
  }
}

/// Whether a row with this key is among the first, as far as one may forget the others.
bool rank_operator::may_enter(const ranked_rows& rows, std::string_view key) const noexcept {
  if (rows.size() < end_) return true;
  switch (spec_->rank.function) {
  case rank_function::row_number: {
    auto order = compare_keys(key, rows.last()->key());
    return newest_first_ ? order <= 0 : order < 0;
  }
  case rank_function::rank:
    return compare_keys(key, rows.at(end_ - 1)->key()) <= 0;
  case rank_function::dense_rank:
    return true;
  }
  return true;
}

/// Leaves out rows that cannot get into the range, which saves encoding them.
void rank_operator::choose(const columnar_batch& in) {
  chosen_.clear();
  for (std::uint32_t i = 0; i < in.size(); ++i)
    if (spec_->input_retracts || may_enter(ranked_value::of(values_[i]).rows, keys_[i]))
      chosen_.push_back(i);
}

void rank_operator::handle(std::size_t k, row_kind kind, ranked_rows& rows) {
  auto key = keys_[chosen_[k]];
  bool unique = !spec_->unique_key.empty();
  if (!spec_->input_retracts) {
    if (!may_enter(rows, key)) return; // rows of this batch have been before it
  } else if (!(pending_ == &rows && pending_update_ && kind == row_kind::update_after)) {
    settle();
  }
  std::uint32_t hash = 0;
  if (unique && spec_->input_retracts) {
    hash = row_hash(encoded_.leading(k));
    if (auto* old = rows.find_leading(encoded_.leading(k), hash)) {
      settle();
      remove(rows, old);
      pending_update_ = true;
    }
  }
  auto* row = ranked_row::make(key, encoded_.row(k), hash);
  auto into = rows.insert(row, newest_first_, end_);
  if (streaming_) emit_range(rows, removed_place_, into);
  pending_ = nullptr;
  removed_ = nullptr;
  removed_place_ = ranked_rows::beyond;
  pending_update_ = false;
  if (spec_->input_retracts || spec_->rank.function == rank_function::dense_rank) return;
  // Rows behind the range are not needed; for RANK, those that tie with its last one are.
  while (rows.size() > end_) {
    auto* last = rows.last();
    if (spec_->rank.function == rank_function::rank && last->key() == rows.at(end_ - 1)->key())
      break;
    rows.remove(last, 0);
    garbage_.emplace_back(last);
  }
}

void rank_operator::take_back(std::size_t k, row_kind kind, ranked_rows& rows) {
  settle();
  maybe_empty_.push_back(values_[chosen_[k]]);
  auto* row = spec_->unique_key.empty()
                ? rows.find(keys_[chosen_[k]], encoded_.row(k))
                : rows.find_leading(encoded_.leading(k), row_hash(encoded_.leading(k)));
  if (!row) return; // its time has passed
  remove(rows, row);
  pending_update_ = kind == row_kind::update_before;
  if (!pending_update_) settle();
}

/// Takes a row out, to be settled when it is known what comes instead.
void rank_operator::remove(ranked_rows& rows, ranked_row* row) {
  removed_place_ = rows.remove(row, end_);
  removed_ = row;
  pending_ = &rows;
  garbage_.emplace_back(row);
}

/// Nothing comes instead of the row that was taken out.
void rank_operator::settle() {
  if (!pending_) return;
  if (streaming_) emit_range(*pending_, removed_place_, ranked_rows::beyond);
  pending_ = nullptr;
  removed_ = nullptr;
  removed_place_ = ranked_rows::beyond;
  pending_update_ = false;
}

/// The row `removed_` went from place `out_of`, and another came to place `into`, either of which
/// may be beyond the range.
void rank_operator::emit_range(const ranked_rows& rows, std::size_t out_of, std::size_t into) {
  if (out_of >= end_ && into >= end_) return;
  if (spec_->rank.output_rank)
    emit_numbered(rows, out_of, into);
  else
    emit_bare(rows, out_of, into);
}

void rank_operator::put(row_kind kind, const ranked_row* row, std::size_t place) {
  if (kind == row_kind::update_before && !spec_->emits_update_before) return;
  out_->add(kind, row->bytes(), static_cast<std::int64_t>(place) + 1);
}

/// The row at `place` of `rows` before the one at `into` was put in.
const ranked_row* without_place(const ranked_rows& rows, std::size_t place, std::size_t into) {
  return rows.at(place < into ? place : place + 1);
}

void rank_operator::emit_numbered(const ranked_rows& rows, std::size_t out_of, std::size_t into) {
  auto begin = std::max(first_, std::min(out_of, into));
  auto end = out_of < end_ && into < end_ ? std::max(out_of, into) + 1 : end_;
  for (auto place = begin; place < end; ++place) {
    const auto* now = rows.at(place);
    const auto* before
      = place == out_of ? removed_ : without_place(rows, place < out_of ? place : place - 1, into);
    if (!before && !now) break;
    if (before && now) {
      if (before->row() == now->row()) continue;
      put(row_kind::update_before, before, place);
      put(row_kind::update_after, now, place);
    } else if (now) {
      put(row_kind::insert, now, place);
    } else {
      put(row_kind::delete_, before, place);
    }
  }
}

void rank_operator::emit_bare(const ranked_rows& rows, std::size_t out_of, std::size_t into) {
  const ranked_row* leaves[2] = {};
  const ranked_row* enters[2] = {};
  // At the beginning of the range a row moves over the border, at its end another one does.
  const auto* at_border = first_ > 0 ? without_place(rows, first_ - 1, into) : nullptr;
  const auto* at_end = without_place(rows, end_ - 1, into);
  const auto* inserted = into < end_ ? rows.at(into) : nullptr;
  if (out_of < end_) {
    leaves[0] = out_of >= first_ ? removed_ : at_border;
    enters[0] = at_end;
  }
  if (into < end_) {
    enters[1] = into >= first_ ? inserted : at_border;
    leaves[1] = at_end;
  }
  for (auto& l : leaves)
    for (auto& e : enters)
      if (l && l == e) l = e = nullptr;
  const auto* leaving = leaves[0] ? leaves[0] : leaves[1];
  const auto* entering = enters[0] ? enters[0] : enters[1];
  bool update = leaving && entering
                && (only_one_
                    || (pending_update_ && !spec_->unique_key.empty() && leaving == removed_
                        && entering == inserted));
  if (leaving && entering && leaving->row() == entering->row()) return;
  if (leaving) put(update ? row_kind::update_before : row_kind::delete_, leaving, 0);
  if (entering) put(update ? row_kind::update_after : row_kind::insert, entering, 0);
}

// -- batch mode, and time ------------------------------------------------------------------------

void rank_operator::emit_result(const ranked_rows& rows) {
  std::int64_t place = 0;
  std::int64_t rank = 0;
  const ranked_row* before = nullptr;
  rows.for_each([&](const ranked_row* row) {
    ++place;
    bool ties = before && before->key() == row->key();
    switch (spec_->rank.function) {
    case rank_function::row_number:
      rank = place;
      break;
    case rank_function::rank:
      rank = ties ? rank : place;
      break;
    case rank_function::dense_rank:
      rank += ties ? 0 : 1;
      break;
    }
    before = row;
    auto number = static_cast<std::uint64_t>(rank);
    if (number < spec_->rank.first || number > spec_->rank.last) return;
    out_->add(row_kind::insert, row->bytes(), rank);
    if (out_->full()) out_->flush();
  });
}

void rank_operator::finish_keys() {
  if (streaming_) return;
  keyed_->for_each([&](std::byte* value) { emit_result(ranked_value::of(value).rows); });
  out_->flush();
  keyed_->clear();
}

void rank_operator::on_processing_time(timestamp now) {
  auto ttl = settings_.state_ttl.count();
  keyed_->for_each([&](std::byte* value) {
    if (ranked_value::of(value).touched + ttl <= now) keyed_->erase(value);
  });
  context_->request_processing_time(now + ttl);
}

} // namespace

operator_factory make_rank(rank_spec spec, operator_settings settings) {
  const auto& rank = spec.rank;
  if (rank.first == 0 || rank.last < rank.first)
    throw plan_error("a range of ranks begins at 1 or later and ends behind its beginning");
  auto shared = std::make_shared<const rank_spec>(std::move(spec));
  return [shared, settings = std::move(settings)]() -> std::unique_ptr<stream_operator> {
    return std::make_unique<rank_operator>(shared, settings);
  };
}

} // namespace sluice::table
