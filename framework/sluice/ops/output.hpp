/// Where an operator's records go: the next operator of the chain or a channel to another actor.
#pragma once

#include "sluice/core/batch.hpp"

#include <memory>
#include <vector>

namespace sluice {

/// Takes what an operator puts out. Called on the operator's actor only.
class batch_receiver {
public:
  virtual ~batch_receiver() = default;

  /// Takes the records of `b`. May take over its contents, so the caller clears it afterwards.
  virtual void receive(batch& b) = 0;

  /// Event time has reached `w`. With `exact`, records that come before the watermark must be
  /// handled before it and later ones after it; else it may fall behind later records, which is
  /// always safe and spares sending half-empty batches.
  virtual void receive_watermark(timestamp w, bool exact) = 0;

  /// The stream has become idle (it does not hold back others' watermarks) or active again.
  virtual void receive_status(bool idle) = 0;
};

/// One output of an operator: all its consumers.
class output_port {
public:
  void add(batch_receiver* consumer) { consumers_.push_back(consumer); }
  bool connected() const noexcept { return !consumers_.empty(); }

  /// Gives `b` to all consumers and clears it. Counts the records.
  void push(batch& b) {
    if (b.empty()) return;
    num_records_ += b.size();
    num_bytes_ += b.bytes();
    if (consumers_.size() == 1) [[likely]]
      consumers_.front()->receive(b);
    else
      push_copies(b);
    b.clear();
  }

  void watermark(timestamp w, bool exact) {
    for (auto* c : consumers_) c->receive_watermark(w, exact);
  }

  void status(bool idle) {
    for (auto* c : consumers_) c->receive_status(idle);
  }

  std::uint64_t num_records() const noexcept { return num_records_; }
  std::uint64_t num_bytes() const noexcept { return num_bytes_; }

private:
  void push_copies(batch& b);

  std::vector<batch_receiver*> consumers_; // owned by the chain
  std::unique_ptr<batch> copy_;
  std::uint64_t num_records_ = 0;
  std::uint64_t num_bytes_ = 0;
};

/// Collects records of one output and hands them on by the batch.
///
/// Owner: one operator; called on its actor only. User functions see it as their way to emit.
template <class T>
class collector {
public:
  void bind(output_port& port) {
    port_ = &port;
    limit_ = default_batch_records<T>();
  }

  bool connected() const noexcept { return port_ && port_->connected(); }

  /// Emits `value` with the timestamp of the record at hand, if there is one.
  template <class U = T>
  void collect(U&& value) {
    if (timed_) {
      batch_.push_back(std::forward<U>(value), time_);
    } else {
      if (batch_.has_timestamps()) [[unlikely]]
        flush(); // after collect_with_timestamp
      batch_.push_back(std::forward<U>(value));
    }
    if (batch_.size() >= limit_ || batch_.bytes() >= max_bytes) [[unlikely]]
      flush();
  }

  /// Emits `T{fields...}` without making it first: the fields are assigned to those of a record
  /// that was sent before, so that strings, for example, reuse its memory. T is an aggregate.
  template <class... Fields>
    requires detail::plain_struct<T> && (sizeof...(Fields) == boost::pfr::tuple_size_v<T>)
  void emplace(Fields&&... fields) {
    if (!timed_ && batch_.has_timestamps()) [[unlikely]]
      flush(); // after collect_with_timestamp
    batch_.emplace_back(std::forward<Fields>(fields)...);
    if (timed_) batch_.stamp_last(time_);
    if (batch_.size() >= limit_ || batch_.bytes() >= max_bytes) [[unlikely]]
      flush();
  }

  template <class U = T>
  void operator()(U&& value) {
    collect(std::forward<U>(value));
  }

  /// Emits `value` with a timestamp of its own.
  template <class U = T>
  void collect_with_timestamp(U&& value, timestamp time) {
    if (!batch_.empty() && !batch_.has_timestamps()) flush();
    batch_.push_back(std::forward<U>(value), time);
    if (batch_.size() >= limit_ || batch_.bytes() >= max_bytes) flush();
  }

  // -- for the operator
  // ----------------------------------------------------------------------------

  /// Timestamp of what is emitted from now on.
  void set_time(timestamp time) noexcept {
    if (!timed_ && !batch_.empty()) [[unlikely]]
      flush();
    time_ = time;
    timed_ = true;
  }
  void clear_time() noexcept {
    if (timed_ && !batch_.empty()) [[unlikely]]
      flush();
    timed_ = false;
  }

  void flush() { port_->push(batch_); }
  typed_batch<T>& buffer() noexcept { return batch_; }
  output_port& port() noexcept { return *port_; }

private:
  static constexpr std::size_t max_bytes = 256 * 1024;

  output_port* port_ = nullptr;
  typed_batch<T> batch_;
  std::size_t limit_ = 1;
  timestamp time_ = min_timestamp;
  bool timed_ = false;
};

} // namespace sluice
