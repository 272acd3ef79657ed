// The join of unbounded inputs: a changelog in, a changelog out.
//
// A batch comes from one side, so the other side's rows are the same for all of it. That allows for
// passes: the batch goes into the state; then the pairs with the other side's rows are looked at,
// by the slice, so that the condition is evaluated over columns; then what each change does to the
// result is put out in order.
#include "sluice/table/ops/join_output.hpp"
#include "sluice/table/ops/listed_rows.hpp"

#include <algorithm>
#include <optional>

namespace sluice::table {

namespace {

/// Pairs that are gathered at once for the condition.
constexpr std::size_t slice_pairs = 4096;

bool adds(row_kind kind) noexcept {
  return kind == row_kind::insert || kind == row_kind::update_after;
}

class streaming_join final : public join_algorithm {
public:
  streaming_join(const join_plan& plan, join_host host, duration state_ttl);

  void process(columnar_batch& in, std::uint32_t input) override;
  void on_processing_time(timestamp now) override;

private:
  /// What one row of the input, or one that it replaces, does.
  struct change {
    std::uint32_t row; ///< of `rows_`
    row_kind kind;
    bool replaced;    ///< the next change is what became of the row
    std::byte* value; ///< null: the row has no key
  };

  struct pair {
    std::uint32_t change;
    stored_row* other;
  };

  // -- state
  void find_values(columnar_batch& in, std::size_t input);
  void apply(const columnar_batch& in, std::size_t input);
  void apply_addition(std::uint32_t row, row_kind kind, std::byte* value, row_list& list);
  void apply_retraction(std::uint32_t row, row_kind kind, std::byte* value, row_list& list);
  std::uint32_t keep_old(const stored_row& old);
  void append_old_rows(const columnar_batch& in);
  void touch(std::byte* value, timestamp now);
  void erase_empty();

  // -- results
  void look_at_pairs();
  void look_at_slice(std::uint32_t complete);
  void match(std::uint32_t number, stored_row& other);
  void finish_change(std::uint32_t number);
  void put_update(const change& before, const change& after);
  void put_left_update(const change& before, const change& after);
  void put_joined(row_kind kind, std::uint32_t own, const stored_row& other);
  void put_other(bool added, const stored_row& other);
  void put_other_mark(bool mark, const stored_row& other);
  void other_matched(stored_row& other);
  void other_lost(stored_row& other);
  void put_unmatched(const change& c);
  row_kind kind_of(const change& c) const noexcept;
  void remember_matches(const change& c, std::uint64_t count);
  bool tracks(std::size_t side) const noexcept {
    return plan_.sides[side].outer || (plan_.left_only() && side == 0);
  }
  bool counts_rows(std::size_t side) const noexcept {
    return plan_.sides[side].retracts || tracks(side);
  }

  const join_plan& plan_;
  join_host host_;
  duration ttl_;
  std::vector<std::shared_ptr<const row_codec>> codecs_;
  std::shared_ptr<const listed_rows> lists_;
  std::unique_ptr<keyed_rows> keyed_;
  std::optional<pair_filter> filter_;
  join_output out_;

  // -- of the batch at hand
  std::size_t side_ = 0;
  columnar_batch rows_; ///< those of the input, then those they replace
  encoded_rows encoded_;
  std::vector<std::uint32_t> hashes_; ///< of what rows are found by
  std::vector<std::byte*> values_;    ///< per row
  std::vector<std::byte*> found_;
  std::vector<std::uint8_t> has_key_;
  std::vector<std::uint32_t> keyed_rows_;
  std::vector<change> changes_;
  std::vector<std::string> old_rows_;
  std::vector<std::byte*> maybe_empty_;
  std::vector<pair> pairs_;
  std::uint32_t unfinished_ = 0;     ///< the first change whose pairs are not all looked at
  std::uint64_t matches_ = 0;        ///< of the change at hand
  std::vector<stored_row*> matched_; ///< likewise, if it is part of an update
  std::vector<stored_row*> matched_before_;
};

streaming_join::streaming_join(const join_plan& plan, join_host host, duration state_ttl)
  : plan_(plan), host_(host), ttl_(state_ttl), out_(plan, host.out, codecs_) {
  for (const auto& side : plan.sides)
    codecs_.push_back(std::make_shared<const row_codec>(side.types, side.unique));
  lists_ = std::make_shared<const listed_rows>(codecs_);
  keyed_ = std::make_unique<keyed_rows>(plan.key_types(), lists_, host.context.key_groups(),
                                        host.context.max_parallelism());
  host.states.add("join rows", keyed_.get());
  if (plan.has_condition()) filter_.emplace(plan, host.expressions);
  if (ttl_.count() > 0)
    host.context.request_processing_time(host.context.processing_clock().now() + ttl_.count());
}

void streaming_join::process(columnar_batch& in, std::uint32_t input) {
  if (in.empty()) return;
  side_ = input;
  find_values(in, input);
  apply(in, input);
  append_old_rows(in);
  out_.begin(rows_, side_);
  look_at_pairs();
  out_.flush();
  erase_empty();
}

// -- state ---------------------------------------------------------------------------------------

void streaming_join::find_values(columnar_batch& in, std::size_t input) {
  const auto& keys = plan_.sides[input].keys;
  auto n = in.size();
  std::vector<const column*> columns;
  for (auto k : keys) columns.push_back(&in.at(k));
  const auto* hashes = keyed_->hashes(in, keys);
  values_.assign(n, nullptr);
  if (rows_with_keys(in, plan_, input, has_key_)) {
    keyed_->find_or_insert(columns, hashes, selection(n), values_.data(), nullptr);
  } else {
    keyed_rows_.clear();
    for (std::uint32_t i = 0; i < n; ++i)
      if (has_key_[i] != 0) keyed_rows_.push_back(i);
    found_.resize(keyed_rows_.size());
    keyed_->find_or_insert(columns, hashes, selection(keyed_rows_), found_.data(), nullptr);
    for (std::size_t k = 0; k < found_.size(); ++k) values_[keyed_rows_[k]] = found_[k];
  }
  if (ttl_.count() > 0) {
    auto now = host_.context.processing_clock().now();
    for (auto* value : values_)
      if (value) touch(value, now);
  }
}

void streaming_join::touch(std::byte* value, timestamp now) {
  auto& touched = lists_->touched(value);
  if (touched + ttl_.count() <= now) lists_->clear(value);
  touched = now;
}

void streaming_join::apply(const columnar_batch& in, std::size_t input) {
  const auto& side = plan_.sides[input];
  changes_.clear();
  old_rows_.clear();
  maybe_empty_.clear();
  codecs_[input]->encode(in, selection(in.size()), encoded_);
  hashes_.assign(in.size(), 0);
  if (!side.unique.empty() || counts_rows(input))
    for (std::size_t i = 0; i < in.size(); ++i)
      hashes_[i] = row_hash(side.unique.empty() ? encoded_.row(i) : encoded_.leading(i));
  for (std::uint32_t i = 0; i < in.size(); ++i) {
    auto kind = in.kind(i);
    auto* value = values_[i];
    if (!value)
      changes_.push_back({i, kind, false, nullptr});
    else if (adds(kind))
      apply_addition(i, kind, value, lists_->list(value, input));
    else
      apply_retraction(i, kind, value, lists_->list(value, input));
  }
}

void streaming_join::apply_addition(std::uint32_t row, row_kind kind, std::byte* value,
                                    row_list& list) {
  bool unique = !plan_.sides[side_].unique.empty();
  if (unique) {
    if (auto* old = list.find(encoded_.leading(row), hashes_[row])) {
      // An update without its first half.
      auto number = keep_old(*old);
      list.erase(*old);
      changes_.push_back({number, row_kind::update_before, !plan_.emits_update_before, value});
      kind = row_kind::update_after;
    } else if (!plan_.emits_update_before && kind == row_kind::update_after && !changes_.empty()) {
      // The first half may be right before it.
      auto& last = changes_.back();
      if (last.kind == row_kind::update_before && last.value == value && !last.replaced
          && last.row < encoded_.size() && encoded_.leading(last.row) == encoded_.leading(row))
        last.replaced = true;
    }
    list.append(encoded_.row(row), hashes_[row]);
  } else if (counts_rows(side_)) {
    if (auto* same = list.find(encoded_.row(row), hashes_[row]))
      ++same->count;
    else
      list.append(encoded_.row(row), hashes_[row]);
  } else {
    list.append(encoded_.row(row), 0);
  }
  changes_.push_back({row, kind, false, value});
}

void streaming_join::apply_retraction(std::uint32_t row, row_kind kind, std::byte* value,
                                      row_list& list) {
  bool unique = !plan_.sides[side_].unique.empty();
  auto* stored = list.find(unique ? encoded_.leading(row) : encoded_.row(row), hashes_[row]);
  maybe_empty_.push_back(value);
  if (!stored) {
    // Its state has outlived its time, not so what was put out for it.
    if (ttl_.count() > 0) changes_.push_back({row, kind, false, value});
    return;
  }
  auto number = row;
  if (unique && stored->view() != encoded_.row(row)) number = keep_old(*stored);
  if (--stored->count == 0) {
    stored->count = 1; // as `erase` wants it
    list.erase(*stored);
  }
  changes_.push_back({number, kind, false, value});
}

/// The number that a stored row, which is about to go, gets in `rows_`.
std::uint32_t streaming_join::keep_old(const stored_row& old) {
  old_rows_.emplace_back(old.view());
  return static_cast<std::uint32_t>(encoded_.size() + old_rows_.size() - 1);
}

void streaming_join::append_old_rows(const columnar_batch& in) {
  std::vector<column_ptr> columns;
  auto n = in.size();
  if (old_rows_.empty()) {
    for (std::size_t c = 0; c < in.num_columns(); ++c) columns.push_back(in.share(c));
    rows_.assign(std::move(columns), n);
    return;
  }
  std::vector<const char*> old;
  for (const auto& row : old_rows_) old.push_back(row.data());
  auto decoded = decode_columns(*codecs_[side_], old, nullptr);
  for (std::size_t c = 0; c < in.num_columns(); ++c) {
    auto both = std::make_shared<column>(in.at(c).type());
    both->append_rows(in.at(c), selection(n));
    both->append_rows(*decoded[c], selection(old.size()));
    columns.push_back(std::move(both));
  }
  rows_.assign(std::move(columns), n + old.size());
}

void streaming_join::erase_empty() {
  std::sort(maybe_empty_.begin(), maybe_empty_.end());
  auto end = std::unique(maybe_empty_.begin(), maybe_empty_.end());
  for (auto at = maybe_empty_.begin(); at != end; ++at)
    if (lists_->empty(*at)) keyed_->erase(*at);
}

void streaming_join::on_processing_time(timestamp now) {
  keyed_->for_each([&](std::byte* value) {
    if (lists_->touched(value) + ttl_.count() <= now) keyed_->erase(value);
  });
  host_.context.request_processing_time(now + ttl_.count());
}

// -- pairs ---------------------------------------------------------------------------------------

void streaming_join::look_at_pairs() {
  unfinished_ = 0;
  matches_ = 0;
  auto count = static_cast<std::uint32_t>(changes_.size());
  for (std::uint32_t c = 0; c < count; ++c) {
    auto* value = changes_[c].value;
    auto* others = value ? &lists_->list(value, 1 - side_) : nullptr;
    for (auto* other = others ? others->first() : nullptr; other; other = others->after(*other)) {
      if (!filter_) {
        match(c, *other);
        continue;
      }
      pairs_.push_back({c, other});
      if (pairs_.size() >= slice_pairs) look_at_slice(c);
    }
    if (!filter_) finish_change(c);
  }
  if (filter_) look_at_slice(count);
}

/// Evaluates the condition for the pairs at hand. All pairs of changes before `complete` are there.
void streaming_join::look_at_slice(std::uint32_t complete) {
  std::vector<std::uint32_t> own;
  std::vector<const char*> other;
  for (const auto& p : pairs_) {
    own.push_back(changes_[p.change].row);
    other.push_back(p.other->bytes());
  }
  std::vector<column_ptr> columns[2];
  for (auto c : filter_->wanted(side_))
    columns[side_].push_back(gather(rows_.at(c), own.data(), own.size()));
  columns[1 - side_] = decode_columns(*codecs_[1 - side_], other, &filter_->wanted(1 - side_));
  auto passed = filter_->select(columns, pairs_.size());
  for (std::size_t k = 0; k < passed.size(); ++k) {
    const auto& p = pairs_[passed[k]];
    while (unfinished_ < p.change) finish_change(unfinished_++);
    match(p.change, *p.other);
  }
  while (unfinished_ < complete) finish_change(unfinished_++);
  pairs_.clear();
}

// -- what a change does to the result ------------------------------------------------------------

row_kind streaming_join::kind_of(const change& c) const noexcept {
  if (c.kind == row_kind::update_before && !plan_.emits_update_before) return row_kind::delete_;
  return c.kind;
}

void streaming_join::put_joined(row_kind kind, std::uint32_t own, const stored_row& other) {
  for (auto n = other.count; n > 0; --n) out_.add(kind, own, &other);
}

/// A row of the other side is in the result by itself from now on, or not any more.
void streaming_join::put_other(bool added, const stored_row& other) {
  for (auto n = other.count; n > 0; --n)
    out_.add(added ? row_kind::insert : row_kind::delete_, join_output::none, &other);
}

/// A row of the other side is marked otherwise from now on.
void streaming_join::put_other_mark(bool mark, const stored_row& other) {
  for (auto n = other.count; n > 0; --n) {
    if (plan_.emits_update_before)
      out_.add(row_kind::update_before, join_output::none, &other, !mark);
    out_.add(row_kind::update_after, join_output::none, &other, mark);
  }
}

void streaming_join::other_matched(stored_row& other) {
  if (!tracks(1 - side_) || other.matches++ > 0) return;
  if (plan_.marks())
    put_other_mark(true, other);
  else if (plan_.left_only())
    put_other(plan_.type == join_type::semi, other);
  else
    put_other(false, other);
}

void streaming_join::other_lost(stored_row& other) {
  if (!tracks(1 - side_) || other.matches == 0 || --other.matches > 0) return;
  if (plan_.marks())
    put_other_mark(false, other);
  else if (plan_.left_only())
    put_other(plan_.type == join_type::anti, other);
  else
    put_other(true, other);
}

void streaming_join::match(std::uint32_t number, stored_row& other) {
  const auto& c = changes_[number];
  matches_ += other.count;
  bool part_of_update = c.replaced || (number > 0 && changes_[number - 1].replaced);
  if (part_of_update) {
    matched_.push_back(&other);
    return;
  }
  if (plan_.left_only()) {
    if (side_ == 0) return;
    return adds(c.kind) ? other_matched(other) : other_lost(other);
  }
  bool inner = plan_.type == join_type::inner;
  if (adds(c.kind)) {
    other_matched(other);
    put_joined(inner ? c.kind : row_kind::insert, c.row, other);
  } else {
    put_joined(inner ? kind_of(c) : row_kind::delete_, c.row, other);
    other_lost(other);
  }
}

/// All rows that go with the change were found.
void streaming_join::finish_change(std::uint32_t number) {
  const auto& c = changes_[number];
  auto matches = std::exchange(matches_, 0);
  if (c.replaced) {
    matched_before_.swap(matched_);
    matched_.clear();
    return;
  }
  if (number > 0 && changes_[number - 1].replaced) {
    if (plan_.left_only())
      put_left_update(changes_[number - 1], c);
    else
      put_update(changes_[number - 1], c);
    matched_.clear();
  } else if (plan_.marks()) {
    if (side_ == 0) out_.add(kind_of(c), c.row, nullptr, matches > 0);
  } else if (plan_.left_only()) {
    if (side_ == 0 && (matches > 0) == (plan_.type == join_type::semi))
      out_.add(kind_of(c), c.row, nullptr);
  } else if (matches == 0) {
    put_unmatched(c);
  }
  if (c.value && adds(c.kind)) remember_matches(c, matches);
}

void streaming_join::put_unmatched(const change& c) {
  if (plan_.sides[side_].outer)
    out_.add(adds(c.kind) ? row_kind::insert : row_kind::delete_, c.row, nullptr);
}

void streaming_join::remember_matches(const change& c, std::uint64_t count) {
  if (!tracks(side_)) return;
  bool unique = !plan_.sides[side_].unique.empty();
  auto key = unique ? encoded_.leading(c.row) : encoded_.row(c.row);
  if (auto* own = lists_->list(c.value, side_).find(key, hashes_[c.row]))
    own->matches = static_cast<std::uint32_t>(std::min<std::uint64_t>(count, ~std::uint32_t{0}));
}

/// An update whose first half nobody wants: rows that stay are put out once, and rows that go or
/// come by themselves.
void streaming_join::put_update(const change& before, const change& after) {
  auto old = matched_before_.begin();
  auto now = matched_.begin();
  bool outer = plan_.sides[side_].outer;
  if (outer && matched_before_.empty() && !matched_.empty())
    out_.add(row_kind::delete_, before.row, nullptr);
  // Both are in the order of the list.
  while (old != matched_before_.end() || now != matched_.end()) {
    if (now == matched_.end() || (old != matched_before_.end() && *old < *now)) {
      put_joined(row_kind::delete_, before.row, **old);
      other_lost(**old++);
    } else if (old == matched_before_.end() || *now < *old) {
      other_matched(**now);
      put_joined(row_kind::insert, after.row, **now++);
    } else {
      put_joined(row_kind::update_after, after.row, **now++);
      ++old;
    }
  }
  if (outer && matched_.empty())
    out_.add(matched_before_.empty() ? row_kind::update_after : row_kind::insert, after.row,
             nullptr);
}

void streaming_join::put_left_update(const change& before, const change& after) {
  if (side_ == 1) {
    // First what the row matches now, so that what it always did is not put out.
    for (auto* other : matched_)
      if (!std::binary_search(matched_before_.begin(), matched_before_.end(), other))
        other_matched(*other);
    for (auto* other : matched_before_)
      if (!std::binary_search(matched_.begin(), matched_.end(), other)) other_lost(*other);
    return;
  }
  if (plan_.marks()) return out_.add(row_kind::update_after, after.row, nullptr, !matched_.empty());
  bool semi = plan_.type == join_type::semi;
  bool was_in = matched_before_.empty() != semi;
  bool is_in = matched_.empty() != semi;
  if (was_in && is_in)
    out_.add(row_kind::update_after, after.row, nullptr);
  else if (was_in)
    out_.add(row_kind::delete_, before.row, nullptr);
  else if (is_in)
    out_.add(row_kind::insert, after.row, nullptr);
}

} // namespace

std::unique_ptr<join_algorithm> make_streaming_join(const join_plan& plan, join_host host,
                                                    duration state_ttl) {
  return std::make_unique<streaming_join>(plan, host, state_ttl);
}

} // namespace sluice::table
