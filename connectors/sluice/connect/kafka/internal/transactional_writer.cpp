#include "sluice/connect/kafka/internal/kafka_writer.hpp"
#include "sluice/connect/kafka/internal/outbox.hpp"
#include "sluice/connect/kafka/internal/transaction_log.hpp"
#include "sluice/core/errors.hpp"

namespace sluice::internal {

namespace {

/// One transaction, and one producer, from checkpoint to checkpoint; the next one is connected
/// while the current one is being filled.
class transactional_writer final : public sink_writer {
public:
  explicit transactional_writer(std::shared_ptr<const kafka_sink_spec> spec)
    : spec_(std::move(spec)), encoder_(spec_->serializer->make_encoder()) {}

  /// On the strand. What is not prepared belongs to no checkpoint.
  ~transactional_writer() override {
    for (auto& out : {current_, spare_}) {
      if (!out || !out->has_producer()) continue;
      if (!out->empty()) out->abort();
      out->close();
    }
  }

  void open(io_context& context, const std::vector<std::string>& states) override {
    context_ = &context;
    auto lost = context.make_counter("transactions_lost");
    log_ = std::make_shared<transaction_log>(spec_, context.subtask(), context.parallelism(),
                                             [lost] { lost->add(1); });
    producer_callbacks callbacks{context.wakeup(), context.fail(), context.subtask()};
    context.post_blocking([log = log_, states, spec = spec_, callbacks] {
      log->open(states);
      producer(spec, callbacks).check_topic(); // not when the first record comes
    });
  }

  void write(batch& records) override {
    if (records.empty()) return;
    // Not at the barrier: there the strand has more urgent things to do.
    if (!current_) current_ = start(false);
    if (!spare_) spare_ = start(true);
    encoder_->encode(records, *current_);
  }

  bool ready() const override { return !current_ || current_->has_room(); }

  std::function<writer_snapshot()> prepare_commit(std::uint64_t checkpoint_id, bool) override {
    std::shared_ptr<outbox> full;
    if (current_ && !current_->empty())
      full = std::exchange(current_, std::exchange(spare_, nullptr));
    return [log = log_, full, next = current_, wakeup = context_->wakeup(), checkpoint_id] {
      if (full) {
        full->flush();
        next->release(); // not before, or its records could overtake
        wakeup();
        log->add_prepared({full->transactional_id(), full->identity(), checkpoint_id});
        full->close();
      }
      return log->snapshot(checkpoint_id);
    };
  }

  void commit(const std::vector<std::string>& committables) override { log_->commit(committables); }

private:
  /// Has the strand connect a producer and begin a transaction.
  std::shared_ptr<outbox> start(bool held) {
    auto out = std::make_shared<outbox>(held);
    producer_callbacks callbacks{context_->wakeup(), context_->fail(), context_->subtask()};
    context_->post_blocking([out, log = log_, spec = spec_, callbacks] {
      auto id = log->acquire();
      auto p = std::make_unique<producer>(spec, callbacks, id);
      p->begin_transaction();
      out->open(std::move(p), id);
      callbacks.wakeup();
    });
    return out;
  }

  std::shared_ptr<const kafka_sink_spec> spec_;
  std::unique_ptr<kafka_encoder> encoder_;
  io_context* context_ = nullptr;
  std::shared_ptr<transaction_log> log_;
  std::shared_ptr<outbox> current_;
  std::shared_ptr<outbox> spare_;
};

} // namespace

std::unique_ptr<sink_writer>
make_transactional_writer(std::shared_ptr<const kafka_sink_spec> spec) {
  return std::make_unique<transactional_writer>(std::move(spec));
}

} // namespace sluice::internal
