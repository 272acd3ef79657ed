#include "sluice/connect/socket/internal/socket_reader.hpp"

#include "sluice/connect/format/record_scan.hpp"
#include "sluice/connect/socket/internal/receiver.hpp"
#include "sluice/core/errors.hpp"

#include <fmt/format.h>

namespace sluice::internal {

namespace {

constexpr std::size_t padding = 64; // that decoders may read

class socket_enumerator final : public split_enumerator {
public:
  explicit socket_enumerator(const socket_source_spec& spec)
    : id_(fmt::format("{}:{}", spec.host, spec.port)) {}

  std::vector<source_split> discover() override { return {{id_, {}}}; }

private:
  std::string id_;
};

/// Decodes on the actor what the receiver got on the I/O threads.
class socket_reader final : public source_reader, decode_sink {
public:
  explicit socket_reader(std::shared_ptr<const socket_source_spec> spec)
    : spec_(std::move(spec)), decoder_(spec_->format->make_decoder()) {}

  ~socket_reader() override {
    if (receiver_) receiver_->close();
  }

  void open(io_context& context) override {
    context_ = &context;
    bytes_read_ = context.make_counter("bytes_read");
    skipped_ = context.make_counter("records_skipped");
    nulled_ = context.make_counter("fields_nulled");
    diverted_ = context.make_counter("records_diverted");
  }

  void add_splits(std::vector<source_split> splits) override {
    if (splits.empty() || receiver_) return;
    split_ = std::move(splits.front());
    active_ = true;
    decoder_->begin({});
    receiver_ = std::make_shared<receiver>(context_->io_executor(), spec_->host, spec_->port,
                                           spec_->options, context_->wakeup(), context_->fail());
    receiver_->start();
  }

  poll_result poll(batch& out, std::size_t max_records) override {
    poll_result result;
    if (!active_) {
      result.status = poll_result::state::finished;
      return result;
    }
    // What is left of a block may be but the beginning of a record, and what was received meanwhile
    // has called wakeup() already: so there is nothing only if the receiver has just said so.
    do {
      if (!may_decode_ && !take()) {
        result.status = poll_result::state::waiting;
        return result;
      }
      decode(out, max_records);
    } while (out.empty() && !may_decode_);
    if (last_ && begin_ == end_) {
      active_ = false;
      result.ended_splits.push_back(0);
    }
    return result;
  }

  void take_bad_records(std::vector<bad_record>& out) override {
    if (!bad_records_.empty()) std::swap(out, bad_records_);
  }

  std::vector<source_split> snapshot() override {
    if (!active_) return {};
    return {split_};
  }

private:
  /// Gets what was received; whether there is something new to decode.
  bool take() {
    if (last_) return true;
    bytes_.erase(0, begin_);
    end_ -= begin_;
    begin_ = 0;
    bytes_.resize(end_);
    last_ = !receiver_->take(bytes_);
    auto fresh = std::string_view(bytes_).substr(end_);
    bytes_read_->add(fresh.size());
    auto record_end = spec_->format->layout().record_end;
    may_decode_ = last_ || fresh.find(record_end) != std::string_view::npos
                  || bytes_.size() > spec_->format->options().max_record_bytes;
    end_ = bytes_.size();
    bytes_.resize(end_ + padding);
    return may_decode_;
  }

  void decode(batch& out, std::size_t max_records) {
    auto chunk = std::string_view(bytes_).substr(begin_, end_ - begin_);
    refused_ = false;
    auto result = decoder_->decode(chunk, last_, out, max_records, *this);
    line_ += count_newlines(chunk.substr(0, result.consumed));
    begin_ += result.consumed;
    bool progress = result.consumed > 0 || refused_ || !out.empty();
    may_decode_ = last_ || (progress && begin_ < end_);
  }

  bool refuse(const record_error& error) override {
    auto& options = spec_->format->options();
    refused_ = true;
    if (options.errors == on_error::skip || options.errors == on_error::null_field) {
      skipped_->add(1);
      return true;
    }
    auto before = std::string_view(bytes_).substr(begin_, error.offset);
    auto place
      = fmt::format("{}:{}:{}", spec_->host, spec_->port, line_ + count_newlines(before) + 1);
    if (options.errors == on_error::fail)
      throw format_error(describe_bad_record(place, error.reason, error.text));
    diverted_->add(1);
    bad_record bad{place, std::string(error.text.substr(0, max_bad_bytes)), error.reason};
    if (options.divert)
      options.divert(bad);
    else
      bad_records_.push_back(std::move(bad));
    return true;
  }

  void fields_nulled(std::size_t count) override { nulled_->add(count); }

  std::shared_ptr<const socket_source_spec> spec_;
  std::unique_ptr<record_decoder> decoder_;
  io_context* context_ = nullptr;
  std::shared_ptr<receiver> receiver_;
  std::shared_ptr<counter> bytes_read_;
  std::shared_ptr<counter> skipped_;
  std::shared_ptr<counter> nulled_;
  std::shared_ptr<counter> diverted_;
  source_split split_;
  bool active_ = false;

  std::string bytes_; // [begin_, end_) is not decoded yet; padding behind
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  bool last_ = false;                   // nothing more will be received
  bool may_decode_ = false;             // there may be a whole record in it
  std::vector<bad_record> bad_records_; // diverted during this poll
  bool refused_ = false;
  std::uint64_t line_ = 0; // line ends before begin_
};

} // namespace

std::unique_ptr<split_enumerator>
make_socket_enumerator(std::shared_ptr<const socket_source_spec> spec) {
  return std::make_unique<socket_enumerator>(*spec);
}

std::unique_ptr<source_reader> make_socket_reader(std::shared_ptr<const socket_source_spec> spec) {
  return std::make_unique<socket_reader>(std::move(spec));
}

void validate_socket_source(const socket_source_spec& spec) {
  if (spec.host.empty() || spec.port == 0)
    throw plan_error("socket source: host and port must be given");
  if (spec.options.max_buffered_bytes == 0)
    throw plan_error("socket source: max_buffered_bytes must be positive");
  if (spec.format->layout().header)
    throw plan_error("socket source: a stream has no header line; name the columns in the options");
  spec.format->validate();
}

} // namespace sluice::internal
