// The join of bounded inputs: one side becomes a hash table, the other one is looked up in it.
//
// Both sides come at the same time, so rows of the second one are held until the first has ended;
// then they are looked up as they come. Both are keyed state, so past the memory limit the runtime
// puts them on disk by key group and comes back with some of the groups at a time.
#include "sluice/core/check.hpp"
#include "sluice/table/column/key.hpp"
#include "sluice/table/ops/batch_rows.hpp"
#include "sluice/table/ops/join_algorithm.hpp"
#include "sluice/table/ops/join_output.hpp"
#include "sluice/table/ops/join_table.hpp"

#include <algorithm>
#include <optional>

namespace sluice::table {

namespace {

std::vector<data_type> with_flag(std::vector<data_type> types) {
  types.push_back(data_type::boolean());
  return types;
}

class hash_join final : public join_algorithm {
public:
  hash_join(const join_plan& plan, join_host host);

  void process(columnar_batch& in, std::uint32_t input) override;
  void finish_input(std::uint32_t input) override;
  void finish() override { finish_keys(); }
  void finish_keys() override;
  void forget_keys() override;

private:
  void hash(columnar_batch& in, std::size_t side);
  void build();
  void look_up(columnar_batch& in);
  void look_up_all(const columnar_batch& in);
  void look_up_first(const columnar_batch& in);
  void check_pairs(const columnar_batch& in);
  void put_pairs(const columnar_batch& in);
  void put_probe_rows(const columnar_batch& in, bool matched);
  void put_marked(const columnar_batch& in);
  void put_rest();
  void put(const columnar_batch* probe, const std::vector<std::uint32_t>* probe_rows,
           const std::vector<std::uint32_t>* build_rows);
  bool not_in_by_table() const noexcept {
    return plan_.null_aware && !plan_.condition && plan_.sides[0].keys.empty();
  }

  const join_plan& plan_;
  join_host host_;
  std::size_t build_side_;
  std::size_t probe_side_;
  bool marks_build_; ///< whether it matters which rows of the table found a match
  bool first_only_;  ///< one match of a probe row is enough
  std::vector<std::size_t> table_keys_[2]; ///< what pairs agree in, per side
  batch_rows build_rows_;                  ///< with a flag: found a match
  batch_rows probe_rows_;
  std::optional<pair_filter> filter_;

  bool built_ = false;
  join_table table_;
  const columnar_batch* rows_ = nullptr;    ///< of the table; with the flag
  std::vector<std::uint64_t> table_hashes_; ///< of NOT IN's compared column
  std::vector<std::uint8_t> marks_;
  bool unknown_ = false; ///< NOT IN: a NULL among the values, so no row is surely not in

  // -- of the batch at hand
  std::vector<std::uint8_t> has_key_;
  std::vector<std::uint64_t> hashes_;
  const std::uint64_t* probe_hashes_ = nullptr;
  std::vector<std::uint32_t> first_;
  std::vector<std::uint8_t> matched_;
  std::vector<std::uint32_t> pair_probe_;
  std::vector<std::uint32_t> pair_build_;
  std::vector<std::uint8_t> equal_;
  std::vector<std::uint32_t> active_;
  columnar_batch out_;
};

hash_join::hash_join(const join_plan& plan, join_host host)
  : plan_(plan), host_(host), build_side_(plan.build_left && !plan.null_aware ? 0 : 1),
    probe_side_(1 - build_side_),
    marks_build_(plan.sides[build_side_].outer || (plan.left_only() && build_side_ == 0)),
    first_only_(plan.left_only() && build_side_ == 1),
    build_rows_(with_flag(plan.sides[build_side_].types), host.context.max_parallelism()),
    probe_rows_(plan.sides[probe_side_].types, host.context.max_parallelism()) {
  for (std::size_t side = 0; side < 2; ++side)
    table_keys_[side]
      = not_in_by_table() ? std::vector{plan.compared[side]} : plan.sides[side].keys;
  host.states.add("build rows", &build_rows_);
  host.states.add("probe rows", &probe_rows_);
  if (plan.has_condition() && !not_in_by_table()) filter_.emplace(plan, host.expressions);
}

/// Makes the batch have the hashes that tell the key groups of its rows.
void hash_join::hash(columnar_batch& in, std::size_t side) {
  if (in.has_hashes()) return;
  std::vector<const column*> keys;
  for (auto k : plan_.sides[side].keys) keys.push_back(&in.at(k));
  hash_rows(keys, in.size(), in.make_hashes());
}

void hash_join::process(columnar_batch& in, std::uint32_t input) {
  if (in.empty()) return;
  if (!in.insert_only())
    throw error("a join in batch mode takes rows that are inserted, not a changelog of updates");
  hash(in, input);
  if (input == build_side_) {
    SLUICE_CHECK(!built_, "rows of an input that has ended");
    columnar_batch flagged;
    std::vector<column_ptr> columns;
    for (std::size_t c = 0; c < in.num_columns(); ++c) columns.push_back(in.share(c));
    auto n = in.size();
    auto flag = std::make_shared<column>(data_type::boolean());
    flag->reset(n);
    std::fill_n(flag->values<std::uint8_t>(), n, std::uint8_t{0});
    columns.push_back(std::move(flag));
    flagged.assign(std::move(columns), n);
    std::copy_n(in.hashes(), n, flagged.make_hashes());
    build_rows_.add(flagged);
  } else if (built_) {
    look_up(in);
  } else {
    probe_rows_.add(in);
  }
}

void hash_join::finish_input(std::uint32_t input) {
  if (input != build_side_ || built_) return;
  build();
  probe_rows_.take_each([&](columnar_batch& rows) { look_up(rows); });
}

void hash_join::finish_keys() {
  if (!built_) finish_input(static_cast<std::uint32_t>(build_side_));
  put_rest();
  forget_keys();
}

void hash_join::forget_keys() {
  build_rows_.clear();
  probe_rows_.clear();
  table_.clear();
  rows_ = nullptr;
  table_hashes_ = {};
  marks_.clear();
  built_ = unknown_ = false;
}

// -- the table -----------------------------------------------------------------------------------

void hash_join::build() {
  rows_ = &build_rows_.together();
  const auto& rows = *rows_;
  auto n = rows.size();
  marks_.resize(n);
  if (n > 0) {
    const column& flags = rows.at(rows.num_columns() - 1);
    std::copy_n(flags.values<std::uint8_t>(), n, marks_.begin());
  }
  if (marks_build_ && n > 0)
    build_rows_.replace_last_column([this] {
      auto flags = std::make_shared<column>(data_type::boolean());
      flags->reset(marks_.size());
      std::copy(marks_.begin(), marks_.end(), flags->values<std::uint8_t>());
      return flags;
    });
  const std::uint64_t* hashes = n > 0 ? rows.hashes() : nullptr;
  std::vector<std::uint8_t> skip;
  if (not_in_by_table()) {
    table_hashes_.resize(n);
    if (n > 0) {
      const column* keys[] = {&rows.at(table_keys_[1][0])};
      unknown_ = keys[0]->null_count() > 0;
      hash_rows(keys, n, table_hashes_.data());
    }
    hashes = table_hashes_.data();
  } else if (n > 0 && !rows_with_keys(rows, plan_, build_side_, has_key_)) {
    for (auto has : has_key_) skip.push_back(has == 0 ? 1 : 0);
  }
  table_.build(hashes, n, skip.empty() ? nullptr : skip.data());
  build_rows_.count_also(table_.bytes() + marks_.capacity());
  built_ = true;
}

// -- rows of the other side ----------------------------------------------------------------------

void hash_join::look_up(columnar_batch& in) {
  auto n = in.size();
  matched_.assign(n, 0);
  first_.resize(n);
  bool all = true;
  const auto* hashes = in.hashes();
  if (not_in_by_table()) {
    // NULL is not surely different from anything, and nothing from NULL.
    const auto& compared = in.at(table_keys_[0][0]);
    hashes_.resize(n);
    const column* keys[] = {&compared};
    hash_rows(keys, n, hashes_.data());
    hashes = hashes_.data();
    if (rows_->size() > 0)
      for (std::size_t i = 0; i < n; ++i)
        if (unknown_ || compared.is_null(i)) matched_[i] = 1;
  } else {
    all = rows_with_keys(in, plan_, probe_side_, has_key_);
  }
  table_.find(hashes, n, first_.data());
  if (!all)
    for (std::size_t i = 0; i < n; ++i)
      if (has_key_[i] == 0) first_[i] = join_table::none;
  probe_hashes_ = hashes;
  if (first_only_)
    look_up_first(in);
  else
    look_up_all(in);
  if (plan_.marks())
    put_marked(in);
  else if (first_only_)
    put_probe_rows(in, plan_.type == join_type::semi);
  else if (plan_.sides[probe_side_].outer)
    put_probe_rows(in, false);
}

/// All pairs, a batch of them at a time.
void hash_join::look_up_all(const columnar_batch& in) {
  auto full = [&] {
    check_pairs(in);
    put_pairs(in);
    pair_probe_.clear();
    pair_build_.clear();
  };
  for (std::uint32_t i = 0; i < in.size(); ++i)
    for (auto row = first_[i]; row != join_table::none; row = table_.next(row, probe_hashes_[i])) {
      pair_probe_.push_back(i);
      pair_build_.push_back(row);
      if (pair_probe_.size() >= default_batch_rows) full();
    }
  full();
}

/// Whether there is a pair: one of each row at a time, until it matches.
void hash_join::look_up_first(const columnar_batch& in) {
  active_.clear();
  for (std::uint32_t i = 0; i < in.size(); ++i)
    if (first_[i] != join_table::none && matched_[i] == 0) active_.push_back(i);
  while (!active_.empty()) {
    pair_probe_.assign(active_.begin(), active_.end());
    pair_build_.clear();
    for (auto i : active_) pair_build_.push_back(first_[i]);
    check_pairs(in);
    for (auto i : pair_probe_) matched_[i] = 1;
    std::size_t left = 0;
    for (auto i : active_) {
      if (matched_[i] != 0) continue;
      first_[i] = table_.next(first_[i], probe_hashes_[i]);
      if (first_[i] != join_table::none) active_[left++] = i;
    }
    active_.resize(left);
  }
  pair_probe_.clear();
  pair_build_.clear();
}

/// Leaves just the pairs whose keys are equal and that the condition accepts.
void hash_join::check_pairs(const columnar_batch& in) {
  auto count = pair_probe_.size();
  if (count == 0) return;
  auto keep = [&](auto&& chosen) {
    std::size_t left = 0;
    chosen([&](std::size_t k) {
      pair_probe_[left] = pair_probe_[k];
      pair_build_[left++] = pair_build_[k];
    });
    pair_probe_.resize(left);
    pair_build_.resize(left);
  };
  equal_.assign(count, 1);
  for (std::size_t k = 0; k < table_keys_[0].size(); ++k)
    match_rows(in.at(table_keys_[probe_side_][k]), pair_probe_.data(),
               rows_->at(table_keys_[build_side_][k]), pair_build_.data(), count, equal_.data());
  if (std::find(equal_.begin(), equal_.end(), 0) != equal_.end())
    keep([&](auto&& use) {
      for (std::size_t k = 0; k < count; ++k)
        if (equal_[k] != 0) use(k);
    });
  if (!filter_ || pair_probe_.empty()) return;
  std::vector<column_ptr> columns[2];
  count = pair_probe_.size();
  for (auto c : filter_->wanted(probe_side_))
    columns[probe_side_].push_back(gather(in.at(c), pair_probe_.data(), count));
  for (auto c : filter_->wanted(build_side_))
    columns[build_side_].push_back(gather(rows_->at(c), pair_build_.data(), count));
  auto passed = filter_->select(columns, count);
  if (passed.size() < count)
    keep([&](auto&& use) { passed.for_each([&](std::size_t k) { use(k); }); });
}

// -- results -------------------------------------------------------------------------------------

void hash_join::put_pairs(const columnar_batch& in) {
  if (pair_probe_.empty()) return;
  if (plan_.sides[probe_side_].outer)
    for (auto i : pair_probe_) matched_[i] = 1;
  if (marks_build_)
    for (auto row : pair_build_) marks_[row] = 1;
  if (!plan_.left_only()) put(&in, &pair_probe_, &pair_build_);
}

/// Rows of the batch by themselves: those that have a match, or those that have none.
void hash_join::put_probe_rows(const columnar_batch& in, bool matched) {
  std::vector<std::uint32_t> rows;
  for (std::uint32_t i = 0; i < in.size(); ++i)
    if ((matched_[i] != 0) == matched) rows.push_back(i);
  if (!rows.empty()) put(&in, &rows, nullptr);
}

/// All rows of the batch, each with whether it has a match.
void hash_join::put_marked(const columnar_batch& in) {
  std::vector<column_ptr> columns;
  for (std::size_t c = 0; c < in.num_columns(); ++c) columns.push_back(in.share(c));
  columns.push_back(mark_column(matched_));
  out_.assign(std::move(columns), in.size());
  host_.out.push(out_);
}

/// Rows of the table that are in the result by themselves.
void hash_join::put_rest() {
  if (!marks_build_) return;
  bool matched = plan_.type == join_type::semi;
  std::vector<std::uint32_t> rows;
  auto flush = [&] {
    if (!rows.empty()) put(nullptr, nullptr, &rows);
    rows.clear();
  };
  for (std::uint32_t i = 0; i < marks_.size(); ++i) {
    if ((marks_[i] != 0) != matched) continue;
    rows.push_back(i);
    if (rows.size() >= default_batch_rows) flush();
  }
  flush();
}

void hash_join::put(const columnar_batch* probe, const std::vector<std::uint32_t>* probe_rows,
                    const std::vector<std::uint32_t>* build_rows) {
  std::vector<column_ptr> columns;
  auto n = (probe_rows ? probe_rows : build_rows)->size();
  for (std::size_t side = 0; side < (plan_.left_only() ? 1 : 2); ++side) {
    const auto* batch = side == probe_side_ ? probe : rows_;
    const auto* rows = side == probe_side_ ? probe_rows : build_rows;
    const auto& types = plan_.sides[side].types;
    for (std::size_t c = 0; c < types.size(); ++c)
      columns.push_back(rows ? gather(batch->at(c), rows->data(), n)
                             : column::nulls(types[c].as_nullable(), n));
  }
  out_.assign(std::move(columns), n);
  host_.out.push(out_);
}

} // namespace

std::unique_ptr<join_algorithm> make_hash_join(const join_plan& plan, join_host host) {
  return std::make_unique<hash_join>(plan, host);
}

} // namespace sluice::table
