#include "sluice/connect/table/internal/nexmark_texts.hpp"

#include <cstdlib>

namespace sluice::table::internal {

namespace {

constexpr std::array<std::string_view, nexmark_texts::num_hot_channels> hot_names{
  "Google", "Facebook", "Baidu", "Apple"};

std::string random_word(random_bits& random, std::size_t most, char special) {
  std::string text(3 + random.below(most - 3), '\0');
  for (auto& c : text)
    c = random.below(13) == 0 ? special : static_cast<char>('a' + random.below(26));
  return text;
}

std::string base_url(random_bits& random) {
  std::string url = "https://www.nexmark.com/";
  for (int i = 0; i < 3; ++i) url += random_word(random, 5, '_') + '/';
  return url + "item.htm?query=1";
}

} // namespace

std::int64_t nexmark_channel_id(std::uint32_t k) noexcept {
  std::uint32_t reversed = 0;
  for (int i = 0; i < 32; ++i, k >>= 1) reversed = reversed << 1 | (k & 1);
  return std::abs(std::int64_t{static_cast<std::int32_t>(reversed)});
}

const nexmark_texts& nexmark_texts::get() {
  static const nexmark_texts texts;
  return texts;
}

nexmark_texts::nexmark_texts() {
  random_bits random(0x6e65786d61726bull, 0);
  letters_.resize(pool_size + longest);
  for (auto& c : letters_) c = static_cast<char>('a' + random.below(26));
  words_.resize(pool_size + longest);
  for (auto& c : words_)
    c = random.below(13) == 0 ? ' ' : static_cast<char>('a' + random.below(26));
  for (std::size_t k = 0; k < num_channels; ++k) {
    auto url = base_url(random);
    if (random.below(10) > 0)
      url += "&channel_id=" + std::to_string(nexmark_channel_id(static_cast<std::uint32_t>(k)));
    channels_.push_back({heap_.add("channel-" + std::to_string(k)), heap_.add(url)});
  }
  for (std::size_t k = 0; k < num_hot_channels; ++k)
    hot_channels_[k] = {heap_.add(hot_names[k]), heap_.add(base_url(random))};
}

string_ref nexmark_texts::words(random_bits& random, std::size_t most) const {
  auto length = 3 + random.below(most - 3);
  auto text = std::string_view(words_).substr(random.below(pool_size), length);
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return string_ref(text);
}

} // namespace sluice::table::internal
