#include "sluice/connect/socket/socket_sink.hpp"

#include "sluice/connect/format/text.hpp"
#include "sluice/connect/socket/internal/transmitter.hpp"
#include "sluice/core/errors.hpp"
#include "sluice/io/builtin_connectors.hpp"

#include <fmt/format.h>

namespace sluice {

namespace internal {

/// What a socket sink is told.
struct socket_sink_spec {
  std::string host;
  std::uint16_t port = 0;
  std::shared_ptr<const record_encoder> encoder;
  socket_sink_options options;
};

namespace {

class socket_writer final : public sink_writer {
public:
  explicit socket_writer(std::shared_ptr<const socket_sink_spec> spec) : spec_(std::move(spec)) {}

  ~socket_writer() override {
    if (transmitter_) transmitter_->close();
  }

  void open(io_context& context, const std::vector<std::string>&) override {
    transmitter_ = std::make_shared<transmitter>(context.io_executor(), spec_->host, spec_->port,
                                                 spec_->options.max_buffered_bytes,
                                                 context.wakeup(), context.fail());
    transmitter_->start();
  }

  void write(batch& records) override {
    spec_->encoder->encode(records, 0, records.size(), buffer_);
    if (buffer_.size() >= spec_->options.block_bytes) flush();
  }

  bool ready() const override { return transmitter_->ready(); }

  void flush() override { transmitter_->send(buffer_); }

  /// A checkpoint waits until the peer's system has what was written before it.
  std::function<writer_snapshot()> prepare_commit(std::uint64_t, bool end_of_input) override {
    flush();
    return [t = transmitter_, end_of_input] {
      t->drain(end_of_input);
      return writer_snapshot{};
    };
  }

private:
  std::shared_ptr<const socket_sink_spec> spec_;
  std::shared_ptr<transmitter> transmitter_;
  std::string buffer_;
};

} // namespace

} // namespace internal

namespace detail {

socket_sink_core::socket_sink_core(std::string host, std::uint16_t port,
                                   std::shared_ptr<const record_encoder> encoder,
                                   socket_sink_options options)
  : spec_(std::make_shared<internal::socket_sink_spec>(
    internal::socket_sink_spec{std::move(host), port, std::move(encoder), options})) {}

std::string socket_sink_core::name() const {
  return fmt::format("socket {}:{}", spec_->host, spec_->port);
}

std::unique_ptr<sink_writer> socket_sink_core::make_writer() const {
  return std::make_unique<internal::socket_writer>(spec_);
}

void socket_sink_core::validate() const {
  if (spec_->host.empty() || spec_->port == 0)
    throw plan_error("socket sink: host and port must be given");
  if (spec_->options.max_buffered_bytes == 0)
    throw plan_error("socket sink: max_buffered_bytes must be positive");
  validate_message_encoder(*spec_->encoder, "socket sink");
}

} // namespace detail

sink_ptr<std::string> socket_sink(std::string host, std::uint16_t port,
                                  socket_sink_options options) {
  return socket_sink_for<std::string>(std::move(host), port, make_text_encoder(), options);
}

sink_ptr<std::string> make_socket_text_sink(std::string host, std::uint16_t port) {
  return socket_sink(std::move(host), port);
}

} // namespace sluice
