#include "sluice/net/frame.hpp"

#include "sluice/net/checksum.hpp"
#include "sluice/net/compress.hpp"

#include <fmt/format.h>

#include <cstring>

namespace sluice::net {

namespace {

constexpr std::size_t sum_at = frame_header::wire_size - sizeof(std::uint32_t);

/// Payloads below are not worth compressing.
constexpr std::size_t min_compressed = 128;

std::uint32_t header_sum(const char* header) {
  return static_cast<std::uint32_t>(checksum(header, sum_at));
}

template <class T>
void put(char*& at, T value) {
  std::memcpy(at, &value, sizeof(T));
  at += sizeof(T);
}

void put_header(char* to, const frame_header& h) {
  auto* at = to;
  put(at, h.size);
  put(at, static_cast<std::uint8_t>(h.type));
  put(at, static_cast<std::uint8_t>(h.encoding));
  put(at, std::uint16_t{0});
  put(at, h.plain_size);
  put(at, h.payload_sum);
  put(at, header_sum(to));
}

} // namespace

byte_writer begin_frame(std::string buffer) {
  buffer.resize(frame_header::wire_size);
  return byte_writer(std::move(buffer));
}

std::string finish_frame(byte_writer frame, frame_type type, compression wish) {
  auto buffer = frame.take();
  frame_header h;
  h.type = type;
  auto plain = std::string_view(buffer).substr(frame_header::wire_size);
  h.plain_size = static_cast<std::uint32_t>(plain.size());
  if (wish != compression::none && plain.size() >= min_compressed) {
    // Per thread, as it is needed only here: the frame's memory stays the one that goes round.
    thread_local std::string compressed;
    if (auto size = compress(wish, plain, compressed)) {
      buffer.replace(frame_header::wire_size, std::string::npos, compressed, 0, *size);
      h.encoding = wish;
    }
  }
  auto payload = std::string_view(buffer).substr(frame_header::wire_size);
  h.size = static_cast<std::uint32_t>(payload.size());
  h.payload_sum = checksum(payload.data(), payload.size());
  put_header(buffer.data(), h);
  return buffer;
}

frame_header frame_reader::check_header(std::string_view bytes) const {
  byte_reader in(bytes.substr(0, frame_header::wire_size));
  frame_header h;
  h.size = in.raw<std::uint32_t>();
  auto type = in.raw<std::uint8_t>();
  auto encoding = in.raw<std::uint8_t>();
  auto zero = in.raw<std::uint16_t>();
  h.plain_size = in.raw<std::uint32_t>();
  h.payload_sum = in.raw<std::uint64_t>();
  if (in.raw<std::uint32_t>() != header_sum(bytes.data()))
    throw format_error("a frame is corrupted: its header does not have its checksum");
  if (type >= num_frame_types || encoding > static_cast<std::uint8_t>(compression::zstd)
      || zero != 0)
    throw format_error(fmt::format("a frame is of an unknown kind ({}, {})", type, encoding));
  h.type = static_cast<frame_type>(type);
  h.encoding = static_cast<compression>(encoding);
  if (h.size > max_frame_bytes_ || h.plain_size > max_frame_bytes_)
    throw format_error(fmt::format("a frame of {} bytes is larger than max_frame_bytes, {}",
                                   std::max(h.size, h.plain_size), max_frame_bytes_));
  if (h.encoding == compression::none && h.size != h.plain_size)
    throw format_error("a frame is corrupted: its sizes contradict each other");
  return h;
}

std::optional<frame_reader::frame> frame_reader::next(std::string_view bytes) {
  if (bytes.size() < frame_header::wire_size) {
    wanted_ = frame_header::wire_size;
    return std::nullopt;
  }
  auto h = check_header(bytes);
  consumed_ = wanted_ = frame_header::wire_size + h.size;
  if (bytes.size() < wanted_) return std::nullopt;
  auto payload = bytes.substr(frame_header::wire_size, h.size);
  if (checksum(payload.data(), payload.size()) != h.payload_sum)
    throw format_error("a frame is corrupted: its payload does not have its checksum");
  if (h.encoding == compression::none) return frame{h.type, payload};
  decompress(h.encoding, payload, plain_, h.plain_size);
  return frame{h.type, std::string_view(plain_).substr(0, h.plain_size)};
}

// -- payloads -------------------------------------------------------------------------------------

void encode_open(byte_writer& out, std::uint32_t number, const channel_key& key) {
  out.raw(number);
  out.raw(key.job);
  for (auto part : {key.attempt, key.from.vertex, key.from.subtask, key.from_channel, key.to.vertex,
                    key.to.subtask, key.to_channel})
    out.raw(part);
}

channel_key decode_open(byte_reader& in) {
  channel_key key;
  key.job = in.raw<std::uint64_t>();
  for (auto* part : {&key.attempt, &key.from.vertex, &key.from.subtask, &key.from_channel,
                     &key.to.vertex, &key.to.subtask, &key.to_channel})
    *part = in.raw<std::uint32_t>();
  return key;
}

void encode_element(byte_writer& out, std::uint32_t number, const runtime::channel_element& e) {
  using type = runtime::channel_element::type;
  out.raw(number);
  out.raw(static_cast<std::uint8_t>(e.kind));
  out.raw(static_cast<std::uint8_t>(e.flag));
  out.raw(e.time);
  if (e.kind == type::barrier) {
    out.raw(e.mark.id);
    out.raw(static_cast<std::uint8_t>(e.mark.kind));
    out.raw(e.mark.loop);
    out.raw(e.mark.overtake_at);
    out.raw(static_cast<std::uint8_t>(e.mark.halt));
  }
  if (e.kind == type::records) e.records->encode(out);
}

runtime::channel_element decode_element(byte_reader& in) {
  using type = runtime::channel_element::type;
  runtime::channel_element e;
  auto kind = in.raw<std::uint8_t>();
  if (kind > static_cast<std::uint8_t>(type::end_of_input))
    throw format_error(fmt::format("corrupt data: no element is of kind {}", kind));
  e.kind = static_cast<type>(kind);
  e.flag = in.raw<std::uint8_t>() != 0;
  e.time = in.raw<timestamp>();
  if (e.kind == type::barrier) {
    e.mark.id = in.raw<runtime::checkpoint_id>();
    auto mark = in.raw<std::uint8_t>();
    if (mark > static_cast<std::uint8_t>(runtime::barrier_kind::loop_probe))
      throw format_error(fmt::format("corrupt data: no barrier is of kind {}", mark));
    e.mark.kind = static_cast<runtime::barrier_kind>(mark);
    e.mark.loop = in.raw<std::uint32_t>();
    e.mark.overtake_at = in.raw<timestamp>();
    e.mark.halt = in.raw<std::uint8_t>() != 0;
  }
  if (e.kind != type::records) expect_end(in);
  return e;
}

void encode_credit(byte_writer& out, std::uint32_t number, const runtime::credit_msg& m) {
  out.raw(number);
  out.raw(m.batches);
  out.raw(m.bytes);
  out.raw(m.window_batches);
  out.raw(m.batch_records);
}

runtime::credit_msg decode_credit(byte_reader& in) {
  runtime::credit_msg m;
  m.batches = in.raw<std::uint32_t>();
  m.bytes = in.raw<std::int64_t>();
  m.window_batches = in.raw<std::int32_t>();
  m.batch_records = in.raw<std::uint32_t>();
  expect_end(in);
  return m;
}

void expect_end(const byte_reader& in) {
  if (!in.at_end()) throw format_error("corrupt data: a frame is longer than what it holds");
}

} // namespace sluice::net
