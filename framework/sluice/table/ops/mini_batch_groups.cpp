#include "sluice/table/column/key.hpp"
#include "sluice/table/ops/group_engine.hpp"
#include "sluice/table/ops/nested_key.hpp"

#include <algorithm>
#include <utility>

namespace sluice::table::detail {

namespace {

/// GROUP BY with mini-batch: groups that changed keep the result that is out, as part of their
/// state, until they are flushed: when so many rows have come, when the oldest change has waited
/// for so long, or at a watermark. So a barrier needs no flush: what is due then is due after a
/// restore as well.
class mini_batch_groups final : public group_engine {
public:
  explicit mini_batch_groups(group_surroundings s)
    : group_engine(s, std::make_shared<group_value>(s.spec.calls), sizeof(group_header)),
      old_results_(make_columns(groups_.calls().results())) {}

  void restored() override {
    group_engine::restored();
    table().for_each([&](std::byte* v) {
      if (header_of(v).old) dirty_.push_back(v);
    });
    if (!dirty_.empty()) start_waiting();
  }

  void flush_if_due(timestamp now) override {
    if (now >= flush_at_) flush();
  }

  void handle() override {
    auto n = groups_.size();
    auto* const* values = groups_.values();
    auto first = dirty_.size();
    list_.clear();
    for (std::size_t k = 0; k < n; ++k) {
      auto& h = header_of(values[k]);
      if (!h.old) {
        h.old = new old_result;
        h.old->exists = h.rows > 0;
        dirty_.push_back(values[k]);
        if (h.old->exists) list_.push_back(values[k]);
      }
      h.rows += groups_.change(k);
    }
    save_old_results(first);
    groups_.apply(values, selection(n));
    if (first == 0) start_waiting();
    waiting_rows_ += n;
    if (waiting_rows_ >= spec().batching.rows) flush();
  }

  /// Keeps the results of `list_`, which are dirty from number `first` on.
  void save_old_results(std::size_t first) {
    if (list_.empty()) return;
    clear_columns(old_results_);
    emit_to(old_results_);
    std::size_t row = 0;
    for (auto k = first; k < dirty_.size(); ++k) {
      auto& old = *header_of(dirty_[k]).old;
      if (!old.exists) continue;
      byte_writer out;
      for (const auto& c : old_results_) encode_key_value(out, *c, row);
      old.values = out.take();
      ++row;
    }
    list_.clear();
  }

  void emit_to(std::vector<std::shared_ptr<column>>& columns) {
    groups_.calls().emit(list_.data(), list_.size(), pointers_to(columns));
  }

  void start_waiting() {
    if (spec().batching.latency.count() <= 0) return;
    flush_at_
      = saturating_add(with_.context.processing_clock().now(), spec().batching.latency.count());
    with_.context.request_processing_time(flush_at_);
  }

  void flush() override {
    waiting_rows_ = 0;
    flush_at_ = max_timestamp;
    if (dirty_.empty()) return;
    table().prepare_change(dirty_.data(), dirty_.size());
    for (std::size_t done = 0; done < dirty_.size(); done += default_batch_rows)
      flush_some(dirty_.data() + done, std::min(default_batch_rows, dirty_.size() - done));
    dirty_.clear();
  }

  void flush_some(std::byte* const* values, std::size_t count) {
    // The old results, then the new ones; where there is none, NULLs that nobody looks at.
    clear_columns(results_);
    for (std::size_t k = 0; k < count; ++k) {
      const auto& old = *header_of(values[k]).old;
      byte_reader in(old.values);
      for (auto& c : results_) {
        if (old.exists)
          decode_key_value(in, *c);
        else
          c->append_null();
      }
    }
    list_.assign(values, values + count);
    emit_to(results_);
    list_.clear();
    left_.resize(count);
    right_.resize(count);
    for (std::size_t k = 0; k < count; ++k) {
      left_[k] = static_cast<std::uint32_t>(k);
      right_[k] = static_cast<std::uint32_t>(count + k);
    }
    equal_.assign(count, 1);
    for (const auto& c : results_)
      match_rows(*c, left_.data(), *c, right_.data(), count, equal_.data());
    for (std::size_t k = 0; k < count; ++k)
      list_flushed(static_cast<std::uint32_t>(k), static_cast<std::uint32_t>(count + k),
                   header_of(values[k]));
    auto keys = make_columns(key_types_);
    table().append_keys(values, count, pointers_to(keys));
    changes_.flush(views_of(keys), views_of(results_), with_.port);
    for (std::size_t k = 0; k < count; ++k) {
      auto& h = header_of(values[k]);
      delete std::exchange(h.old, nullptr);
      if (h.rows <= 0) table().erase(values[k]);
    }
  }

  void list_flushed(std::uint32_t k, std::uint32_t fresh, const group_header& h) {
    bool exists = h.rows > 0;
    if (!h.old->exists) {
      if (exists) changes_.add(row_kind::insert, k, fresh);
    } else if (!exists) {
      changes_.add(row_kind::delete_, k, k);
    } else if (with_.state_ttl > 0 || equal_[k] == 0) {
      if (spec().emits_update_before) changes_.add(row_kind::update_before, k, k);
      changes_.add(row_kind::update_after, k, fresh);
    }
  }

  std::vector<std::byte*> dirty_;
  std::vector<std::shared_ptr<column>> old_results_;
  std::size_t waiting_rows_ = 0;
  timestamp flush_at_ = max_timestamp;

  // Of the batch at hand.
  std::vector<const std::byte*> list_; ///< whose results are to be emitted next
  std::vector<std::uint32_t> left_;
  std::vector<std::uint32_t> right_;
  std::vector<std::uint8_t> equal_;
};

} // namespace

std::unique_ptr<group_engine> make_mini_batch_groups(group_surroundings s) {
  return std::make_unique<mini_batch_groups>(s);
}

} // namespace sluice::table::detail
