#include "sluice/net/connection.hpp"

#include "sluice/core/errors.hpp"

#include <fmt/format.h>

#include <sys/socket.h>

#include <cstring>
#include <system_error>

namespace sluice::net {

namespace {

/// Read at once under load: a few batches, and not more than the second-level cache holds.
constexpr std::size_t full_buffer = 256 * 1024;
constexpr std::size_t first_buffer = 8 * 1024;
/// What is read before others get their turn.
constexpr std::size_t read_budget = 1024 * 1024;

/// The time of a peer, in ticks: it is lost after that many in which nothing came. Counting them
/// is unlike looking at a clock when this process itself was stopped for a while.
constexpr std::uint32_t ticks_of_peer = 8;

std::string seconds_text(duration d) {
  return fmt::format("{:g} s", static_cast<double>(d.count()) / 1e6);
}

std::string empty_frame(frame_type type) {
  return finish_frame(begin_frame({}), type, compression::none);
}

} // namespace

connection::connection(std::shared_ptr<plane_context> plane, boost::asio::io_context& context,
                       endpoint to)
  : peer({plane, &plane->ask}, context, std::move(to)), plane_(std::move(plane)),
    reader_(plane_->config.max_frame_bytes) {}

connection::connection(std::shared_ptr<plane_context> plane, boost::asio::io_context& context,
                       boost::asio::ip::tcp::socket socket)
  : peer({plane, &plane->ask}, context, std::move(socket)), plane_(std::move(plane)),
    reader_(plane_->config.max_frame_bytes) {}

connection::~connection() = default;

void connection::opened() {
  start_ticks();
  if (!dialled_) plane_->proven(self());
  bool write = false;
  {
    std::lock_guard lock(mutex_);
    writable_ = true;
    write = !queue_.empty();
    if (write) writer_ = writer::own;
  }
  if (write) resume_writing();
  read_or_fail();
}

void connection::stop(std::string why) {
  post([this, why = std::move(why)] {
    if (stage_ == stage::lingering)
      close_socket();
    else
      lose(why);
  });
}

// -- channels -------------------------------------------------------------------------------------

bool connection::add_output(const std::shared_ptr<output_channel>& channel) {
  std::uint32_t number = 0;
  {
    std::lock_guard lock(mutex_);
    if (lost()) return false;
    number = static_cast<std::uint32_t>(outputs_.size());
    outputs_.push_back(channel);
    channel->set_number(number);
    // Queued under the same lock: numbers go out in their order.
    auto frame = begin_frame({});
    encode_open(frame, number, channel->key());
    queue_.push_back(finish_frame(std::move(frame), frame_type::open, compression::none));
    if (!writable_ || writer_ != writer::nobody) return true;
    writer_ = writer::own;
  }
  post([this] { resume_writing(); });
  return true;
}

void connection::remove_output(std::uint32_t number) {
  {
    std::lock_guard lock(mutex_);
    if (number >= outputs_.size()) return; // lost
    outputs_[number] = nullptr;
  }
  auto frame = begin_frame(take_buffer());
  frame.raw(number);
  send(finish_frame(std::move(frame), frame_type::forget, compression::none));
}

void connection::lose_input(const std::shared_ptr<input_channel>& channel, const std::string& why) {
  post([channel, why] { channel->lose(why); });
}

// -- reading --------------------------------------------------------------------------------------

void connection::wait_readable() {
  socket_.async_wait(boost::asio::ip::tcp::socket::wait_read,
                     [self = self()](const boost::system::error_code& error) {
                       if (!error) self->read_or_fail();
                     });
}

void connection::read_or_fail() {
  if (lost()) return;
  try {
    for (std::size_t budget = read_budget; budget > 0;) {
      auto before = end_;
      if (!read_some()) return;
      budget -= std::min(budget, end_ - before);
      handle_frames();
    }
    post([this] { read_or_fail(); });
  } catch (...) {
    lose_by(std::current_exception());
  }
}

/// False if there is nothing to read for now.
bool connection::read_some() {
  grow_buffer();
  auto r = transport_->read(buffer_.get() + end_, capacity_ - end_);
  switch (r.what) {
  case io_result::state::ok:
    end_ += r.bytes;
    silent_ticks_ = 0;
    return true;
  case io_result::state::closed:
    throw io_error(begin_ == end_ ? "the peer closed it"
                                  : "the peer closed it in the middle of a frame");
  case io_result::state::wait_write:
    socket_.async_wait(boost::asio::ip::tcp::socket::wait_write,
                       [self = self()](const boost::system::error_code& error) {
                         if (!error) self->read_or_fail();
                       });
    return false;
  case io_result::state::wait_read:
    break;
  }
  wait_readable();
  return false;
}

/// Makes room behind what was read, for at least the frame that it is the beginning of.
void connection::grow_buffer() {
  if (wished_capacity_ == 0) wished_capacity_ = first_buffer;
  if (capacity_ > 0 && end_ == capacity_) wished_capacity_ = full_buffer; // it has much to say
  auto held = end_ - begin_;
  auto frame = held > 0 ? reader_.wanted() : 0;
  auto wanted = std::max(frame, wished_capacity_);
  if (capacity_ < wanted || capacity_ > 4 * std::max(wanted, full_buffer)) {
    auto fresh = std::make_unique_for_overwrite<char[]>(wanted);
    if (held > 0) std::memcpy(fresh.get(), buffer_.get() + begin_, held);
    buffer_ = std::move(fresh);
    capacity_ = wanted;
  } else if (begin_ + frame > capacity_ || end_ == capacity_) {
    std::memmove(buffer_.get(), buffer_.get() + begin_, held);
  } else {
    return;
  }
  begin_ = 0;
  end_ = held;
}

void connection::handle_frames() {
  while (auto f = reader_.next({buffer_.get() + begin_, end_ - begin_})) {
    begin_ += reader_.consumed();
    handle(*f);
    if (lost()) return;
  }
  if (begin_ == end_) begin_ = end_ = 0;
}

void connection::handle(const frame_reader::frame& f) {
  byte_reader in(f.payload);
  switch (f.type) {
  case frame_type::element:
    return handle_element(in);
  case frame_type::credit:
    return handle_credit(in);
  case frame_type::open:
    return handle_open(in);
  case frame_type::forget:
    return handle_forget(in);
  case frame_type::ping:
    return send(empty_frame(frame_type::pong));
  case frame_type::pong:
    return;
  }
}

void connection::handle_open(byte_reader& in) {
  auto number = in.raw<std::uint32_t>();
  if (dialled_ || number != inputs_.size())
    throw format_error(fmt::format("the peer opened a channel by the wrong number {}", number));
  auto key = decode_open(in);
  expect_end(in);
  plane_->inputs.announce(key, self(), number);
  inputs_.push_back({key, nullptr});
}

connection::incoming& connection::incoming_of(byte_reader& in) {
  auto number = in.raw<std::uint32_t>();
  if (number >= inputs_.size())
    throw format_error(fmt::format("the peer used channel {}, which it has not opened", number));
  return inputs_[number];
}

void connection::handle_element(byte_reader& in) {
  auto& channel = incoming_of(in);
  if (!channel.resolved) {
    channel.resolved = true;
    channel.channel = plane_->inputs.resolve(channel.key);
  }
  if (channel.channel) channel.channel->deliver(in);
}

void connection::handle_forget(byte_reader& in) {
  auto& channel = incoming_of(in);
  expect_end(in);
  plane_->inputs.withdraw(channel.key, *this);
  channel.channel = nullptr;
  channel.resolved = true;
  channel.announced = false;
}

void connection::handle_credit(byte_reader& in) {
  auto number = in.raw<std::uint32_t>();
  std::shared_ptr<output_channel> channel;
  {
    std::lock_guard lock(mutex_);
    if (number >= outputs_.size())
      throw format_error(fmt::format("the peer gave credit to channel {}, which is none", number));
    channel = outputs_[number];
  }
  auto m = decode_credit(in);
  if (channel) channel->deliver(std::move(m));
}

// -- its end --------------------------------------------------------------------------------------

void connection::start_ticks() {
  timer_.expires_after(plane_->config.dead_peer_timeout / ticks_of_peer);
  timer_.async_wait([self = self()](const boost::system::error_code& error) {
    if (!error) self->tick();
  });
}

void connection::tick() {
  if (lost()) return;
  if (++silent_ticks_ >= ticks_of_peer) {
    lose_by(std::make_exception_ptr(std::system_error(ETIMEDOUT, std::system_category())));
    return;
  }
  // One in two ticks: an answer has three chances before the peer is given up.
  if (silent_ticks_ % 2 == 0) send(empty_frame(frame_type::ping));
  start_ticks();
}

void connection::lose_by(std::exception_ptr error) {
  if (lost()) return;
  lose(fmt::format("connection {} {} lost: {}", dialled_ ? "to" : "from", to_string(peer_),
                   describe(error)));
}

std::string connection::describe(const std::exception_ptr& error) const {
  try {
    std::rethrow_exception(error);
  } catch (const std::system_error& e) {
    if (e.code() == std::errc::timed_out)
      return "no answer for " + seconds_text(plane_->config.dead_peer_timeout);
    return e.code().message();
  } catch (const std::exception& e) {
    return e.what();
  }
}

/// Tells all channels. The socket is closed unless a thread that sends is inside the transport: it
/// has it closed when it comes out.
void connection::lose(const std::string& why) {
  std::vector<std::shared_ptr<output_channel>> outputs;
  bool busy = false;
  {
    std::lock_guard lock(mutex_);
    if (lost()) return;
    lost_ = true;
    busy = writer_ == writer::sender;
    outputs.swap(outputs_);
    queue_.clear();
    spare_.clear();
  }
  if (stage_ != stage::lingering) {
    stage_ = stage::over;
    timer_.cancel();
    resolver_.cancel();
    if (busy)
      ::shutdown(socket_.native_handle(), SHUT_RDWR);
    else
      close_socket();
  }
  for (auto& c : outputs)
    if (c) c->lose(why);
  for (auto& in : std::exchange(inputs_, {}))
    if (in.announced)
      if (auto channel = plane_->inputs.withdraw(in.key, *this)) channel->lose(why);
}

void connection::closed() {
  buffer_.reset();
  capacity_ = begin_ = end_ = 0;
  plane_->closed(self());
}

} // namespace sluice::net
