/// How messages cross processes: by the codec that batches and snapshots use.
#pragma once

#include "sluice/core/codec.hpp"

#include <caf/deserializer.hpp>
#include <caf/error.hpp>
#include <caf/sec.hpp>
#include <caf/serializer.hpp>

#include <exception>
#include <string>

namespace sluice::runtime {

/// True for messages that may be sent to another process: plain structs of values.
template <class T>
inline constexpr bool is_wire_message = false;

template <class T>
concept wire_message = is_wire_message<T>;

template <wire_message T>
caf::error inspect(caf::serializer& out, T& message) {
  byte_writer bytes;
  encode_value(bytes, message);
  auto text = bytes.take();
  return out(text);
}

template <wire_message T>
caf::error inspect(caf::deserializer& in, T& message) {
  std::string text;
  if (auto problem = in(text)) return problem;
  try {
    byte_reader bytes(text);
    message = decode_value<T>(bytes);
  } catch (const std::exception& e) {
    return caf::make_error(caf::sec::invalid_argument, std::string(e.what()));
  }
  return caf::none;
}

} // namespace sluice::runtime
