/// Ends transactions of producers that are gone.
#pragma once

#include "sluice/connect/kafka/internal/broker_connection.hpp"
#include "sluice/connect/kafka/internal/producer.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace sluice::internal {

/// What became of a transaction that was to be committed.
enum class commit_outcome : std::uint8_t {
  committed, ///< now or before
  lost,      ///< aborted by the brokers, or so old that they do not know it
};

/// Speaks with transaction coordinators.
///
/// A client library commits only what the same producer object wrote. After a crash it is another
/// process that has to commit, in the name of the dead producer, of which the checkpoint holds the
/// id and the epoch. The protocol has a request for that (EndTxn), librdkafka has no call for it.
///
/// All calls block, repeat what may succeed later, and throw `io_error` when time is up or the
/// brokers refuse. Not thread-safe.
class transaction_client {
public:
  explicit transaction_client(std::shared_ptr<const kafka_sink_spec> spec);

  commit_outcome commit(const std::string& transactional_id, producer_identity producer);

  /// Aborts what is open under this id, and fences its producer. Returns the new epoch: 0 if the
  /// brokers had not known the id.
  std::int16_t abort(const std::string& transactional_id);

  /// Ids of open transactions that start with `prefix`; nothing if the brokers are too old to tell.
  std::optional<std::vector<std::string>> open_transactions(const std::string& prefix);

private:
  using time_point = broker_connection::time_point;
  struct address {
    std::string host;
    std::string port;
    friend auto operator<=>(const address&, const address&) = default;
  };

  std::string send(const address& to, std::int16_t api_key, std::int16_t version,
                   std::string_view body, bool flexible, time_point deadline);
  std::string send_to_any(std::int16_t api_key, std::int16_t version, std::string_view body,
                          time_point deadline);
  /// The error code in the coordinator's last answer, or one that may pass.
  std::int16_t find_coordinator(const std::string& transactional_id, address& found,
                                time_point deadline);
  template <class F>
  std::int16_t persist(const std::string& transactional_id, const std::string& what, F request);

  std::shared_ptr<const kafka_sink_spec> spec_;
  std::vector<address> bootstrap_;
  std::map<address, std::unique_ptr<broker_connection>> connections_;
  std::map<std::string, address> coordinators_;
};

} // namespace sluice::internal
