#include "sluice/api/environment.hpp"

namespace sluice {

stream_environment& stream_environment::set_parallelism(std::uint32_t value) {
  config().parallelism = value;
  return *this;
}

stream_environment& stream_environment::set_max_parallelism(std::uint32_t value) {
  config().max_parallelism = value;
  return *this;
}

stream_environment& stream_environment::set_buffer_timeout(duration value) {
  config().buffer_timeout = value;
  return *this;
}

stream_environment& stream_environment::set_buffer_debloat_target(duration value) {
  config().buffer_debloat_target = value;
  return *this;
}

stream_environment& stream_environment::enable_unaligned_checkpoints(duration after) {
  config().checkpoints.unaligned = true;
  config().checkpoints.aligned_checkpoint_timeout = after;
  return *this;
}

stream_environment& stream_environment::disable_operator_chaining() {
  config().chaining = false;
  return *this;
}

stream_environment& stream_environment::set_execution_mode(execution_mode mode) {
  config().mode = mode;
  return *this;
}

stream_environment& stream_environment::set_temp_directory(std::string directory) {
  config().temp_directory = std::move(directory);
  return *this;
}

stream_environment& stream_environment::set_feedback_memory_limit(std::size_t bytes) {
  config().feedback_memory_limit = bytes;
  return *this;
}

stream_environment& stream_environment::set_batch_memory_limit(std::size_t bytes) {
  config().batch_memory_limit = bytes;
  return *this;
}

stream_environment& stream_environment::enable_checkpointing(duration interval,
                                                             std::string directory) {
  config().checkpoints.interval = interval;
  config().checkpoints.directory = std::move(directory);
  return *this;
}

stream_environment& stream_environment::set_restart_strategy(restart_strategy strategy) {
  config().restart = strategy;
  return *this;
}

stream_environment& stream_environment::restore_from(std::string path, bool allow_leftover_state) {
  config().restore_from = std::move(path);
  config().allow_leftover_state = allow_leftover_state;
  return *this;
}

data_stream<std::int64_t> stream_environment::from_sequence(std::int64_t first,
                                                            std::int64_t last) const {
  auto from = static_cast<std::uint64_t>(first);
  auto count = last < first ? 0 : static_cast<std::uint64_t>(last) - from + 1;
  if (count == 0 && last >= first)
    throw plan_error("from_sequence: a sequence of all 64-bit numbers is too long to be counted");
  auto f = [from](std::uint64_t n) { return static_cast<std::int64_t>(from + n); };
  return from_source<std::int64_t>(std::make_shared<generator_source<std::int64_t, decltype(f)>>(
    f, generator_options{count, {}}, "sequence"));
}

data_stream<std::string> stream_environment::read_text_file(std::string path) const {
  return from_source<std::string>(make_text_file_source(std::move(path)));
}

data_stream<std::string>
stream_environment::socket_text_stream(std::string host, std::uint16_t port, char delimiter) const {
  return from_source<std::string>(make_socket_text_source(std::move(host), port, delimiter));
}

job_handle stream_environment::start(executor& on, std::string job_name, bool caller_waits) {
  auto graph = program_->pending();
  graph.config.caller_waits |= caller_waits; // a caller of `execute_async` may wait as well
  if (!job_name.empty()) graph.config.name = std::move(job_name);
  auto job = make_job_graph(graph);
  program_->mark_executed();
  return job_handle(on.submit(std::move(job)));
}

std::string stream_environment::explain(explain_format format) const {
  auto graph = program_->pending();
  auto job = make_job_graph(graph);
  if (format == explain_format::json)
    return "{\"logical\":" + sluice::explain(graph, format)
           + ",\"job\":" + sluice::explain(job, format) + "}\n";
  return sluice::explain(graph, format) + sluice::explain(job, format);
}

} // namespace sluice
