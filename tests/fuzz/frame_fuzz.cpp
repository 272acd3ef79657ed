/// What comes over a connection under random input: never a crash, never more memory than was sent,
/// the same frames however they arrive, and no changed frame passes for a good one.
#include "sluice/net/frame.hpp"

#include "fuzz/fuzz_driver.hpp"

#include <algorithm>
#include <memory>

namespace {

using namespace sluice;
using namespace sluice::net;
using namespace sluice::testing;

constexpr std::size_t limit = 4096;

using record = std::tuple<std::int64_t, std::string, std::optional<double>>;

void expect(bool condition, const char* what) {
  if (!condition) throw std::logic_error(what);
}

std::string frame_of(const std::string& payload, compression how, frame_type type) {
  auto out = begin_frame({});
  out.append(payload.data(), payload.size());
  return finish_frame(std::move(out), type, how);
}

/// A copy of exactly its size, so that the address sanitizer sees each byte read beyond.
std::unique_ptr<char[]> exact(std::string_view bytes) {
  auto memory = std::make_unique<char[]>(bytes.size());
  std::copy(bytes.begin(), bytes.end(), memory.get());
  return memory;
}

/// Payloads of good frames have their checksums; those that mean nothing must not harm either.
void decode_payload(frame_type type, std::string_view payload) {
  auto memory = exact(payload);
  byte_reader in({memory.get(), payload.size()});
  try {
    in.raw<std::uint32_t>();
    if (type == frame_type::open) decode_open(in);
    if (type == frame_type::credit) decode_credit(in);
    if (type == frame_type::element) {
      auto e = decode_element(in);
      if (e.kind != runtime::channel_element::type::records) return;
      typed_batch<record> b;
      b.decode(in);
      expect_end(in);
    }
  } catch (const format_error&) { // NOLINT(bugprone-empty-catch): the peer is refused
  }
}

struct seen {
  std::vector<std::pair<frame_type, std::string>> frames;
  bool refused = false;

  friend bool operator==(const seen&, const seen&) = default;
};

/// As a connection does, in pieces of random size if `random` is there.
seen read_all(const std::string& stream, std::mt19937_64* random) {
  seen result;
  frame_reader reader(limit);
  std::size_t begin = 0;
  std::size_t end = random ? 0 : stream.size();
  try {
    while (true) {
      auto bytes = std::string_view(stream).substr(begin, end - begin);
      auto memory = exact(bytes);
      if (auto f = reader.next({memory.get(), bytes.size()})) {
        result.frames.emplace_back(f->type, std::string(f->payload));
        begin += reader.consumed();
        continue;
      }
      expect(reader.wanted() > bytes.size(), "the reader waits for what it has");
      expect(reader.wanted() <= limit + frame_header::wire_size, "the reader wants too much");
      if (end == stream.size()) return result;
      end = std::min(stream.size(), end + 1 + (*random)() % 60);
    }
  } catch (const format_error&) {
    result.refused = true;
  }
  return result;
}

std::string element_payload() {
  auto records = std::make_unique<typed_batch<record>>();
  auto& b = *records;
  b.push_back(record{1, "one", 1.5});
  b.push_back(record{-7, "a longer text than fits a small string", std::nullopt});
  runtime::channel_element e;
  e.records = runtime::batch_box(std::move(records));
  byte_writer out;
  encode_element(out, 3, e);
  return out.take();
}

} // namespace

int main(int argc, char** argv) {
  std::vector<std::pair<frame_type, std::string>> payloads;
  payloads.emplace_back(frame_type::element, element_payload());
  runtime::channel_element mark;
  mark.kind = runtime::channel_element::type::barrier;
  mark.mark.id = 5;
  byte_writer barrier;
  encode_element(barrier, 3, mark);
  payloads.emplace_back(frame_type::element, barrier.take());
  byte_writer opening;
  encode_open(opening, 3, {1, 2, {3, 4}, 5, {6, 7}, 8});
  payloads.emplace_back(frame_type::open, opening.take());
  runtime::credit_msg credit_of_two;
  credit_of_two.batches = 2;
  byte_writer credit;
  encode_credit(credit, 3, credit_of_two);
  payloads.emplace_back(frame_type::credit, credit.take());
  payloads.emplace_back(frame_type::element, std::string(600, 'x'));
  payloads.emplace_back(frame_type::ping, "");

  std::vector<std::string> good;
  for (auto how : {compression::none, compression::lz4, compression::zstd}) {
    std::string stream;
    for (auto& [type, payload] : payloads) {
      stream += frame_of(payload, how, type);
      good.push_back(stream);
    }
  }
  auto check = [&](const std::string& input, std::mt19937_64& random) {
    auto whole = read_all(input, nullptr);
    expect(whole == read_all(input, &random), "pieces change the frames");
    for (auto& f : whole.frames)
      expect(std::find(payloads.begin(), payloads.end(), f) != payloads.end(),
             "a frame that nobody sent was taken for good");
    // The same damage behind a good checksum.
    auto& [type, payload] = payloads[random() % payloads.size()];
    decode_payload(type, mutate(payload, std::string_view("\0\1\2\xff", 4), random));
    auto how = random() % 2 == 0 ? compression::lz4 : compression::zstd;
    auto wire = frame_of(mutate(payload, "x", random), how, type);
    frame_reader reader(limit);
    expect(reader.next(wire).has_value(), "a good frame was refused");
  };
  return run_fuzzer(argc, argv, good, std::string_view("\0\1\2\x18\xff", 5), check);
}
