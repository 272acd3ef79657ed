#include "sluice/connect/kafka/internal/client.hpp"

#include "sluice/connect/kafka/internal/log.hpp"
#include "sluice/core/errors.hpp"

#include <fmt/format.h>

#include <array>

namespace sluice::internal {

client_config::client_config(std::string who) : who_(std::move(who)), conf_(rd_kafka_conf_new()) {
  // What matters comes as an error, with the operator's name; the rest is for the curious.
  rd_kafka_conf_set_log_cb(
    conf_.get(), [](const rd_kafka_t* client, int, const char* facility, const char* text) {
      kafka_log().debug("{}: {}: {}", rd_kafka_name(client), facility, text);
    });
}

void client_config::set(const std::string& name, const std::string& value) {
  std::array<char, 512> reason{};
  auto result
    = rd_kafka_conf_set(conf_.get(), name.c_str(), value.c_str(), reason.data(), reason.size());
  if (result != RD_KAFKA_CONF_OK)
    throw plan_error(fmt::format("{}: property {} = \"{}\": {}", who_, name, value, reason.data()));
}

void client_config::set_all(const kafka_properties& properties,
                            std::initializer_list<decided_by> decided) {
  for (auto& [name, value] : properties) {
    for (auto& d : decided)
      if (name == d.name)
        throw plan_error(fmt::format("{}: property {} cannot be set: {}", who_, name, d.instead));
    set(name, value);
  }
}

rd_ptr<rd_kafka_t> client_config::start(rd_kafka_type_t type) {
  std::array<char, 512> reason{};
  rd_ptr<rd_kafka_t> client(rd_kafka_new(type, conf_.get(), reason.data(), reason.size()));
  if (!client) throw io_error(fmt::format("{}: {}", who_, reason.data()));
  conf_.release(); // the client's now
  return client;
}

std::string complaints::in_brackets() const {
  std::lock_guard lock(mutex_);
  return last_.empty() ? std::string{} : fmt::format(" ({})", last_);
}

void require_servers(const std::string& servers, std::string_view who) {
  if (servers.empty()) throw plan_error(fmt::format("{}: bootstrap_servers is empty", who));
}

} // namespace sluice::internal
