#include "sluice/io/generator_source.hpp"

#include <fmt/format.h>

namespace sluice::detail {

std::vector<source_split> split_numbers(std::optional<std::uint64_t> count,
                                        std::uint32_t parallelism) {
  std::vector<source_split> splits;
  for (std::uint64_t i = 0; i < parallelism; ++i) {
    number_range range{i, ~std::uint64_t{0}, parallelism};
    if (count) {
      auto bound = [&](std::uint64_t k) {
        return static_cast<std::uint64_t>(static_cast<uint128>(*count) * k / parallelism);
      };
      range = {bound(i), bound(i + 1), 1};
    }
    splits.push_back({fmt::format("numbers-{}", i), encode_range(range)});
  }
  return splits;
}

std::uint32_t split_index(const std::string& id) {
  return static_cast<std::uint32_t>(std::stoul(id.substr(id.rfind('-') + 1)));
}

std::string encode_range(const number_range& range) {
  byte_writer out;
  encode_value(out, range);
  return out.take();
}

number_range decode_range(std::string_view data) {
  byte_reader in(data);
  return decode_value<number_range>(in);
}

} // namespace sluice::detail
