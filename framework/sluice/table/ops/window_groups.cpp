#include "sluice/table/ops/window_groups.hpp"

#include "sluice/core/hash.hpp"
#include "sluice/table/column/key.hpp"

#include <algorithm>
#include <cstring>

namespace sluice::table::detail {

namespace {

constexpr std::size_t counter_bytes = 16;

std::int64_t& rows_of(std::byte* value) { return *reinterpret_cast<std::int64_t*>(value); }
std::int64_t rows_of(const std::byte* value) {
  return *reinterpret_cast<const std::int64_t*>(value);
}

/// Perhaps a number of rows, then states.
class window_value final : public row_value {
public:
  window_value(std::vector<aggregate_spec> calls, bool counts_rows)
    : calls_(std::move(calls), counts_rows ? counter_bytes : 0), counts_rows_(counts_rows) {}

  std::size_t size() const noexcept override { return calls_.size(); }
  bool trivial() const noexcept override { return calls_.trivial(); }
  void create(std::byte* value) const override {
    if (counts_rows_) rows_of(value) = 0;
    calls_.create(value);
  }
  void destroy(std::byte* value) const noexcept override { calls_.destroy(value); }
  void encode(const std::byte* value, byte_writer& out) const override {
    if (counts_rows_) out.raw(rows_of(value));
    calls_.encode(value, out);
  }
  void decode(byte_reader& in, std::byte* value) const override {
    auto rows = counts_rows_ ? in.raw<std::int64_t>() : 0;
    calls_.decode(in, value);
    if (counts_rows_) rows_of(value) = rows;
  }
  std::string schema() const override {
    return (counts_rows_ ? "slice with rows of " : "slice of ") + calls_.schema();
  }
  std::size_t owned_bytes(const std::byte* value) const noexcept override {
    return encoded_size(calls_, value);
  }

private:
  group_calls calls_;
  bool counts_rows_;
};

std::vector<data_type> with_slice(const std::vector<data_type>& types) {
  std::vector<data_type> result{data_type::bigint().not_null()};
  result.insert(result.end(), types.begin(), types.end());
  return result;
}

std::uint64_t hash_in_slice(std::uint64_t hash, std::int64_t slice) {
  return (hash & 0xffffffff00000000ull)
         | (combine_hash(hash, static_cast<std::uint64_t>(slice)) & 0xffffffffull);
}

} // namespace

window_groups::window_groups(const window_aggregate_spec& spec, operator_context& context,
                             state_registry& states)
  : counts_rows_(spec.input_retracts), keys_of_input_(spec.keys), num_inputs_(spec.input.size()),
    calls_(spec.calls, counts_rows_ ? counter_bytes : 0),
    value_(std::make_shared<window_value>(spec.calls, counts_rows_)) {
  for (auto k : spec.keys) key_types_.push_back(spec.input.at(k));
  table_.emplace(with_slice(key_types_), value_, context.key_groups(), context.max_parallelism());
  merged_.emplace(key_types_, value_, key_group_range{0, 1}, 1);
  states.add("slices", &*table_);
  auto input = spec.input;
  input.push_back(data_type::bigint().not_null());
  std::vector<std::size_t> keys{num_inputs_};
  keys.insert(keys.end(), spec.keys.begin(), spec.keys.end());
  for (std::size_t c = 0; c < spec.calls.size(); ++c) {
    const auto& call = spec.calls[c];
    if (!call.distinct) continue;
    auto at = std::find_if(distinct_.begin(), distinct_.end(),
                           [&](const auto& d) { return d->arguments() == call.arguments; });
    if (at == distinct_.end())
      at = distinct_.insert(
        at, std::make_unique<distinct_values>(input, keys, call.arguments, 0, context));
    (*at)->add(c, call.filter);
  }
  for (std::size_t d = 0; d < distinct_.size(); ++d)
    states.add("distinct " + std::to_string(d), &distinct_[d]->open());
}

void window_groups::restored() {
  value_list values;
  auto slice = make_columns({data_type::bigint().not_null()});
  auto list = [&] {
    clear_columns(slice);
    table_->append_keys(values.data(), values.size(), pointers_to(slice));
    for (std::size_t k = 0; k < values.size(); ++k)
      list_of(slice[0]->value<std::int64_t>(k)).push_back(values[k]);
    values.clear();
  };
  table_->for_each([&](std::byte* v) {
    values.push_back(v);
    if (values.size() == default_batch_rows) list();
  });
  list();
}

void window_groups::clear() {
  slices_.clear();
  recent_ = nullptr;
}

window_groups::value_list& window_groups::list_of(std::int64_t slice) {
  if (!recent_ || recent_slice_ != slice) {
    recent_ = &slices_[slice];
    recent_slice_ = slice;
  }
  return *recent_;
}

// -- adding ---------------------------------------------------------------------------------------

void window_groups::fill_work(const columnar_batch& in, const std::vector<std::uint32_t>& rows,
                              const std::vector<std::int64_t>& slices) {
  bool all = rows.size() == in.size();
  for (std::size_t k = 0; all && k < rows.size(); ++k) all = rows[k] == k;
  std::vector<column_ptr> columns;
  columns.reserve(num_inputs_ + 1);
  for (std::size_t c = 0; c < num_inputs_; ++c)
    columns.push_back(all ? in.share(c) : gather(in.at(c), rows.data(), rows.size()));
  auto slice = std::make_shared<column>(data_type::bigint().not_null());
  slice->reset(slices.size());
  std::copy(slices.begin(), slices.end(), slice->values<std::int64_t>());
  columns.push_back(std::move(slice));
  work_.assign(std::move(columns), rows.size());
  if (in.insert_only()) return;
  auto* kinds = work_.make_kinds();
  for (std::size_t k = 0; k < rows.size(); ++k) kinds[k] = in.kind(rows[k]);
}

void window_groups::add(const columnar_batch& in, const std::uint64_t* hashes,
                        const std::vector<std::uint32_t>& rows,
                        const std::vector<std::int64_t>& slices) {
  auto n = rows.size();
  if (n == 0) return;
  fill_work(in, rows, slices);
  hashes_.resize(n);
  for (std::size_t k = 0; k < n; ++k) hashes_[k] = hash_in_slice(hashes[rows[k]], slices[k]);
  key_columns_.assign(1, &work_.at(num_inputs_));
  for (auto c : keys_of_input_) key_columns_.push_back(&work_.at(c));
  values_.resize(n);
  fresh_.resize(n);
  table_->find_or_insert(key_columns_, hashes_.data(), selection(n), values_.data(), fresh_.data());
  for (std::size_t k = 0; k < n; ++k)
    if (fresh_[k] != 0) list_of(slices[k]).push_back(values_[k]);
  if (counts_rows_)
    for (std::size_t k = 0; k < n; ++k) rows_of(values_[k]) += takes_back(work_.kind(k)) ? -1 : 1;
  calls_.begin(work_);
  for (auto& d : distinct_) d->look_at(work_, hashes_.data(), calls_, 0, slices.data());
  calls_.apply(values_.data(), selection(n));
}

// -- slices ---------------------------------------------------------------------------------------

void window_groups::append_keys(const std::byte* const* values, std::size_t count,
                                std::vector<std::shared_ptr<column>>& out) {
  column slice(data_type::bigint().not_null());
  std::vector<column*> columns{&slice};
  for (auto& c : out) columns.push_back(c.get());
  table_->append_keys(values, count, columns);
}

/// Adds groups to those of `table`, whose keys are `keys`.
void window_groups::add_to(keyed_rows& table, std::span<const column* const> keys,
                           const std::uint64_t* hashes, const std::byte* const* from,
                           std::size_t count, std::int64_t slice) {
  values_.resize(std::max(values_.size(), count));
  fresh_.resize(std::max(fresh_.size(), count));
  table.find_or_insert(keys, hashes, selection(count), values_.data(), fresh_.data());
  if (&table == &*table_)
    for (std::size_t k = 0; k < count; ++k)
      if (fresh_[k] != 0) list_of(slice).push_back(values_[k]);
  if (counts_rows_)
    for (std::size_t k = 0; k < count; ++k) rows_of(values_[k]) += rows_of(from[k]);
  calls_.merge(values_.data(), from, count);
}

void window_groups::merge_into(std::int64_t into, std::int64_t last) {
  for (auto at = slices_.upper_bound(into); at != slices_.end() && at->first <= last;
       at = slices_.upper_bound(into)) {
    auto moved = at->first;
    const auto values = at->second;
    for (std::size_t done = 0; done < values.size(); done += default_batch_rows) {
      auto n = std::min(default_batch_rows, values.size() - done);
      auto keys = make_columns(key_types_);
      append_keys(values.data() + done, n, keys);
      auto views = views_of(keys);
      hashes_.resize(std::max(hashes_.size(), n));
      hash_rows(views, n, hashes_.data());
      for (std::size_t k = 0; k < n; ++k) hashes_[k] = hash_in_slice(hashes_[k], into);
      column slice(data_type::bigint().not_null());
      for (std::size_t k = 0; k < n; ++k) slice.append(into);
      views.insert(views.begin(), &slice);
      add_to(*table_, views, hashes_.data(), values.data() + done, n, into);
    }
    drop(moved);
  }
}

void window_groups::drop(std::int64_t slice) {
  auto at = slices_.find(slice);
  if (at == slices_.end()) return;
  for (auto* v : at->second) table_->erase(v);
  slices_.erase(at);
  recent_ = nullptr;
}

void window_groups::drop_distinct(std::int64_t last) {
  for (auto& d : distinct_) d->expire(last + 1);
}

// -- results --------------------------------------------------------------------------------------

void window_groups::results(std::int64_t first, std::int64_t last,
                            const std::function<bool(key_group)>& passes, const taker& take) {
  auto begin = slices_.lower_bound(first);
  auto end = slices_.upper_bound(last);
  if (begin == end) return;
  bool one = std::next(begin) == end;
  value_list chosen;
  for (auto at = begin; at != end; ++at) {
    chosen.clear();
    for (auto* v : at->second)
      if (!passes || passes(table_->group_of(v))) chosen.push_back(v);
    if (one) return emit(*table_, true, chosen, take);
    for (std::size_t done = 0; done < chosen.size(); done += default_batch_rows) {
      auto n = std::min(default_batch_rows, chosen.size() - done);
      auto keys = make_columns(key_types_);
      append_keys(chosen.data() + done, n, keys);
      auto views = views_of(keys);
      hashes_.resize(std::max(hashes_.size(), n));
      hash_rows(views, n, hashes_.data());
      add_to(*merged_, views, hashes_.data(), chosen.data() + done, n, 0);
    }
  }
  chosen.clear();
  merged_->for_each([&](std::byte* v) { chosen.push_back(v); });
  emit(*merged_, false, chosen, take);
  merged_->clear();
}

void window_groups::emit(keyed_rows& table, bool with_slice_column, const value_list& all,
                         const taker& take) {
  value_list alive;
  const auto* values = &all;
  if (counts_rows_) {
    for (auto* v : all)
      if (rows_of(v) > 0) alive.push_back(v);
    values = &alive;
  }
  for (std::size_t done = 0; done < values->size(); done += default_batch_rows) {
    auto n = std::min(default_batch_rows, values->size() - done);
    auto columns = make_columns(key_types_);
    if (with_slice_column)
      append_keys(values->data() + done, n, columns);
    else
      table.append_keys(values->data() + done, n, pointers_to(columns));
    auto results = make_columns(calls_.results());
    calls_.emit(values->data() + done, n, pointers_to(results));
    std::vector<column_ptr> out(columns.begin(), columns.end());
    out.insert(out.end(), results.begin(), results.end());
    take(std::move(out), n);
  }
}

} // namespace sluice::table::detail
