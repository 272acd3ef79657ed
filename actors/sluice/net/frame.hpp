/// Frames: how elements, credit and the rest look on a connection.
#pragma once

#include "sluice/core/bytes.hpp"
#include "sluice/net/data_plane.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::net {

enum class frame_type : std::uint8_t {
  open,    ///< sender: number, key. Channels have numbers per connection, never used twice
  element, ///< sender: number, element
  forget,  ///< sender: number. The channel is closed
  credit,  ///< receiver: number, credit
  ping,    ///< both: nothing; answered by a pong
  pong     ///< both: nothing
};
inline constexpr std::uint8_t num_frame_types = 6;

/// What precedes each payload. Little-endian, in this order.
struct frame_header {
  std::uint32_t size = 0; ///< of the payload as it travels
  frame_type type = frame_type::ping;
  compression encoding = compression::none;
  std::uint32_t plain_size = 0;  ///< of the payload when it is decompressed
  std::uint64_t payload_sum = 0; ///< XXH3 of the payload as it travels
  // On the wire, two zero bytes follow `encoding`, and a checksum of what is before ends the
  // header: so a wrong size is found before anybody waits for the bytes that it promises.

  static constexpr std::size_t wire_size = 24;
};

/// Starts a frame in `buffer`, whose old contents go and whose memory stays: the payload is to be
/// appended, and `finish_frame` fills in the header.
byte_writer begin_frame(std::string buffer);

/// Ends a frame; compresses the payload if it shrinks by that.
std::string finish_frame(byte_writer frame, frame_type type, compression wish);

/// Payload bytes of a frame that has not been finished.
inline std::size_t payload_size(const byte_writer& frame) {
  return frame.size() - frame_header::wire_size;
}

/// Cuts a stream of bytes into frames.
///
/// Errors: `format_error` on a frame that is not what was sent. It has no way to go on then.
class frame_reader {
public:
  explicit frame_reader(std::size_t max_frame_bytes) : max_frame_bytes_(max_frame_bytes) {}

  struct frame {
    frame_type type;
    std::string_view payload; ///< valid until the next call
  };

  /// The frame that `bytes` starts with, which is then `consumed()` bytes long; none if it is not
  /// all there yet: `wanted()` bytes are needed to get on.
  std::optional<frame> next(std::string_view bytes);

  std::size_t consumed() const noexcept { return consumed_; }
  std::size_t wanted() const noexcept { return wanted_; }

private:
  frame_header check_header(std::string_view bytes) const;

  std::size_t max_frame_bytes_;
  std::size_t consumed_ = 0;
  std::size_t wanted_ = frame_header::wire_size;
  std::string plain_; // decompressed payload
};

// -- payloads -------------------------------------------------------------------------------------
// Each starts with the channel's number. Encoders append to a frame, decoders throw `format_error`.

void encode_open(byte_writer& out, std::uint32_t number, const channel_key& key);
channel_key decode_open(byte_reader& in);

void encode_element(byte_writer& out, std::uint32_t number, const runtime::channel_element& e);

/// What is left in `in` is the batch if the element has records; `e.records` stays empty.
runtime::channel_element decode_element(byte_reader& in);

void encode_credit(byte_writer& out, std::uint32_t number, const runtime::credit_msg& m);

/// Without attempt and channel.
runtime::credit_msg decode_credit(byte_reader& in);

/// Throws unless all of a payload was read.
void expect_end(const byte_reader& in);

} // namespace sluice::net
