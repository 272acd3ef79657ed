#include "sluice/ops/source_operator.hpp"

namespace sluice::ops {

source_operator::source_operator(std::shared_ptr<const source_base> source,
                                 watermark_settings watermarks)
  : source_(std::move(source)), watermarks_(std::move(watermarks)), reader_(source_->make_reader()),
    batch_(source_->type().make_batch()), batch_records_(source_->type().batch_records()) {}

void source_operator::open(operator_context& context) {
  stream_operator::open(context);
  streams_.emplace(watermarks_, context.processing_clock());
  reader_->open(context);
  if (watermarks_.idleness)
    context.request_processing_time(
      saturating_add(context.processing_clock().now(), watermarks_.idleness->count()));
}

void source_operator::process(batch&, std::uint32_t) {
  SLUICE_CHECK(false, "a source has no input");
}

void source_operator::add_splits(std::vector<source_split> splits) {
  reader_->add_splits(std::move(splits));
}

poll_result source_operator::poll_once() {
  batch_->clear();
  auto result = reader_->poll(*batch_, batch_records_);
  if (!batch_->empty()) {
    auto was_idle = streams_->idle();
    streams_->process(result.split, *batch_, ports_[0]);
    if (was_idle && watermarks_.idleness)
      context_->request_processing_time(
        saturating_add(context_->processing_clock().now(), watermarks_.idleness->count()));
  }
  for (auto split : result.ended_splits) streams_->remove(split, ports_[0]);
  return result;
}

void source_operator::on_processing_time(timestamp) {
  if (auto next = streams_->check_idleness(ports_[0])) context_->request_processing_time(*next);
}

} // namespace sluice::ops
