// In front of a sink whose primary key is not the key by which the changelog is ordered: rows of
// one primary key may come from several places, so what is taken back need not be what came last.
// Keeps all rows that are valid; the one that came last is the sink's.
#include "sluice/table/ops/listed_rows.hpp"
#include "sluice/table/ops/operators.hpp"
#include "sluice/table/ops/stored_output.hpp"

#include <algorithm>
#include <deque>
#include <optional>
#include <string>

namespace sluice::table {

namespace {

class upsert_materialize final : public stream_operator {
public:
  upsert_materialize(std::vector<data_type> types, std::vector<std::size_t> keys,
                     operator_settings settings)
    : keys_(std::move(keys)), ttl_(settings.state_ttl.count()),
      codec_(std::make_shared<const row_codec>(std::move(types))),
      lists_(std::make_shared<const listed_rows>(std::vector{codec_})) {}

  void open(operator_context& context) override {
    stream_operator::open(context);
    std::vector<data_type> key_types;
    for (auto k : keys_) key_types.push_back(codec_->types().at(k).as_nullable());
    keyed_ = std::make_unique<keyed_rows>(key_types, lists_, context.key_groups(),
                                          context.max_parallelism());
    states_.add("rows", keyed_.get());
    out_.emplace(codec_, ports_[0], false);
    if (context.mode() == execution_mode::batch) ttl_ = 0;
    if (ttl_ > 0) context.request_processing_time(context.processing_clock().now() + ttl_);
  }

  void process(batch& b, std::uint32_t) override {
    auto& in = as_columnar(b);
    if (in.empty()) return;
    auto n = in.size();
    std::vector<const column*> columns;
    for (auto k : keys_) columns.push_back(&in.at(k));
    values_.resize(n);
    keyed_->find_or_insert(columns, keyed_->hashes(in, keys_), selection(n), values_.data(),
                           nullptr);
    codec_->encode(in, selection(n), encoded_);
    auto now = ttl_ > 0 ? context_->processing_clock().now() : 0;
    for (std::size_t i = 0; i < n; ++i) {
      auto& list = lists_->list(values_[i], 0);
      if (ttl_ > 0) {
        auto& touched = lists_->touched(values_[i]);
        if (touched + ttl_ <= now) list.clear();
        touched = now;
      }
      auto kind = in.kind(i);
      if (kind == row_kind::insert || kind == row_kind::update_after)
        add(list, encoded_.row(i));
      else
        take_back(list, encoded_.row(i), values_[i]);
      if (out_->full()) flush();
    }
    flush();
    erase_empty();
  }

  void on_processing_time(timestamp now) override {
    keyed_->for_each([&](std::byte* value) {
      if (lists_->touched(value) + ttl_ <= now) keyed_->erase(value);
    });
    context_->request_processing_time(now + ttl_);
  }

  void forget_keys() override { keyed_->clear(); }

private:
  /// Rows of a key are told apart by their place, so each is stored as often as it is there.
  void add(row_list& list, std::string_view row) {
    put(list.empty() ? row_kind::insert : row_kind::update_after, row);
    list.append(row, 0);
  }

  void take_back(row_list& list, std::string_view row, std::byte* value) {
    stored_row* found = nullptr; // the newest one
    stored_row* last = nullptr;
    stored_row* before_last = nullptr;
    for (auto* r = list.first(); r; r = list.after(*r)) {
      before_last = last;
      last = r;
      if (r->view() == row) found = r;
    }
    if (!found) return; // its time has passed
    if (found == last) {
      if (before_last)
        put(row_kind::update_after, before_last->view());
      else
        put(row_kind::delete_, row);
    }
    list.erase(*found);
    if (list.empty()) maybe_empty_.push_back(value);
  }

  void put(row_kind kind, std::string_view row) {
    kept_.emplace_back(row);
    out_->add(kind, kept_.back().data());
  }

  void flush() {
    out_->flush();
    kept_.clear();
  }

  void erase_empty() {
    std::sort(maybe_empty_.begin(), maybe_empty_.end());
    auto end = std::unique(maybe_empty_.begin(), maybe_empty_.end());
    for (auto at = maybe_empty_.begin(); at != end; ++at)
      if (lists_->empty(*at)) keyed_->erase(*at);
    maybe_empty_.clear();
  }

  std::vector<std::size_t> keys_;
  timestamp ttl_;
  std::shared_ptr<const row_codec> codec_;
  std::shared_ptr<const listed_rows> lists_;
  std::unique_ptr<keyed_rows> keyed_;
  std::optional<stored_output> out_;
  encoded_rows encoded_;
  std::vector<std::byte*> values_;
  std::vector<std::byte*> maybe_empty_;
  std::deque<std::string> kept_; ///< rows that are put out, as they may be changed until then
};

} // namespace

operator_factory make_upsert_materialize(std::vector<data_type> input,
                                         std::vector<std::size_t> keys,
                                         operator_settings settings) {
  return [input = std::move(input), keys = std::move(keys),
          settings = std::move(settings)]() -> std::unique_ptr<stream_operator> {
    return std::make_unique<upsert_materialize>(input, keys, settings);
  };
}

} // namespace sluice::table
