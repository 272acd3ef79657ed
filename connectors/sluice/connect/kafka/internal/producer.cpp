#include "sluice/connect/kafka/internal/producer.hpp"

#include "sluice/core/errors.hpp"

#include <fmt/format.h>
#include <simdjson.h>

#include <array>
#include <thread>

namespace sluice::internal {

namespace {

using steady = std::chrono::steady_clock;

constexpr auto retry_pause = std::chrono::milliseconds(100);
/// A topic may be made because somebody asks for it, which takes a moment.
constexpr auto patience_for_topics = std::chrono::seconds(5);
constexpr std::size_t bytes_per_message = 128; // what the client adds, about

std::int64_t milliseconds(duration d) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(d).count();
}

bool wants_all_acknowledgements(const kafka_properties& properties) {
  for (auto* name : {"acks", "request.required.acks"})
    if (auto at = properties.find(name); at != properties.end())
      return at->second == "all" || at->second == "-1";
  return true;
}

/// Whether asking again may help. The library does not call it retriable when a connection is lost
/// while it waits for a producer's id; the broker may only be restarting.
bool may_pass(const rd_kafka_error_t& error) {
  if (rd_kafka_error_is_fatal(&error)) return false;
  switch (rd_kafka_error_code(&error)) {
  case RD_KAFKA_RESP_ERR__TRANSPORT:
  case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN:
    return true;
  default:
    return rd_kafka_error_is_retriable(&error) != 0;
  }
}

} // namespace

client_config make_producer_config(const kafka_sink_spec& spec,
                                   const std::string& transactional_id) {
  auto& o = spec.options;
  client_config config("kafka sink");
  config.set("linger.ms", "5");
  config.set("reconnect.backoff.max.ms", "1000");
  config.set("allow.auto.create.topics", "true");
  // Retries keep the order and double nothing.
  config.set("enable.idempotence", wants_all_acknowledgements(o.properties) ? "true" : "false");
  config.set_all(o.properties,
                 {{"bootstrap.servers", "use the option bootstrap_servers"},
                  {"metadata.broker.list", "use the option bootstrap_servers"},
                  {"transactional.id", "use the option transactional_id_prefix"},
                  {"transaction.timeout.ms", "use the option transaction_timeout"},
                  {"message.timeout.ms", "use the option delivery_timeout"},
                  {"delivery.timeout.ms", "use the option delivery_timeout"},
                  {"queue.buffering.max.messages", "use the option max_buffered_records"},
                  {"queue.buffering.max.kbytes", "use the option max_buffered_bytes"},
                  {"partitioner", "use the option partitioner"},
                  {"delivery.report.only.error", "the sink counts what has arrived"},
                  {"statistics.interval.ms", "the sink does not show statistics"}});
  config.set("bootstrap.servers", o.bootstrap_servers);
  config.set("message.timeout.ms", std::to_string(milliseconds(o.delivery_timeout)));
  // The sink has its own, lower bounds; these only must not get in their way.
  config.set("queue.buffering.max.messages", "10000000");
  config.set("queue.buffering.max.kbytes", "2097151");
  config.set("partitioner", "murmur2_random");
  // Else runs of records without keys would go one way whatever the partitioner says.
  if (o.partitioner != kafka_partitioner::by_key) config.set("sticky.partitioning.linger.ms", "0");
  if (transactional_id.empty()) return config;
  config.set("transactional.id", transactional_id);
  config.set("transaction.timeout.ms", std::to_string(milliseconds(o.transaction_timeout)));
  config.set("message.timeout.ms",
             std::to_string(milliseconds(std::min(o.delivery_timeout, o.transaction_timeout))));
  config.set("statistics.interval.ms", "100"); // the only place that tells the producer's id
  return config;
}

producer::producer(std::shared_ptr<const kafka_sink_spec> spec, producer_callbacks callbacks,
                   const std::string& transactional_id)
  : spec_(std::move(spec)), callbacks_(std::move(callbacks)), who_("kafka sink, " + spec_->name()) {
  auto config = make_producer_config(*spec_, transactional_id);
  rd_kafka_conf_set_opaque(config.get(), this);
  rd_kafka_conf_set_events(config.get(),
                           RD_KAFKA_EVENT_DR | RD_KAFKA_EVENT_ERROR | RD_KAFKA_EVENT_STATS);
  rd_kafka_conf_set_background_event_cb(config.get(),
                                        [](rd_kafka_t*, rd_kafka_event_t* event, void* self) {
                                          static_cast<producer*>(self)->on_event(event);
                                          rd_kafka_event_destroy(event);
                                        });
  client_ = config.start(RD_KAFKA_PRODUCER);
  rd_ptr<rd_kafka_queue_t> main(rd_kafka_queue_get_main(client_.get()));
  rd_ptr<rd_kafka_queue_t> background(rd_kafka_queue_get_background(client_.get()));
  rd_kafka_queue_forward(main.get(), background.get());
  if (!spec_->topic.empty()) topic({});
}

producer::~producer() {
  rd_kafka_purge(client_.get(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT
                                  | RD_KAFKA_PURGE_F_NON_BLOCKING);
  {
    std::lock_guard lock(mutex_);
    if (problem_.empty()) problem_ = "closed"; // nobody is to be told of the purge
  }
  default_topic_.reset();
  topics_.clear();
  client_.reset(); // ends the background thread, before what it uses
}

void producer::check_topic() {
  auto deadline = steady::now() + spec_->options.connect_timeout;
  auto give_up = std::min(deadline, steady::now() + patience_for_topics);
  for (;;) {
    const rd_kafka_metadata_t* found = nullptr;
    auto error = rd_kafka_metadata(client_.get(), 0, default_topic_.get(), &found, 2000);
    rd_ptr<const rd_kafka_metadata_t> owner(found);
    auto entry_error = RD_KAFKA_RESP_ERR_NO_ERROR;
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR) {
      if (!default_topic_) return;
      entry_error = found->topics[0].err;
      if (entry_error == RD_KAFKA_RESP_ERR_NO_ERROR && found->topics[0].partition_cnt > 0) return;
      if (steady::now() >= give_up || entry_error == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED
          || entry_error == RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION)
        throw io_error(fmt::format("{}: cannot be written: {} (brokers: {})", who_,
                                   entry_error == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART
                                     ? "it does not exist"
                                     : rd_kafka_err2str(entry_error),
                                   spec_->options.bootstrap_servers));
    } else if (steady::now() + retry_pause >= deadline) {
      throw io_error(fmt::format(
        "{}: cannot reach a broker at {} within {} s: {}{}", who_, spec_->options.bootstrap_servers,
        static_cast<double>(milliseconds(spec_->options.connect_timeout)) / 1000,
        rd_kafka_err2str(error), complaints_.in_brackets()));
    }
    std::this_thread::sleep_for(retry_pause);
  }
}

void producer::begin_transaction() {
  auto deadline = steady::now() + spec_->options.connect_timeout;
  auto check = [&](rd_kafka_error_t* raw, std::string_view what) {
    rd_ptr<rd_kafka_error_t> error(raw);
    if (!error) return true;
    if (may_pass(*error) && steady::now() < deadline) return false;
    throw io_error(fmt::format("{}: cannot {}: {}{}", who_, what,
                               rd_kafka_error_string(error.get()), complaints_.in_brackets()));
  };
  auto timeout = static_cast<int>(milliseconds(spec_->options.connect_timeout));
  while (
    !check(rd_kafka_init_transactions(client_.get(), timeout), "register its transactional id"))
    std::this_thread::sleep_for(retry_pause);
  check(rd_kafka_begin_transaction(client_.get()), "begin a transaction");
  std::unique_lock lock(mutex_);
  identity_.reset(); // statistics from before may be stale
  if (!changed_.wait_until(lock, std::max(deadline, steady::now() + std::chrono::seconds(5)),
                           [&] { return identity_ || !problem_.empty(); })
      || !identity_)
    throw io_error(fmt::format("{}: the client library does not tell the id of its producer{}",
                               who_, problem_.empty() ? "" : ": " + problem_));
}

producer_identity producer::identity() const {
  std::lock_guard lock(mutex_);
  return *identity_;
}

void producer::abort_transaction() noexcept {
  constexpr int moment = 1000;
  rd_kafka_purge(client_.get(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
  {
    std::lock_guard lock(mutex_);
    if (problem_.empty()) problem_ = "aborted";
  }
  rd_ptr<rd_kafka_error_t>(rd_kafka_abort_transaction(client_.get(), moment));
}

bool producer::has_room() const noexcept {
  return bytes_.load(std::memory_order_relaxed)
           < static_cast<std::int64_t>(spec_->options.max_buffered_bytes)
         && records_.load(std::memory_order_relaxed)
              < static_cast<std::int64_t>(spec_->options.max_buffered_records);
}

void producer::produce(const kafka_message_view& message) {
  std::array<rd_kafka_vu_t, 7> parts;
  std::size_t n = 0;
  auto add = [&](rd_kafka_vtype_t type) -> auto& {
    parts[n].vtype = type;
    return parts[n++].u;
  };
  auto memory = [](std::string_view bytes) {
    // An empty value is not a null one.
    return const_cast<char*>(bytes.data() ? bytes.data() : "");
  };
  add(RD_KAFKA_VTYPE_RKT).rkt = topic(message.topic);
  add(RD_KAFKA_VTYPE_MSGFLAGS).i = RD_KAFKA_MSG_F_COPY;
  if (message.partition) add(RD_KAFKA_VTYPE_PARTITION).i32 = *message.partition;
  std::size_t bytes = bytes_per_message;
  if (message.key) {
    add(RD_KAFKA_VTYPE_KEY).mem = {memory(*message.key), message.key->size()};
    bytes += message.key->size();
  }
  if (message.value) {
    add(RD_KAFKA_VTYPE_VALUE).mem = {memory(*message.value), message.value->size()};
    bytes += message.value->size();
  }
  if (message.time && *message.time >= 0) // what is before 1970 gets the time of writing
    add(RD_KAFKA_VTYPE_TIMESTAMP).i64 = *message.time / 1000;
  rd_kafka_headers_t* headers = nullptr;
  if (message.headers) {
    headers = rd_kafka_headers_new(message.headers->size());
    for (auto& [name, value] : *message.headers)
      rd_kafka_header_add(headers, name.data(), static_cast<ssize_t>(name.size()),
                          value ? value->c_str() : nullptr,
                          value ? static_cast<ssize_t>(value->size()) : 0);
    add(RD_KAFKA_VTYPE_HEADERS).headers = headers;
  }
  bytes_.fetch_add(static_cast<std::int64_t>(bytes), std::memory_order_relaxed);
  records_.fetch_add(1, std::memory_order_relaxed);
  ++num_produced_;
  rd_ptr<rd_kafka_error_t> error(rd_kafka_produceva(client_.get(), parts.data(), n));
  if (!error) [[likely]]
    return;
  if (headers) rd_kafka_headers_destroy(headers);
  std::string reason = rd_kafka_error_string(error.get());
  {
    std::lock_guard lock(mutex_);
    if (!problem_.empty()) throw io_error(problem_); // what came first explains more
  }
  auto name = message.topic.empty() ? spec_->topic : std::string(message.topic);
  throw io_error(fmt::format("kafka sink: a record cannot be sent to topic {}{}: {}{}", name,
                             message.partition ? fmt::format(":{}", *message.partition) : "",
                             reason, complaints_.in_brackets()));
}

void producer::flush() {
  for (;;) {
    {
      std::lock_guard lock(mutex_);
      if (!problem_.empty()) throw io_error(problem_);
    }
    if (records_.load() == 0) return;
    rd_kafka_flush(client_.get(), 100); // sends what lingers
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, std::chrono::milliseconds(1),
                      [&] { return records_.load() == 0 || !problem_.empty(); });
  }
}

void producer::on_event(rd_kafka_event_t* event) {
  switch (rd_kafka_event_type(event)) {
  case RD_KAFKA_EVENT_DR:
    return on_deliveries(event);
  case RD_KAFKA_EVENT_STATS:
    return on_statistics(rd_kafka_event_stats(event));
  case RD_KAFKA_EVENT_ERROR: {
    auto error = rd_kafka_event_error(event);
    std::string text = rd_kafka_event_error_string(event);
    complaints_.note(error, text);
    if (error == RD_KAFKA_RESP_ERR__FATAL || rd_kafka_event_error_is_fatal(event))
      fail(fmt::format("{}: {}", who_, text));
    return;
  }
  default:
    return;
  }
}

void producer::on_deliveries(rd_kafka_event_t* event) {
  std::int64_t bytes = 0;
  std::int64_t count = 0;
  while (auto* m = rd_kafka_event_message_next(event)) {
    bytes += static_cast<std::int64_t>(bytes_per_message + m->len + m->key_len);
    ++count;
    if (m->err != RD_KAFKA_RESP_ERR_NO_ERROR) [[unlikely]]
      fail(fmt::format("kafka sink: a record for topic {} was not delivered: {}{}",
                       rd_kafka_topic_name(m->rkt), describe(m->err), complaints_.in_brackets()));
  }
  bool had_room = has_room();
  bytes_.fetch_sub(bytes);
  auto left = records_.fetch_sub(count) - count;
  if (!had_room && has_room()) callbacks_.wakeup();
  if (left > 0) return;
  { std::lock_guard lock(mutex_); } // a waiter has either seen it or is waiting
  changed_.notify_all();
}

std::string producer::describe(rd_kafka_resp_err_t error) const {
  auto why = std::string(rd_kafka_err2str(error));
  switch (error) {
  case RD_KAFKA_RESP_ERR__MSG_TIMED_OUT:
    return fmt::format("{} (delivery_timeout is {} s)", why,
                       static_cast<double>(milliseconds(spec_->options.delivery_timeout)) / 1000);
  case RD_KAFKA_RESP_ERR__FENCED:
  case RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH:
  case RD_KAFKA_RESP_ERR_PRODUCER_FENCED:
    return fmt::format("{}: the transaction timed out (transaction_timeout), or another job uses "
                       "the transactional_id_prefix \"{}\"",
                       why, spec_->options.transactional_id_prefix);
  default:
    return why;
  }
}

void producer::on_statistics(std::string_view json) {
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  std::int64_t id = -1;
  std::int64_t epoch = -1;
  if (parser.parse(json.data(), json.size()).get(root)) return;
  if (root.at_pointer("/eos/producer_id").get(id)) return;
  if (root.at_pointer("/eos/producer_epoch").get(epoch)) return;
  if (id < 0 || epoch < 0) return;
  {
    std::lock_guard lock(mutex_);
    identity_ = {id, static_cast<std::int16_t>(epoch)};
  }
  changed_.notify_all();
}

void producer::fail(std::string text) {
  {
    std::lock_guard lock(mutex_);
    if (!problem_.empty()) return;
    problem_ = text;
  }
  changed_.notify_all();
  callbacks_.fail(std::make_exception_ptr(io_error(text)));
}

rd_kafka_topic_t* producer::topic(std::string_view name) {
  if (name.empty() && default_topic_) [[likely]]
    return default_topic_.get();
  if (auto at = topics_.find(name); at != topics_.end()) return at->second.get();
  auto text = name.empty() ? spec_->topic : std::string(name);
  if (text.empty()) throw io_error("kafka sink: a message names no topic, and the sink has none");
  auto* settings = rd_kafka_default_topic_conf_dup(client_.get());
  if (spec_->options.partitioner != kafka_partitioner::by_key) {
    rd_kafka_topic_conf_set_opaque(settings, this);
    rd_kafka_topic_conf_set_partitioner_cb(settings, &producer::choose_partition);
  }
  rd_ptr<rd_kafka_topic_t> made(rd_kafka_topic_new(client_.get(), text.c_str(), settings));
  if (!made)
    throw io_error(
      fmt::format("kafka sink: topic {}: {}", text, rd_kafka_err2str(rd_kafka_last_error())));
  if (name.empty()) return (default_topic_ = std::move(made)).get();
  return topics_.emplace(text, std::move(made)).first->second.get();
}

std::int32_t producer::choose_partition(const rd_kafka_topic_t*, const void*, std::size_t,
                                        std::int32_t count, void* self, void*) {
  auto& p = *static_cast<producer*>(self);
  auto number = p.spec_->options.partitioner == kafka_partitioner::fixed
                  ? p.callbacks_.subtask
                  : p.callbacks_.subtask + p.turn_++;
  return static_cast<std::int32_t>(number % static_cast<std::uint32_t>(count));
}

} // namespace sluice::internal
