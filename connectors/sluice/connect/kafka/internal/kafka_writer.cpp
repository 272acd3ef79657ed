#include "sluice/connect/kafka/internal/kafka_writer.hpp"

#include "sluice/connect/kafka/internal/outbox.hpp"

namespace sluice::internal {

namespace {

class kafka_writer final : public sink_writer {
public:
  explicit kafka_writer(std::shared_ptr<const kafka_sink_spec> spec)
    : spec_(std::move(spec)), encoder_(spec_->serializer->make_encoder()) {}

  void open(io_context& context, const std::vector<std::string>&) override {
    producer_callbacks callbacks{context.wakeup(), context.fail(), context.subtask()};
    context.post_blocking([out = outbox_, spec = spec_, callbacks] {
      auto p = std::make_unique<producer>(spec, callbacks);
      p->check_topic();
      out->open(std::move(p));
      callbacks.wakeup();
    });
  }

  void write(batch& records) override { encoder_->encode(records, *outbox_); }

  bool ready() const override { return outbox_->has_room(); }

  std::function<writer_snapshot()> prepare_commit(std::uint64_t, bool end_of_input) override {
    if (spec_->options.delivery == kafka_delivery::none && !end_of_input) return nullptr;
    return [out = outbox_] {
      out->flush();
      return writer_snapshot{};
    };
  }

private:
  std::shared_ptr<const kafka_sink_spec> spec_;
  std::unique_ptr<kafka_encoder> encoder_;
  std::shared_ptr<outbox> outbox_ = std::make_shared<outbox>();
};

} // namespace

std::unique_ptr<sink_writer> make_kafka_writer(std::shared_ptr<const kafka_sink_spec> spec) {
  return std::make_unique<kafka_writer>(std::move(spec));
}

} // namespace sluice::internal
