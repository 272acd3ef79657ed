#include "sluice/table/ops/distinct_values.hpp"

#include "sluice/core/hash.hpp"
#include "sluice/table/column/key.hpp"

#include <algorithm>

namespace sluice::table::detail {

namespace {

/// A time of the last touch, then a count per filter.
class counts_value final : public row_value {
public:
  explicit counts_value(std::size_t slots) : slots_(slots) {}

  std::size_t size() const noexcept override { return ((slots_ + 1) * 8 + 15) / 16 * 16; }
  bool trivial() const noexcept override { return true; }
  void create(std::byte* value) const override { std::fill_n(value, size(), std::byte{0}); }
  void destroy(std::byte*) const noexcept override {}
  void encode(const std::byte* value, byte_writer& out) const override {
    out.append(value, (slots_ + 1) * 8);
  }
  void decode(byte_reader& in, std::byte* value) const override {
    create(value);
    in.copy(value, (slots_ + 1) * 8);
  }
  std::string schema() const override { return "counts by " + std::to_string(slots_) + " filters"; }
  std::size_t owned_bytes(const std::byte*) const noexcept override { return 0; }

private:
  std::size_t slots_;
};

std::int64_t* numbers_of(std::byte* value) { return reinterpret_cast<std::int64_t*>(value); }

} // namespace

distinct_values::distinct_values(const std::vector<data_type>& input, std::vector<std::size_t> keys,
                                 std::vector<std::size_t> arguments, std::int64_t ttl,
                                 operator_context& context)
  : columns_(std::move(keys)), num_keys_(columns_.size()), arguments_(std::move(arguments)),
    ttl_(ttl), groups_(context.key_groups()), max_parallelism_(context.max_parallelism()) {
  columns_.insert(columns_.end(), arguments_.begin(), arguments_.end());
  for (auto c : columns_) types_.push_back(input.at(c));
}

void distinct_values::add(std::size_t call, std::optional<std::size_t> filter) {
  auto at = std::find(filters_.begin(), filters_.end(), filter);
  members_.push_back({call, static_cast<std::size_t>(at - filters_.begin())});
  if (at == filters_.end()) filters_.push_back(filter);
}

keyed_rows& distinct_values::open() {
  std::ranges::stable_sort(members_, {}, &member::slot);
  return rows_.emplace(types_, std::make_shared<counts_value>(filters_.size()), groups_,
                       max_parallelism_);
}

void distinct_values::look_at(const columnar_batch& in, const std::uint64_t* hashes,
                              group_calls& calls, timestamp now, const std::int64_t* times) {
  batch_columns_.clear();
  for (auto c : columns_) batch_columns_.push_back(&in.at(c));
  std::span<const column* const> arguments(batch_columns_.data() + num_keys_, arguments_.size());
  selected_.clear();
  for (std::size_t i = 0; i < in.size(); ++i) {
    auto null = std::any_of(arguments.begin(), arguments.end(),
                            [&](const column* a) { return a->is_null(i); });
    if (!null) {
      selected_.push_back(static_cast<std::uint32_t>(i));
      continue;
    }
    for (const auto& m : members_) calls.signs(m.call)[i] = 0;
  }
  // The group's half of the hash stays, so that values live where their groups do.
  hashes_.resize(std::max(hashes_.size(), in.size()));
  hash_rows(arguments, in.size(), hashes_.data());
  for (std::size_t i = 0; i < in.size(); ++i)
    hashes_[i]
      = (hashes[i] & 0xffffffff00000000ull) | (combine_hash(hashes[i], hashes_[i]) & 0xffffffffull);
  values_.resize(selected_.size());
  rows_->find_or_insert(batch_columns_, hashes_.data(), selection(selected_), values_.data(),
                        nullptr);
  count(in, calls, now, times);
}

void distinct_values::count(const columnar_batch& in, group_calls& calls, timestamp now,
                            const std::int64_t* times) {
  gone_.clear();
  signs_.clear();
  for (const auto& m : members_) signs_.push_back(calls.signs(m.call));
  for (std::size_t k = 0; k < selected_.size(); ++k) {
    auto row = selected_[k];
    auto* numbers = numbers_of(values_[k]);
    if (ttl_ > 0 && now - numbers[0] > ttl_)
      std::fill_n(numbers + 1, filters_.size(), std::int64_t{0});
    numbers[0] = times ? times[row] : now;
    bool back = takes_back(in.kind(row));
    std::int64_t left = 0;
    std::size_t next = 0;
    for (std::size_t slot = 0; slot < filters_.size(); ++slot) {
      auto& n = numbers[1 + slot];
      std::int8_t effect = 0;
      if (!filters_[slot] || is_true(in.at(*filters_[slot]), row)) {
        if (!back)
          effect = n++ == 0 ? 1 : 0;
        else if (n > 0) // what was never there cannot go
          effect = --n == 0 ? -1 : 0;
      }
      left |= n;
      for (; next < members_.size() && members_[next].slot == slot; ++next)
        signs_[next][row] = effect;
    }
    if (left == 0) gone_.push_back(values_[k]);
  }
  // Values that were only looked up for a filter that left them out, or that were taken back,
  // unless a later row brought them.
  std::sort(gone_.begin(), gone_.end());
  gone_.erase(std::unique(gone_.begin(), gone_.end()), gone_.end());
  for (auto* v : gone_) {
    const auto* n = numbers_of(v) + 1;
    if (std::all_of(n, n + filters_.size(), [](std::int64_t c) { return c == 0; })) rows_->erase(v);
  }
}

void distinct_values::expire(timestamp time) {
  rows_->for_each([&](std::byte* v) {
    if (numbers_of(v)[0] < time) rows_->erase(v);
  });
}

} // namespace sluice::table::detail
