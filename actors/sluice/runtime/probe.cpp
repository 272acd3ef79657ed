#include "sluice/runtime/probe.hpp"

namespace sluice::runtime {

std::shared_ptr<task_probe> make_probe(const job_vertex& v, std::uint32_t subtask,
                                       std::uint32_t attempt) {
  auto probe = std::make_shared<task_probe>();
  probe->task = v.name;
  probe->vertex = v.id;
  probe->subtask = subtask;
  probe->attempt = attempt;
  probe->is_source = v.inputs.empty();
  return probe;
}

std::shared_ptr<counter> task_probe::make_counter(const std::string& name) {
  std::lock_guard lock(mutex_);
  for (auto& [n, c] : counters_)
    if (n == name) return c;
  counters_.emplace_back(name, std::make_shared<named_counter>());
  return counters_.back().second;
}

task_metrics task_probe::read(timestamp now) const {
  auto micros
    = [](const gauge& ns) { return duration(static_cast<std::int64_t>(ns.get() / 1000)); };
  task_metrics m;
  m.task = task;
  m.vertex = vertex;
  m.subtask = subtask;
  m.attempt = attempt;
  m.is_source = is_source;
  m.num_records_in = records_in.get();
  m.num_records_out = records_out.get();
  m.num_bytes_in = bytes_in.get();
  m.num_bytes_out = bytes_out.get();
  m.num_late_records_dropped = late_records.get();
  m.busy_time = micros(busy_ns);
  m.idle_time = micros(idle_ns);
  m.backpressured_time = micros(backpressured_ns);
  m.num_credit_waits = credit_waits.get();
  m.current_input_watermark = watermark.load(std::memory_order_relaxed);
  if (m.current_input_watermark != min_timestamp && m.current_input_watermark != max_timestamp)
    m.watermark_lag = duration(now - m.current_input_watermark);
  m.state_bytes = state_bytes.get();
  m.last_checkpoint_bytes = checkpoint_bytes.get();
  m.last_persisted_in_flight_bytes = in_flight_bytes.get();
  m.input_window_records = input_window_records.get();
  m.longest_checkpoint_stop = micros(longest_stop_ns);
  std::lock_guard lock(mutex_);
  for (auto& [n, c] : counters_) m.counters[n] = c->get();
  return m;
}

} // namespace sluice::runtime
