#include "sluice/net/connection.hpp"

#include <algorithm>
#include <array>

namespace sluice::net {

namespace {

/// What a thread that sends writes for others before it leaves the rest to the connection's.
constexpr std::size_t sender_budget = 256 * 1024;
/// What the connection's thread writes before it looks at its other work.
constexpr std::size_t own_budget = 1024 * 1024;

/// Frames per call of the system: at least 64 KiB of batches that hold a few records.
constexpr std::size_t max_gathered = 256;

/// Memory kept for frames to come.
constexpr std::size_t max_spare_bytes = 8 * 1024 * 1024;
constexpr std::size_t max_spare_frame = 1024 * 1024;

} // namespace

std::string connection::take_buffer() {
  std::lock_guard lock(mutex_);
  if (spare_.empty()) return {};
  auto buffer = std::move(spare_.back());
  spare_.pop_back();
  spare_bytes_ -= buffer.capacity();
  return buffer;
}

void connection::send(std::string frame) {
  {
    std::lock_guard lock(mutex_);
    if (lost()) return;
    queue_.push_back(std::move(frame));
    if (!writable_ || writer_ != writer::nobody) return;
    writer_ = writer::sender;
  }
  pump(writer::sender, sender_budget);
}

/// REQUIRES: `writer_` is `me`. At the end it is nobody's or the connection's thread's.
void connection::pump(writer me, std::size_t budget) {
  std::exception_ptr error;
  bool blocked = false;
  try {
    while (budget > 0 && !blocked) {
      if (!next_frames()) return;
      auto r = write_some();
      blocked = r.what != io_result::state::ok;
      advance(r.bytes);
      budget -= std::min(budget, r.bytes);
    }
  } catch (...) {
    error = std::current_exception();
  }
  if (me == writer::sender) {
    std::lock_guard lock(mutex_);
    writer_ = writer::own;
    if (lost()) { // whoever found that has left the socket to this thread
      post([this] { close_socket(); });
      return;
    }
  }
  // From here on this thread touches nothing that belongs to the writer.
  if (error)
    post([this, error] { lose_by(error); });
  else if (blocked)
    post([this] { wait_writable(); });
  else
    post([this] { resume_writing(); });
}

/// Makes sure that there is something to write; false if there is nothing, and nobody writes then.
bool connection::next_frames() {
  if (written_frames_ < writing_.size()) {
    if (!lost()) return true;
  } else if (transport_->flush().what != io_result::state::ok) {
    return true; // goes on there
  }
  std::lock_guard lock(mutex_);
  recycle_written();
  if (lost()) {
    auto was = std::exchange(writer_, writer::nobody);
    if (was == writer::sender) post([this] { close_socket(); });
    return false;
  }
  writing_.swap(queue_);
  written_frames_ = written_bytes_ = 0;
  if (!writing_.empty()) return true;
  writer_ = writer::nobody;
  return false;
}

void connection::recycle_written() {
  for (auto& frame : writing_) {
    if (frame.capacity() > max_spare_frame || spare_bytes_ + frame.capacity() > max_spare_bytes)
      continue;
    spare_bytes_ += frame.capacity();
    spare_.push_back(std::move(frame));
  }
  writing_.clear();
}

io_result connection::write_some() {
  if (written_frames_ == writing_.size()) return transport_->flush();
  std::array<iovec, max_gathered> parts; // NOLINT: filled below
  std::size_t n = 0;
  auto skip = written_bytes_;
  for (auto i = written_frames_; i < writing_.size() && n < max_gathered; ++i) {
    parts[n++] = {writing_[i].data() + skip, writing_[i].size() - skip};
    skip = 0;
  }
  return transport_->write({parts.data(), n});
}

void connection::advance(std::size_t bytes) {
  while (bytes > 0) {
    auto rest = writing_[written_frames_].size() - written_bytes_;
    if (bytes < rest) {
      written_bytes_ += bytes;
      return;
    }
    bytes -= rest;
    written_bytes_ = 0;
    ++written_frames_;
  }
}

void connection::wait_writable() {
  if (lost()) return;
  socket_.async_wait(boost::asio::ip::tcp::socket::wait_write,
                     [self = self()](const boost::system::error_code& error) {
                       if (!error) self->resume_writing();
                     });
}

void connection::resume_writing() {
  if (!lost()) pump(writer::own, own_budget);
}

} // namespace sluice::net
