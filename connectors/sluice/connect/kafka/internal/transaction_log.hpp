/// Which transactions a writer has prepared, committed and left behind.
#pragma once

#include "sluice/connect/kafka/internal/transaction_client.hpp"
#include "sluice/io/sink.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::internal {

/// A transaction whose records are all with the brokers and that waits for its checkpoint.
struct prepared_transaction {
  std::string id;
  producer_identity producer;
  std::uint64_t checkpoint = 0;

  std::string encode() const;
  static prepared_transaction decode(std::string_view data);
};

/// What a writer leaves in a checkpoint.
struct transaction_state {
  /// Begins the writer's transactional ids, which end with a number below `num_slots`.
  std::string line;
  std::uint32_t parallelism = 1;
  std::uint32_t num_slots = 0;
  std::vector<prepared_transaction> prepared;

  std::string encode() const;
  static transaction_state decode(std::string_view data);
};

/// The transactions of one writer. Used on the task's blocking strand only; most calls block.
///
/// A transactional id is `<prefix>-<subtask>of<parallelism>-<slot>`. Every transaction has a
/// producer of its own, so that id and epoch name it for good, and a slot is used again only when
/// no checkpoint that could be restored holds its transaction. So when a commit is refused because
/// the producer is fenced, the records are really lost.
///
/// Who aborts what a dead attempt left open: the writer that has the state of the line, in `open`;
/// without a state the writer of the same subtask and parallelism, before its first transaction
/// (not earlier: a writer that has finished leaves no state, but transactions that subtask 0 may
/// have to commit). Only where parallelism changed and there is no state, time has to do it.
class transaction_log {
public:
  transaction_log(std::shared_ptr<const kafka_sink_spec> spec, std::uint32_t subtask,
                  std::uint32_t parallelism, std::function<void()> count_lost);

  /// Commits what the states hold and aborts what attempts since then have left.
  void open(const std::vector<std::string>& states);

  /// An id for a new transaction.
  std::string acquire();

  /// Its transaction was not used.
  void release(const std::string& id);

  void add_prepared(prepared_transaction t);
  writer_snapshot snapshot(std::uint64_t checkpoint);

  void commit(const std::vector<std::string>& committables);

private:
  struct committed_transaction {
    prepared_transaction what;
    /// First checkpoint without it; 0: there is none yet.
    std::uint64_t absent_from = 0;
  };

  std::string id_of(std::uint32_t slot) const;
  void commit_one(const prepared_transaction& t);
  bool done_with(const prepared_transaction& t) const;
  void abort_leftovers(const std::string& line, std::uint32_t num_slots);
  void abort_other_parallelisms(const std::set<std::uint32_t>& known);

  std::shared_ptr<const kafka_sink_spec> spec_;
  transaction_client client_;
  std::uint32_t subtask_;
  std::uint32_t parallelism_;
  std::function<void()> count_lost_;
  std::string line_;
  bool clean_ = false; // nothing of dead attempts is left in the line
  std::uint32_t num_slots_ = 0;
  std::set<std::string> in_use_;
  std::vector<prepared_transaction> prepared_;
  std::vector<committed_transaction> committed_;
};

} // namespace sluice::internal
