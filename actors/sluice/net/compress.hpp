/// LZ4 and Zstandard for frames.
#pragma once

#include "sluice/net/data_plane.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::net {

/// Compresses into `to`, whose memory is reused; the size, or nothing if it would not shrink.
std::optional<std::size_t> compress(compression how, std::string_view plain, std::string& to);

/// Decompresses into `to`, whose first `plain_size` bytes are the result then.
/// Errors: `format_error` when the bytes are not that many.
void decompress(compression how, std::string_view bytes, std::string& to, std::size_t plain_size);

} // namespace sluice::net
