#include "sluice/runtime/keyed_spill.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace sluice::runtime {

namespace {

/// Partitions per subtask: how small a part of the state has to fit into memory.
constexpr std::uint32_t most_partitions = 64;

/// Bytes that may wait to be written before the task takes no more input.
constexpr std::uint64_t max_unwritten = 8 * 1024 * 1024;

/// Pages read ahead of use.
constexpr std::size_t read_ahead_pages = 4;

} // namespace

/// The records of one input and partition that do not fill a batch yet.
class keyed_spill::slot final : public partition_target {
public:
  slot(keyed_spill& owner, std::uint32_t input, std::uint32_t partition, const element_type& type)
    : owner_(owner), input_(input), partition_(partition), records_(type.make_batch()) {
    pending = records_.get();
    max_records = type.batch_records();
    max_bytes = std::max(owner.page_bytes_, type.record_size());
  }

  void flush_full() override {
    if (!records_->empty()) owner_.take(input_, partition_, *records_);
    records_->clear();
  }

private:
  keyed_spill& owner_;
  std::uint32_t input_;
  std::uint32_t partition_;
  std::unique_ptr<batch> records_;
};

struct keyed_spill::written_state {
  std::vector<state_header> headers;
  std::vector<state_piece> pieces;
  std::uint64_t size = 0;
};

/// Writes snapshots into a spill file and remembers where each key group went.
class keyed_spill::state_writer final : public snapshot_writer {
public:
  explicit state_writer(spill_file& to) : to_(to) {}

  void begin_state(std::string_view, std::string_view name, state_kind kind,
                   std::string_view schema) override {
    result.headers.push_back({std::string(name), kind, std::string(schema)});
  }
  void begin_group(std::uint32_t group) override {
    auto state = static_cast<std::uint32_t>(result.headers.size() - 1);
    result.pieces.push_back({state, group, {result.size, 0}});
  }
  void append(std::string_view bytes) override {
    to_.write(result.size, bytes);
    result.size += bytes.size();
    result.pieces.back().where.size += bytes.size();
  }

  written_state result;

private:
  spill_file& to_;
};

keyed_spill::keyed_spill(spill_services services, place where, std::size_t limit)
  : services_(std::move(services)), where_(std::move(where)), limit_(limit),
    num_partitions_(std::clamp(where_.max_parallelism / where_.parallelism, 1u, most_partitions)),
    page_bytes_(std::clamp<std::size_t>(limit / most_partitions, 4096, 256 * 1024)) {
  partitions_.resize(num_partitions_);
}

keyed_spill::~keyed_spill() { close(); }

/// The files' space is given back where that may take a while.
void keyed_spill::close() {
  spilling_ = false;
  if (files_) services_.strand->post([files = std::move(files_)]() mutable { files.reset(); });
}

void keyed_spill::add_input(std::uint32_t number, const job_edge& edge) {
  if (inputs_.size() <= number) inputs_.resize(number + 1);
  auto& in = inputs_[number];
  if (in.type) return; // a union: all its edges spread records alike
  in.type = edge.type;
  // Ranges of key groups that nest in those of the subtasks.
  auto all = num_partitions_ * where_.parallelism;
  in.partitioner = edge.partitioner(all, where_.max_parallelism, edge.send_hashes);
}

std::uint32_t keyed_spill::partition_of(key_group group) const noexcept {
  auto all = num_partitions_ * where_.parallelism;
  return subtask_of(group, where_.max_parallelism, all) - where_.subtask * num_partitions_;
}

bool keyed_spill::ready() const noexcept { return unwritten_bytes_ < max_unwritten; }

void keyed_spill::handled(std::uint64_t bytes, stream_operator& op, bool snapshot_in_progress) {
  unchecked_bytes_ += bytes;
  if (unchecked_bytes_ < limit_ / 4 || snapshot_in_progress) return;
  unchecked_bytes_ = 0;
  auto& states = op.states();
  if (auto slots = states.memory_bytes(); slots > limit_ || slots + states.owned_bytes() > limit_)
    spill(op);
}

void keyed_spill::spill(stream_operator& op) {
  for (auto& in : inputs_)
    if (in.type->schema().empty())
      throw error(fmt::format(
        "its state exceeds the memory limit of batch mode ({} bytes), but its input, records of "
        "type {}, cannot be written to disk as they have no encoding: specialise sluice::codec for "
        "the type, or raise set_batch_memory_limit()",
        limit_, in.type->name()));
  spilling_ = true;
  for (std::uint32_t i = 0; i < inputs_.size(); ++i) {
    auto& in = inputs_[i];
    in.decoded = in.type->make_batch();
    for (std::uint32_t p = 0; p < num_partitions_; ++p)
      in.slots.push_back(std::make_unique<slot>(*this, i, p, *in.type));
    // Partitions of other subtasks get no records here.
    in.slots.push_back(std::make_unique<slot>(*this, i, 0, *in.type));
    in.slots.back()->max_records = 1;
    in.targets.assign(num_partitions_ * where_.parallelism, in.slots.back().get());
    for (std::uint32_t p = 0; p < num_partitions_; ++p)
      in.targets[where_.subtask * num_partitions_ + p] = in.slots[p].get();
  }
  files_ = std::make_shared<files>();
  auto snapshots
    = std::make_shared<std::vector<std::unique_ptr<state_snapshot>>>(op.states().snapshot());
  op.forget_keys();
  auto write = [snapshots, to = files_, directory = services_.directory] {
    to->states = std::make_unique<spill_file>(directory, "state");
    to->records = std::make_unique<spill_file>(directory, "input");
    state_writer out(*to->states);
    for (auto& s : *snapshots) {
      s->write(out, "");
      s.reset();
    }
    return std::move(out.result);
  };
  services_.post(write, [this](written_state result) {
    headers_ = std::move(result.headers);
    for (auto& piece : result.pieces)
      partitions_.at(partition_of(piece.group)).states.push_back(piece);
    services_.spilled_bytes->add(result.size);
    states_written_ = true;
  });
}

void keyed_spill::add(batch& b, std::uint32_t number) {
  auto& in = inputs_[number];
  in.partitioner->partition(b, in.targets);
}

void keyed_spill::take(std::uint32_t number, std::uint32_t to, const batch& b) {
  auto& p = partitions_[to];
  p.page.raw(static_cast<std::uint8_t>(number));
  b.encode(p.page);
  if (p.page.size() >= page_bytes_) write_page(p);
}

void keyed_spill::write_page(partition& p) {
  if (p.page.size() == 0) return;
  auto bytes = std::make_shared<const std::string>(p.page.take());
  p.page = byte_writer();
  auto offset = records_end_;
  p.pages.push_back({offset, bytes->size()});
  records_end_ += bytes->size();
  unwritten_bytes_ += bytes->size();
  services_.spilled_bytes->add(bytes->size());
  services_.post(
    [bytes, offset, to = files_] {
      if (to->records) to->records->write(offset, *bytes); // if not, the task has failed
      return bytes->size();
    },
    [this](std::size_t size) { unwritten_bytes_ -= size; });
}

void keyed_spill::end_of_input() {
  if (std::exchange(ended_, true)) return;
  for (auto& in : inputs_)
    for (auto& s : in.slots) s->flush_full();
  for (auto& in : inputs_) in.slots.clear();
  for (auto& p : partitions_) write_page(p);
}

keyed_spill::step keyed_spill::next(stream_operator& op) {
  if (!states_written_) return step::waiting;
  for (; current_ < partitions_.size(); ++current_) {
    auto& p = partitions_[current_];
    if (p.pages.empty() && p.states.empty()) continue;
    if (!std::exchange(opened_, true)) {
      auto read = [from = files_, pieces = p.states] {
        std::vector<std::string> result;
        for (auto& piece : pieces)
          result.push_back(from->states->read(piece.where.offset, piece.where.size));
        return result;
      };
      services_.post(read, [this](std::vector<std::string> result) {
        state_bytes_ = std::move(result);
        restored_ = true;
      });
    }
    read_ahead();
    if (!restored_) return step::waiting;
    if (!p.states.empty()) restore(op);
    if (decode_next()) return step::records;
    if (pages_under_way_ > 0) return step::waiting;
    ++current_;
    opened_ = restored_ = false;
    pages_asked_ = 0;
    return step::keys;
  }
  close();
  return step::done;
}

void keyed_spill::restore(stream_operator& op) {
  auto& pieces = partitions_[current_].states;
  restored_operator written;
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    auto& header = headers_[pieces[i].state];
    if (written.states.empty() || written.states.back().name != header.name)
      written.states.push_back({header.name, header.kind, header.schema, {}});
    written.states.back().groups.push_back({pieces[i].group, state_bytes_[i]});
  }
  op.states().restore(where_.operator_name, written, false);
  op.restored();
  state_bytes_.clear();
  pieces.clear();
}

void keyed_spill::read_ahead() {
  auto& p = partitions_[current_];
  while (pages_asked_ < p.pages.size() && pages_.size() + pages_under_way_ < read_ahead_pages) {
    auto where = p.pages[pages_asked_++];
    ++pages_under_way_;
    services_.post([from = files_, where] { return from->records->read(where.offset, where.size); },
                   [this](std::string page) {
                     --pages_under_way_;
                     pages_.push_back(std::move(page));
                   });
  }
}

bool keyed_spill::decode_next() {
  if (pages_.empty()) return false;
  byte_reader in(std::string_view(pages_.front()).substr(position_));
  input_at_hand_ = in.raw<std::uint8_t>();
  at_hand_ = inputs_.at(input_at_hand_).decoded.get();
  at_hand_->decode(in);
  position_ += in.position();
  if (position_ == pages_.front().size()) {
    pages_.pop_front();
    position_ = 0;
    read_ahead();
  }
  return true;
}

} // namespace sluice::runtime
