#include "sluice/net/channel.hpp"

#include "sluice/net/connection.hpp"
#include "sluice/net/frame.hpp"

#include <fmt/format.h>

namespace sluice::net {

namespace {

/// A batch that grew beyond this gives its memory back instead of being recycled.
constexpr std::size_t max_recycled_bytes = 256 * 1024;

} // namespace

void channel_end::lose(const std::string& why) {
  std::lock_guard lock(callbacks_);
  if (!alive_.exchange(false)) return;
  if (on_lost_) on_lost_(why);
}

void channel_end::close() {
  std::lock_guard lock(callbacks_);
  alive_ = false;
}

// -- output_channel -------------------------------------------------------------------------------

output_channel::output_channel(std::shared_ptr<connection> to, const channel_key& key,
                               compression wish, std::size_t max_frame_bytes,
                               std::function<void(runtime::credit_msg)> on_credit,
                               std::function<void(std::string)> on_lost)
  : channel_end(key, std::move(on_lost)), connection_(std::move(to)), compression_(wish),
    max_frame_bytes_(max_frame_bytes), on_credit_(std::move(on_credit)) {}

output_channel::~output_channel() = default;

void output_channel::send(runtime::channel_element& e) {
  if (alive()) {
    auto frame = begin_frame(connection_->take_buffer());
    encode_element(frame, number_, e);
    if (payload_size(frame) > max_frame_bytes_)
      throw io_error(fmt::format("{}: {} records take {} bytes, more than fit a frame "
                                 "(max_frame_bytes, {})",
                                 to_string(key()), e.records ? e.records->size() : 0,
                                 payload_size(frame), max_frame_bytes_));
    connection_->send(finish_frame(std::move(frame), frame_type::element, compression_));
  }
  if (e.records) e.records->clear();
}

void output_channel::close_and_forget() {
  close();
  connection_->remove_output(number_);
}

void output_channel::deliver(runtime::credit_msg m) {
  m.attempt = key().attempt;
  m.channel = key().from_channel;
  std::lock_guard lock(callbacks_);
  if (alive()) on_credit_(std::move(m));
}

// -- input_channel --------------------------------------------------------------------------------

input_channel::input_channel(const channel_key& key, const element_type& type,
                             std::function<void(runtime::channel_element)> on_element,
                             std::function<void(std::string)> on_lost)
  : channel_end(key, std::move(on_lost)), type_(type), on_element_(std::move(on_element)) {}

input_channel::~input_channel() = default;

void input_channel::recycle(runtime::batch_box box) {
  auto b = box.take();
  if (!b) return;
  b->clear();
  b->trim(max_recycled_bytes);
  std::lock_guard lock(mutex_);
  if (free_.size() < runtime::max_remote_window_batches) free_.push_back(std::move(b));
}

void input_channel::credit(runtime::credit_msg m) {
  std::shared_ptr<connection> to;
  {
    std::lock_guard lock(mutex_);
    if (!bound_) {
      early_.push_back(std::move(m));
      return;
    }
    to = connection_.lock();
  }
  if (to) send_credit(*to, m);
}

void input_channel::bind(const std::shared_ptr<connection>& from, std::uint32_t number) {
  std::vector<runtime::credit_msg> early;
  {
    std::lock_guard lock(mutex_);
    bound_ = true;
    connection_ = from;
    number_ = number;
    early.swap(early_);
  }
  for (auto& m : early) send_credit(*from, m);
}

void input_channel::send_credit(connection& to, const runtime::credit_msg& m) const {
  auto frame = begin_frame(to.take_buffer());
  encode_credit(frame, number_, m);
  to.send(finish_frame(std::move(frame), frame_type::credit, compression::none));
}

std::unique_ptr<batch> input_channel::free_batch() {
  {
    std::lock_guard lock(mutex_);
    if (!free_.empty()) {
      auto b = std::move(free_.back());
      free_.pop_back();
      return b;
    }
  }
  return type_.make_batch();
}

void input_channel::deliver(byte_reader& in) {
  if (!alive()) return;
  runtime::channel_element e;
  try {
    e = decode_element(in);
    if (e.kind == runtime::channel_element::type::records) {
      auto b = free_batch();
      b->decode(in);
      expect_end(in);
      e.records = runtime::batch_box(std::move(b));
    }
  } catch (const format_error& error) {
    throw format_error(fmt::format("{}: {}", to_string(key()), error.what()));
  }
  std::lock_guard lock(callbacks_);
  if (!alive()) return;
  // Nothing can be lost any more: who goes away now has done its part.
  if (e.kind == runtime::channel_element::type::end_of_input) alive_ = false;
  on_element_(std::move(e));
}

} // namespace sluice::net
