/// Decodes a text in pieces of random size, as a reader would.
#pragma once

#include "sluice/connect/format/record_format.hpp"

#include <memory>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

namespace sluice::testing {

template <class T>
struct decoded {
  std::vector<T> records;
  std::vector<std::string> refused; ///< texts of the records that were refused

  friend bool operator==(const decoded&, const decoded&) = default;
};

/// Bytes in a heap block of exactly their size and the padding that decoders may read, so that the
/// address sanitizer sees every byte read beyond.
class exact_copy {
public:
  explicit exact_copy(std::string_view bytes) : size_(bytes.size()), memory_(new char[size_ + 64]) {
    bytes.copy(memory_.get(), size_);
    std::fill_n(memory_.get() + size_, 64, '\n');
  }
  std::string_view view() const noexcept { return {memory_.get(), size_}; }

private:
  std::size_t size_;
  std::unique_ptr<char[]> memory_;
};

/// `random` chooses the pieces; without it there is only one.
template <class T>
decoded<T> decode_all(const record_format& format, std::string_view text, std::mt19937_64* random) {
  struct collector : decode_sink {
    explicit collector(decoded<T>& d) : result(d) {}
    bool refuse(const record_error& error) override {
      if (stop_next) {
        stop_next = false;
        return false;
      }
      result.refused.emplace_back(error.text);
      return true;
    }
    void fields_nulled(std::size_t) override {}
    decoded<T>& result;
    bool stop_next = false;
  };
  decoded<T> result;
  collector sink(result);
  auto decoder = format.make_decoder();
  decoder->begin({});
  typed_batch<T> out;
  std::size_t begin = 0;
  std::size_t end = 0;
  auto below = [&](std::size_t n) { return static_cast<std::size_t>((*random)() % n); };
  for (std::size_t rounds = 0; begin < text.size() || end < text.size(); ++rounds) {
    if (rounds > 20 * text.size() + 100) throw std::logic_error("the decoder does not get on");
    end = random ? std::min(text.size(), end + below(80)) : text.size();
    sink.stop_next = random && below(4) == 0;
    exact_copy chunk(text.substr(begin, end - begin));
    out.clear();
    auto taken
      = decoder->decode(chunk.view(), end == text.size(), out, random ? 1 + below(5) : 1000, sink);
    if (taken.consumed > end - begin) throw std::logic_error("more was consumed than there is");
    for (auto& record : out) result.records.push_back(record);
    begin += taken.consumed;
  }
  return result;
}

} // namespace sluice::testing
