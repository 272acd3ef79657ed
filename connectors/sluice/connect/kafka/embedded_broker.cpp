#include "sluice/connect/kafka/embedded_broker.hpp"

#include "sluice/connect/kafka/internal/client.hpp"
#include "sluice/core/errors.hpp"

#include <fmt/format.h>
#include <librdkafka/rdkafka_mock.h>

#include <vector>

namespace sluice {

struct embedded_broker::impl {
  internal::rd_ptr<rd_kafka_t> client; // the cluster's bookkeeper
  rd_kafka_mock_cluster_t* cluster = nullptr;
};

embedded_broker::embedded_broker(int brokers) : impl_(std::make_unique<impl>()) {
  impl_->client = internal::client_config("embedded broker").start(RD_KAFKA_PRODUCER);
  impl_->cluster = rd_kafka_mock_cluster_new(impl_->client.get(), brokers);
  if (!impl_->cluster) throw io_error("embedded broker: cannot listen on 127.0.0.1");
}

embedded_broker::~embedded_broker() { rd_kafka_mock_cluster_destroy(impl_->cluster); }

std::string embedded_broker::bootstrap_servers() const {
  return rd_kafka_mock_cluster_bootstraps(impl_->cluster);
}

void embedded_broker::create_topic(const std::string& topic, std::int32_t partitions) {
  auto error = rd_kafka_mock_topic_create(impl_->cluster, topic.c_str(), partitions, 1);
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR)
    throw io_error(fmt::format("embedded broker: topic {}: {}", topic, rd_kafka_err2str(error)));
}

void embedded_broker::set_down() { rd_kafka_mock_broker_set_down(impl_->cluster, -1); }
void embedded_broker::set_up() { rd_kafka_mock_broker_set_up(impl_->cluster, -1); }

void embedded_broker::fail_requests(std::int16_t api_key, int error, std::size_t count) {
  std::vector<rd_kafka_resp_err_t> errors(count, static_cast<rd_kafka_resp_err_t>(error));
  rd_kafka_mock_push_request_errors_array(impl_->cluster, api_key, count, errors.data());
}

} // namespace sluice
