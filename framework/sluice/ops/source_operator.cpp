#include "sluice/ops/source_operator.hpp"

#include "sluice/core/errors.hpp"

namespace sluice::ops {

source_operator::source_operator(std::shared_ptr<const source_base> source,
                                 watermark_settings watermarks, std::size_t num_side_outputs)
  : source_(std::move(source)), watermarks_(std::move(watermarks)), reader_(source_->make_reader()),
    batch_(source_->type().make_batch()), batch_records_(source_->type().batch_records()) {
  if (!reader_) throw plan_error("the source's make_reader() returned no reader");
  ports_.resize(1 + num_side_outputs);
}

void source_operator::open(operator_context& context) {
  stream_operator::open(context);
  streams_.emplace(watermarks_, context.processing_clock());
  if (ports_.size() > 1) malformed_.bind(ports_[1]);
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
  if (ports_.size() > 1) put_out_bad_records();
  for (auto split : result.begun_splits) streams_->add(split);
  if (!batch_->empty()) {
    auto was_idle = streams_->idle();
    streams_->process(result.split, *batch_, ports_);
    if (was_idle && watermarks_.idleness)
      context_->request_processing_time(
        saturating_add(context_->processing_clock().now(), watermarks_.idleness->count()));
  }
  for (auto split : result.ended_splits) streams_->remove(split, ports_);
  return result;
}

void source_operator::put_out_bad_records() {
  reader_->take_bad_records(bad_records_);
  for (auto& r : bad_records_) malformed_.collect(std::move(r));
  bad_records_.clear();
  malformed_.flush();
}

void source_operator::on_processing_time(timestamp) {
  if (auto next = streams_->check_idleness(ports_)) context_->request_processing_time(*next);
}

} // namespace sluice::ops
