#include "sluice/connect/kafka/internal/transaction_client.hpp"

#include "sluice/connect/kafka/internal/wire.hpp"
#include "sluice/core/errors.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <thread>

namespace sluice::internal {

namespace {

using steady = std::chrono::steady_clock;

enum api : std::int16_t {
  api_metadata = 3,
  api_find_coordinator = 10,
  api_versions = 18,
  api_init_producer_id = 22,
  api_end_transaction = 26,
  api_list_transactions = 66,
};

constexpr std::int16_t no_error = 0;
constexpr std::int16_t transactional_id_not_found = 105; // newer than the library's list

bool may_pass(std::int16_t error) {
  switch (error) {
  case RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT:
  case RD_KAFKA_RESP_ERR_NETWORK_EXCEPTION:
  case RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS:
  case RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE:
  case RD_KAFKA_RESP_ERR_NOT_COORDINATOR:
  case RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS:
  case RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS_AFTER_APPEND:
  case RD_KAFKA_RESP_ERR_CONCURRENT_TRANSACTIONS:
    return true;
  default:
    return false;
  }
}

const char* text_of(std::int16_t error) {
  return rd_kafka_err2str(static_cast<rd_kafka_resp_err_t>(error));
}

} // namespace

transaction_client::transaction_client(std::shared_ptr<const kafka_sink_spec> spec)
  : spec_(std::move(spec)) {
  std::string_view rest = spec_->options.bootstrap_servers;
  while (!rest.empty()) {
    auto one = rest.substr(0, rest.find(','));
    rest.remove_prefix(std::min(rest.size(), one.size() + 1));
    if (auto scheme = one.find("://"); scheme != one.npos) one.remove_prefix(scheme + 3);
    while (one.starts_with(' ')) one.remove_prefix(1);
    while (one.ends_with(' ')) one.remove_suffix(1);
    auto colon = one.rfind(':');
    bool bare = colon == one.npos || one.ends_with(']');
    auto host = bare ? one : one.substr(0, colon);
    if (host.starts_with('[')) host = host.substr(1, host.size() - 2);
    if (!host.empty())
      bootstrap_.push_back({std::string(host), std::string(bare ? "9092" : one.substr(colon + 1))});
  }
}

std::string transaction_client::send(const address& to, std::int16_t api_key, std::int16_t version,
                                     std::string_view body, bool flexible, time_point deadline) {
  auto& connection = connections_[to];
  try {
    if (!connection) connection = std::make_unique<broker_connection>(to.host, to.port, deadline);
    return connection->request(api_key, version, body, flexible, deadline);
  } catch (...) {
    connection.reset();
    throw;
  }
}

std::string transaction_client::send_to_any(std::int16_t api_key, std::int16_t version,
                                            std::string_view body, time_point deadline) {
  std::string problem = "no broker is named";
  for (auto& broker : bootstrap_) {
    try {
      return send(broker, api_key, version, body, false, deadline);
    } catch (const io_error& e) {
      problem = e.what();
    }
  }
  throw io_error(problem);
}

std::int16_t transaction_client::find_coordinator(const std::string& transactional_id,
                                                  address& found, time_point deadline) {
  if (auto known = coordinators_.find(transactional_id); known != coordinators_.end()) {
    found = known->second;
    return no_error;
  }
  wire_writer body;
  body.text(transactional_id);
  body.number(std::int8_t{1}); // of transactions
  auto response = send_to_any(api_find_coordinator, 1, body.bytes(), deadline);
  wire_reader reader(response);
  reader.number<std::int32_t>(); // throttle time
  auto error = reader.number<std::int16_t>();
  reader.text();                 // message
  reader.number<std::int32_t>(); // node
  if (error != no_error) return error;
  found.host = reader.text();
  found.port = std::to_string(reader.number<std::int32_t>());
  coordinators_[transactional_id] = found;
  return no_error;
}

/// Repeats `request(coordinator, deadline)` while its error may pass.
template <class F>
std::int16_t transaction_client::persist(const std::string& transactional_id,
                                         const std::string& what, F request) {
  auto patience = std::max(spec_->options.connect_timeout, spec_->options.delivery_timeout);
  auto give_up = steady::now() + patience;
  auto pause = std::chrono::milliseconds(5);
  std::string problem;
  for (;;) {
    // One broker that hangs must not use up all the time.
    auto deadline = std::min(give_up, steady::now() + std::chrono::seconds(10));
    try {
      address coordinator;
      auto error = find_coordinator(transactional_id, coordinator, deadline);
      if (error == no_error) error = request(coordinator, deadline);
      if (!may_pass(error)) return error;
      problem = text_of(error);
      // Only a busy coordinator is still the coordinator.
      if (error != RD_KAFKA_RESP_ERR_CONCURRENT_TRANSACTIONS) coordinators_.erase(transactional_id);
    } catch (const io_error& e) {
      problem = e.what();
      coordinators_.erase(transactional_id);
    }
    if (steady::now() + pause >= give_up)
      throw io_error(fmt::format("kafka sink, {}: cannot {} transaction \"{}\" for {} s: {}",
                                 spec_->name(), what, transactional_id,
                                 std::chrono::duration_cast<std::chrono::seconds>(patience).count(),
                                 problem));
    std::this_thread::sleep_for(pause);
    pause = std::min(pause * 2, std::chrono::milliseconds(200));
  }
}

commit_outcome transaction_client::commit(const std::string& transactional_id,
                                          producer_identity producer) {
  wire_writer body;
  body.text(transactional_id);
  body.number(producer.id);
  body.number(producer.epoch);
  body.boolean(true);
  auto error = persist(transactional_id, "commit", [&](const address& to, time_point deadline) {
    auto response = send(to, api_end_transaction, 1, body.bytes(), false, deadline);
    wire_reader reader(response);
    reader.number<std::int32_t>();
    return reader.number<std::int16_t>();
  });
  switch (error) {
  case no_error:
    return commit_outcome::committed;
  case RD_KAFKA_RESP_ERR_INVALID_TXN_STATE:
  case RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH:
  case RD_KAFKA_RESP_ERR_PRODUCER_FENCED:
  case RD_KAFKA_RESP_ERR_INVALID_PRODUCER_ID_MAPPING:
  case transactional_id_not_found:
    return commit_outcome::lost;
  default:
    throw io_error(fmt::format("kafka sink, {}: cannot commit transaction \"{}\": {}",
                               spec_->name(), transactional_id, text_of(error)));
  }
}

std::int16_t transaction_client::abort(const std::string& transactional_id) {
  wire_writer body;
  body.text(transactional_id);
  body.number(static_cast<std::int32_t>(
    std::chrono::duration_cast<std::chrono::milliseconds>(spec_->options.transaction_timeout)
      .count()));
  std::int16_t epoch = 0;
  auto error = persist(transactional_id, "abort", [&](const address& to, time_point deadline) {
    auto response = send(to, api_init_producer_id, 1, body.bytes(), false, deadline);
    wire_reader reader(response);
    reader.number<std::int32_t>();
    auto code = reader.number<std::int16_t>();
    reader.number<std::int64_t>();
    epoch = reader.number<std::int16_t>();
    return code;
  });
  if (error != no_error)
    throw io_error(
      fmt::format("kafka sink, {}: cannot abort what was left of transaction \"{}\": {}",
                  spec_->name(), transactional_id, text_of(error)));
  return epoch;
}

std::optional<std::vector<std::string>>
transaction_client::open_transactions(const std::string& prefix) {
  auto deadline = steady::now() + spec_->options.connect_timeout;
  {
    auto response = send_to_any(api_versions, 0, {}, deadline);
    wire_reader reader(response);
    bool listed = false;
    if (reader.number<std::int16_t>() != no_error) return std::nullopt;
    for (auto n = reader.number<std::int32_t>(); n > 0; --n) {
      listed = reader.number<std::int16_t>() == api_list_transactions || listed;
      reader.number<std::int32_t>(); // versions
    }
    if (!listed) return std::nullopt;
  }
  wire_writer no_topics;
  no_topics.number(std::int32_t{0});
  auto metadata = send_to_any(api_metadata, 1, no_topics.bytes(), deadline);
  wire_reader brokers(metadata);
  std::vector<std::string> result;
  for (auto n = brokers.number<std::int32_t>(); n > 0; --n) {
    brokers.number<std::int32_t>();
    address broker;
    broker.host = brokers.text();
    broker.port = std::to_string(brokers.number<std::int32_t>());
    brokers.text(); // rack
    wire_writer body;
    body.compact_length(1);
    body.compact_text("Ongoing");
    body.compact_length(0); // of any producer
    body.no_tags();
    auto response = send(broker, api_list_transactions, 0, body.bytes(), true, deadline);
    wire_reader reader(response);
    reader.number<std::int32_t>();
    if (reader.number<std::int16_t>() != no_error) continue; // it is loading; it is a courtesy only
    for (auto k = reader.compact_length(); k > 0; --k) reader.compact_text();
    for (auto k = reader.compact_length(); k > 0; --k) {
      auto id = reader.compact_text();
      reader.number<std::int64_t>();
      reader.compact_text();
      reader.skip_tags();
      if (id.starts_with(prefix)) result.emplace_back(id);
    }
  }
  return result;
}

} // namespace sluice::internal
