/// Texts that Nexmark events refer to, made once: they live as long as the process, so columns may
/// point into them.
#pragma once

#include "sluice/connect/table/internal/random_bits.hpp"
#include "sluice/table/types/string_ref.hpp"

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::table::internal {

class nexmark_texts {
public:
  static const nexmark_texts& get();

  static constexpr std::size_t num_channels = 10'000;
  static constexpr std::size_t num_hot_channels = 4;

  /// `length` random letters.
  string_ref letters(random_bits& random, std::size_t length) const {
    return string_ref(std::string_view(letters_).substr(random.below(pool_size), length));
  }

  /// Words of 3 to `most` - 1 characters in all, with blanks between, none at the ends.
  string_ref words(random_bits& random, std::size_t most) const;

  /// Where bids come through.
  struct channel {
    string_ref name;
    string_ref url;
  };
  const channel& channel_at(std::size_t i) const noexcept { return channels_[i]; }
  const channel& hot_channel_at(std::size_t i) const noexcept { return hot_channels_[i]; }

private:
  nexmark_texts();

  static constexpr std::size_t pool_size = std::size_t{1} << 16;
  static constexpr std::size_t longest = std::size_t{1} << 14; // what may be asked for

  std::string letters_;
  std::string words_;
  string_heap heap_;
  std::vector<channel> channels_;
  std::array<channel, num_hot_channels> hot_channels_;
};

/// `https://www.nexmark.com/.../item.htm?query=1&channel_id=` + this, for channel number `k`.
std::int64_t nexmark_channel_id(std::uint32_t k) noexcept;

} // namespace sluice::table::internal
