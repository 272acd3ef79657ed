#include "sluice/connect/kafka/internal/transaction_log.hpp"

#include "sluice/connect/kafka/internal/log.hpp"
#include "sluice/core/codec.hpp"
#include "sluice/core/errors.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace sluice::internal {

namespace {

/// The parallelism in "<prefix>-<subtask>of<parallelism>-<slot>"; nothing if it is another name.
std::optional<std::uint32_t> parallelism_in(std::string_view id, std::string_view prefix) {
  std::array<std::uint32_t, 3> numbers{};
  constexpr std::array<std::string_view, 3> before{"-", "of", "-"};
  id.remove_prefix(std::min(id.size(), prefix.size()));
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    if (!id.starts_with(before[i])) return std::nullopt;
    id.remove_prefix(before[i].size());
    auto [end, error] = std::from_chars(id.data(), id.data() + id.size(), numbers[i]);
    if (error != std::errc()) return std::nullopt;
    id.remove_prefix(static_cast<std::size_t>(end - id.data()));
  }
  return id.empty() ? std::optional(numbers[1]) : std::nullopt;
}

} // namespace

std::string prepared_transaction::encode() const {
  byte_writer out;
  out.varint(1); // version
  out.text(id);
  out.varint(static_cast<std::uint64_t>(producer.id));
  out.varint(static_cast<std::uint64_t>(producer.epoch));
  out.varint(checkpoint);
  return out.take();
}

prepared_transaction prepared_transaction::decode(std::string_view data) {
  byte_reader in(data);
  if (in.varint() != 1) throw format_error("unknown version of a Kafka transaction");
  prepared_transaction t;
  t.id = in.text();
  t.producer.id = static_cast<std::int64_t>(in.varint());
  t.producer.epoch = static_cast<std::int16_t>(in.varint());
  t.checkpoint = in.varint();
  return t;
}

std::string transaction_state::encode() const {
  byte_writer out;
  out.varint(1); // version
  out.text(line);
  out.varint(parallelism);
  out.varint(num_slots);
  out.varint(prepared.size());
  for (auto& t : prepared) out.text(t.encode());
  return out.take();
}

transaction_state transaction_state::decode(std::string_view data) {
  byte_reader in(data);
  if (in.varint() != 1) throw format_error("unknown version of a Kafka sink's state");
  transaction_state s;
  s.line = in.text();
  s.parallelism = static_cast<std::uint32_t>(in.varint());
  s.num_slots = static_cast<std::uint32_t>(in.varint());
  for (auto n = in.varint(); n > 0; --n)
    s.prepared.push_back(prepared_transaction::decode(in.text()));
  return s;
}

transaction_log::transaction_log(std::shared_ptr<const kafka_sink_spec> spec, std::uint32_t subtask,
                                 std::uint32_t parallelism, std::function<void()> count_lost)
  : spec_(std::move(spec)), client_(spec_), subtask_(subtask), parallelism_(parallelism),
    count_lost_(std::move(count_lost)),
    line_(fmt::format("{}-{}of{}", spec_->options.transactional_id_prefix, subtask, parallelism)) {}

void transaction_log::open(const std::vector<std::string>& states) {
  if (states.empty()) return; // see the class comment
  std::set<std::uint32_t> parallelisms{parallelism_};
  std::vector<transaction_state> decoded;
  for (auto& s : states) decoded.push_back(transaction_state::decode(s));
  for (auto& s : decoded) {
    parallelisms.insert(s.parallelism);
    for (auto& t : s.prepared) commit_one(t);
  }
  for (auto& s : decoded) {
    if (s.line == line_) num_slots_ = s.num_slots;
    abort_leftovers(s.line, s.num_slots);
    clean_ = clean_ || s.line == line_;
  }
  if (!clean_) abort_leftovers(line_, 0);
  clean_ = true;
  if (subtask_ == 0) abort_other_parallelisms(parallelisms);
}

std::string transaction_log::id_of(std::uint32_t slot) const {
  return fmt::format("{}-{}", line_, slot);
}

std::string transaction_log::acquire() {
  if (!std::exchange(clean_, true)) abort_leftovers(line_, 0);
  std::uint32_t slot = 0;
  auto taken = [&](const std::string& id) {
    return in_use_.contains(id)
           || std::any_of(prepared_.begin(), prepared_.end(), [&](auto& t) { return t.id == id; })
           || std::any_of(committed_.begin(), committed_.end(),
                          [&](auto& c) { return c.what.id == id; });
  };
  while (taken(id_of(slot))) ++slot;
  num_slots_ = std::max(num_slots_, slot + 1);
  return *in_use_.insert(id_of(slot)).first;
}

void transaction_log::release(const std::string& id) { in_use_.erase(id); }

void transaction_log::add_prepared(prepared_transaction t) {
  in_use_.erase(t.id);
  prepared_.push_back(std::move(t));
}

writer_snapshot transaction_log::snapshot(std::uint64_t checkpoint) {
  transaction_state state{line_, parallelism_, num_slots_, prepared_};
  writer_snapshot result;
  result.state = state.encode();
  for (auto& t : prepared_) result.committables.push_back(t.encode());
  for (auto& c : committed_)
    if (c.absent_from == 0) c.absent_from = checkpoint;
  return result;
}

bool transaction_log::done_with(const prepared_transaction& t) const {
  return std::any_of(committed_.begin(), committed_.end(), [&](auto& c) {
    return c.what.id == t.id && c.what.producer.id == t.producer.id
           && c.what.producer.epoch == t.producer.epoch;
  });
}

void transaction_log::commit(const std::vector<std::string>& committables) {
  std::uint64_t completed = 0;
  for (auto& c : committables) {
    auto t = prepared_transaction::decode(c);
    if (!done_with(t)) commit_one(t);
    // Restored ones have numbers from before this attempt, which set nothing free.
    completed = std::max(completed, t.checkpoint);
  }
  std::erase_if(committed_,
                [&](auto& c) { return c.absent_from != 0 && c.absent_from <= completed; });
}

void transaction_log::commit_one(const prepared_transaction& t) {
  if (client_.commit(t.id, t.producer) == commit_outcome::lost) {
    auto text = fmt::format(
      "kafka sink, {}: the records of checkpoint {} are lost: the brokers have ended transaction "
      "\"{}\" (producer {}, epoch {}). Either it was open for longer than transaction_timeout ({} "
      "s), or the checkpoint that is restored is not the last one, or another job uses the same "
      "transactional_id_prefix; tolerate_lost_transactions goes on all the same",
      spec_->name(), t.checkpoint, t.id, t.producer.id, t.producer.epoch,
      std::chrono::duration_cast<std::chrono::seconds>(spec_->options.transaction_timeout).count());
    if (!spec_->options.tolerate_lost_transactions) throw io_error(text);
    kafka_log().warn("{}", text);
    count_lost_();
  }
  std::erase_if(prepared_, [&](auto& p) { return p.id == t.id; });
  committed_.push_back({t, 0});
}

void transaction_log::abort_leftovers(const std::string& line, std::uint32_t num_slots) {
  for (std::uint32_t slot = 0;; ++slot) {
    auto id = fmt::format("{}-{}", line, slot);
    // Nobody has used the slot of a transaction that was in the checkpoint.
    if (std::any_of(committed_.begin(), committed_.end(), [&](auto& c) { return c.what.id == id; }))
      continue;
    // Slots are taken in order: behind the first that nobody ever used there are no others.
    if (client_.abort(id) == 0 && slot >= num_slots) break;
    if (line == line_) num_slots_ = std::max(num_slots_, slot + 1);
  }
}

void transaction_log::abort_other_parallelisms(const std::set<std::uint32_t>& known) {
  auto& prefix = spec_->options.transactional_id_prefix;
  auto open = client_.open_transactions(prefix + "-");
  if (!open) return;
  for (auto& id : *open) {
    auto parallelism = parallelism_in(id, prefix);
    if (parallelism && !known.contains(*parallelism)) client_.abort(id);
  }
}

} // namespace sluice::internal
