#include "sluice/table/column/key.hpp"
#include "sluice/table/ops/group_engine.hpp"

#include <algorithm>
#include <numeric>

namespace sluice::table::detail {

namespace {

/// GROUP BY of a changelog: each row has its change, as in Flink, in the order of the rows.
///
/// The rows of a batch are handled in rounds, each of the n-th rows of all groups, so that states
/// change column by column although every result between counts.
class changing_groups final : public group_engine {
public:
  explicit changing_groups(group_surroundings s)
    : group_engine(s, std::make_shared<group_value>(s.spec.calls), sizeof(group_header)),
      keys_have_forms_(std::any_of(key_types_.begin(), key_types_.end(), [](const data_type& t) {
        return t.is_approximate() || t.is_nested();
      })) {}

private:
  static constexpr std::uint32_t none = ~std::uint32_t{0};

  /// What a row did to its group.
  enum class effect : std::uint8_t { ignored, created, updated, ended };

  void handle() override {
    auto n = groups_.size();
    clear_columns(results_);
    number_of_results_ = 0;
    find_rounds();
    effects_.assign(n, effect::ignored);
    before_.assign(n, none);
    after_.assign(n, none);
    for (std::size_t r = 0; r + 1 < round_ends_.size(); ++r)
      play_round(selection(by_round_.data() + round_ends_[r], round_ends_[r + 1] - round_ends_[r]));
    list_changes();
    forget_ended();
  }

  /// Orders the rows by how many rows of their group come before them in the batch.
  void find_rounds() {
    auto n = groups_.size();
    auto* const* values = groups_.values();
    next_batch();
    previous_.resize(n);
    round_of_.resize(n);
    round_ends_.assign(2, 0);
    for (std::size_t k = 0; k < n; ++k) {
      auto& h = header_of(values[k]);
      bool first = h.batch != batch_;
      previous_[k] = first ? none : h.last;
      auto round = first ? 0 : round_of_[h.last] + 1;
      round_of_[k] = round;
      h.batch = batch_;
      h.last = static_cast<std::uint32_t>(k);
      if (round + 2 > round_ends_.size()) round_ends_.push_back(0);
      ++round_ends_[round + 1];
    }
    std::partial_sum(round_ends_.begin(), round_ends_.end(), round_ends_.begin());
    auto next = round_ends_;
    by_round_.resize(n);
    for (std::size_t k = 0; k < n; ++k)
      by_round_[next[round_of_[k]]++] = static_cast<std::uint32_t>(k);
  }

  /// Numbers of batches tell rows of this batch from those before; 0 is of none.
  void next_batch() {
    if (++batch_ != 0) return;
    table().for_each([](std::byte* v) { header_of(v).batch = 0; });
    batch_ = 1;
  }

  /// REQUIRES: all rows are of different groups.
  void play_round(const selection& rows) {
    auto* const* values = groups_.values();
    round_rows_.clear();
    round_values_.clear();
    // The results that are out, unless a row before in this batch left them.
    list_.clear();
    for (std::size_t k = 0; k < rows.size(); ++k) {
      auto row = rows[k];
      auto& h = header_of(values[row]);
      auto change = groups_.change(row);
      bool exists = h.rows > 0;
      if (!exists && change <= 0) continue; // of a group that is not there, or not any more
      round_rows_.push_back(row);
      round_values_.push_back(values[row]);
      if (!exists) {
        effects_[row] = effect::created;
      } else {
        effects_[row] = effect::updated;
        if (previous_[row] != none)
          before_[row] = after_[previous_[row]];
        else
          before_[row] = add_result(values[row]);
      }
      h.rows += change;
    }
    emit_listed();
    groups_.apply(round_values_.data(), selection(round_rows_));
    for (std::size_t k = 0; k < round_rows_.size(); ++k) {
      auto row = round_rows_[k];
      if (header_of(values[row]).rows > 0) {
        after_[row] = add_result(values[row]);
      } else {
        effects_[row] = effect::ended;
        reset(values[row]);
      }
    }
    emit_listed();
  }

  std::uint32_t add_result(const std::byte* value) {
    list_.push_back(value);
    return number_of_results_++;
  }
  void emit_listed() {
    if (!list_.empty()) groups_.calls().emit(list_.data(), list_.size(), pointers_to(results_));
    list_.clear();
  }

  void list_changes() {
    find_unchanged();
    for (std::size_t row = 0; row < groups_.size(); ++row) {
      auto k = static_cast<std::uint32_t>(row);
      switch (effects_[row]) {
      case effect::ignored:
        break;
      case effect::created:
        changes_.add(row_kind::insert, k, after_[row]);
        break;
      case effect::updated:
        if (with_.state_ttl == 0 && unchanged_[row] != 0)
          break; // with a TTL, others must see it is alive
        if (spec().emits_update_before) changes_.add(row_kind::update_before, k, before_[row]);
        changes_.add(row_kind::update_after, k, after_[row]);
        break;
      case effect::ended:
        changes_.add(row_kind::delete_, k, before_[row]);
        break;
      }
    }
    std::vector<const column*> keys;
    std::vector<std::shared_ptr<column>> stored;
    if (keys_have_forms_) {
      stored = make_columns(key_types_);
      table().append_keys(groups_.values(), groups_.size(), pointers_to(stored));
      keys = views_of(stored);
    } else {
      for (auto c : groups_.keys()) keys.push_back(&groups_.batch().at(c));
    }
    changes_.flush(keys, views_of(results_), with_.port);
  }

  /// Sets `unchanged_` of rows whose results are the same before and after.
  void find_unchanged() {
    unchanged_.assign(groups_.size(), 0);
    updated_.clear();
    left_.clear();
    right_.clear();
    for (std::size_t row = 0; row < groups_.size(); ++row) {
      if (effects_[row] != effect::updated) continue;
      updated_.push_back(static_cast<std::uint32_t>(row));
      left_.push_back(before_[row]);
      right_.push_back(after_[row]);
    }
    equal_.assign(updated_.size(), 1);
    for (const auto& c : results_)
      match_rows(*c, left_.data(), *c, right_.data(), updated_.size(), equal_.data());
    for (std::size_t k = 0; k < updated_.size(); ++k) unchanged_[updated_[k]] = equal_[k];
  }

  /// After the last change, so that no row of the batch finds its group gone.
  void forget_ended() {
    auto* const* values = groups_.values();
    for (std::size_t row = 0; row < groups_.size(); ++row)
      if (previous_[row] == none) // so each group once
        ended_.push_back(values[row]);
    for (auto* v : ended_)
      if (header_of(v).rows <= 0) table().erase(v);
    ended_.clear();
  }

  /// Keys that are equal may look different (0.0 and -0.0); all changes show the stored one.
  const bool keys_have_forms_;

  // Of the batch at hand, by row.
  std::uint32_t batch_ = 0;
  std::vector<std::uint32_t> previous_; ///< the row of the same group before
  std::vector<std::uint32_t> round_of_;
  std::vector<effect> effects_;
  std::vector<std::uint32_t> before_; ///< numbers of results
  std::vector<std::uint32_t> after_;
  std::vector<std::uint8_t> unchanged_;

  std::vector<std::uint32_t> by_round_;
  std::vector<std::uint32_t> round_ends_; ///< in `by_round_`
  std::vector<std::uint32_t> round_rows_;
  std::vector<std::byte*> round_values_;
  std::vector<const std::byte*> list_; ///< whose results are to be emitted next
  std::uint32_t number_of_results_ = 0;
  std::vector<std::uint32_t> updated_;
  std::vector<std::uint32_t> left_;
  std::vector<std::uint32_t> right_;
  std::vector<std::uint8_t> equal_;
  std::vector<std::byte*> ended_;
};

} // namespace

std::unique_ptr<group_engine> make_changing_groups(group_surroundings s) {
  return std::make_unique<changing_groups>(s);
}

} // namespace sluice::table::detail
