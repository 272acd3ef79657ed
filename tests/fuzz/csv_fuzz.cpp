/// CSV under random input: never a crash, the same records however the input is cut into chunks and
/// splits, the same by SIMD and by portable code, and what is written reads back.
#include "sluice/connect/format/csv.hpp"
#include "sluice/connect/format/detail/byte_kernels.hpp"
#include "sluice/connect/format/record_scan.hpp"

#include "fuzz/decode_chunks.hpp"
#include "fuzz/fuzz_driver.hpp"

namespace {

using namespace sluice;
using namespace sluice::testing;

using record = std::tuple<std::string, std::optional<std::int32_t>, double>;
using texts = std::tuple<std::string, std::string>;

void expect(bool condition, const char* what) {
  if (!condition) throw std::logic_error(what);
}

template <class T>
void check_chunks(const csv_options& options, const std::string& input, std::mt19937_64& random) {
  auto format = make_csv_format<T>(options);
  auto whole = decode_all<T>(*format, input, nullptr);
  auto pieces = decode_all<T>(*format, input, &random);
  expect(whole.records == pieces.records, "chunks change the records");
  expect(whole.refused.size() == pieces.refused.size(), "chunks change what is refused");
  // Of an overlong record, only what was there when the limit was passed is shown.
  if (options.max_record_bytes > input.size())
    expect(whole.refused == pieces.refused, "chunks change the text of what is refused");
}

/// Cutting at the ends that the scanner finds must not change anything.
void check_cuts(const csv_options& options, const std::string& input, std::mt19937_64& random) {
  auto format = make_csv_format<texts>(options);
  auto whole = decode_all<texts>(*format, input, nullptr);
  decoded<texts> parts;
  record_scanner scanner(format->layout());
  std::size_t begin = 0;
  while (begin < input.size()) {
    auto skip = std::min(static_cast<std::size_t>(random() % 60), input.size() - begin);
    auto rest = std::string_view(input).substr(begin);
    if (format->layout().quoted_newlines)
      scanner.skip(rest.substr(0, skip));
    else
      skip = 0;
    auto found = scanner.find_end(rest.substr(skip));
    auto size = found == std::string_view::npos ? rest.size() : skip + found;
    auto part = decode_all<texts>(*format, rest.substr(0, size), nullptr);
    parts.records.insert(parts.records.end(), part.records.begin(), part.records.end());
    parts.refused.insert(parts.refused.end(), part.refused.begin(), part.refused.end());
    begin += size;
  }
  expect(whole == parts, "cutting at record ends changes the records");
}

void check_kernels(const std::string& input) {
  exact_copy bytes(input);
  auto text = bytes.view();
  detail::csv_index fast;
  detail::kernels().index_csv(fast, text.data(), text.size(), ',', '"', 1'000'000);
  for (const auto* kernels : detail::all_kernels()) {
    detail::csv_index slow;
    kernels->index_csv(slow, text.data(), text.size(), ',', '"', 1'000'000);
    expect(fast.num_ends == slow.num_ends && fast.num_rows == slow.num_rows
             && std::equal(fast.ends.begin(), fast.ends.begin() + fast.num_ends, slow.ends.begin())
             && std::equal(fast.rows.begin(), fast.rows.begin() + fast.num_rows, slow.rows.begin())
             && fast.odd_quotes == slow.odd_quotes && fast.closed == slow.closed,
           "kernels differ");
    detail::quote_state state;
    bool stopped = false;
    kernels->move_quotes(state, text.data(), text.size(), ',', '"', false, stopped);
    expect(state.inside == fast.state.inside && state.can_open == fast.state.can_open,
           "the state behind the quotes differs");
  }
  // The rules once more, byte by byte.
  bool inside = false;
  bool can_open = true;
  bool odd = false;
  std::size_t ends = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '"') {
      if (inside) {
        inside = false;
        can_open = true;
        auto rest = text.substr(i + 1);
        odd |= !(rest.empty() || rest == "\r" || rest.starts_with("\r\n")
                 || std::string_view(",\n\"").find(rest[0]) != std::string_view::npos);
      } else if (can_open) {
        inside = true;
      } else {
        odd = true;
      }
    } else if (!inside) {
      can_open = text[i] == ',' || text[i] == '\n';
      if (can_open) expect(ends < fast.num_ends && fast.ends[ends++] == i, "an end is not found");
    }
  }
  expect(ends == fast.num_ends, "an end is found where there is none");
  expect(odd == fast.odd_quotes, "odd quotes are not told of");
}

template <class T>
void check_round_trip(const csv_options& options, const std::string& input) {
  auto decoded_once = decode_all<T>(*make_csv_format<T>(options), input, nullptr);
  typed_batch<T> batch;
  for (auto& r : decoded_once.records) batch.push_back(r);
  std::string written;
  make_csv_encoder<T>(options)->encode(batch, 0, batch.size(), written);
  auto again = decode_all<T>(*make_csv_format<T>(options), written, nullptr);
  expect(again.records == decoded_once.records, "what is written does not read back");
  expect(again.refused.empty(), "what is written is refused");
}

void check(const std::string& input, std::mt19937_64& random) {
  csv_options options;
  options.errors = random() % 2 == 0 ? on_error::skip : on_error::null_field;
  options.utf8 = static_cast<invalid_utf8>(random() % 3);
  options.quoted_newlines = random() % 2 == 0;
  if (random() % 4 == 0) options.max_record_bytes = 1 + random() % 100;
  check_kernels(input);
  check_chunks<record>(options, input, random);
  check_chunks<texts>(options, input, random);
  options.max_record_bytes = 1 << 20;
  check_chunks<texts>(options, input, random);
  check_cuts(options, input, random);
  options.quoted_newlines = true;
  check_round_trip<texts>(options, input);
  check_round_trip<std::tuple<std::optional<std::int64_t>>>(options, input);
  options.row_schema = {
    {"text", column_type::string}, {"number", column_type::int64}, {"flag", column_type::boolean}};
  check_round_trip<row>(options, input);
  options.null_literal = "a";
  check_round_trip<row>(options, input);
}

} // namespace

int main(int argc, char** argv) {
  std::vector<std::string> good{
    "name,12,1.5\n\"quoted, \"\"name\"\"\",,-2e10\r\nx,7,0\n",
    "a,b\n\"multi\nline\",\"\"\n\"\r\n\",\"\"\"\"\n\n\n,\n",
    "5\" disk,6\" disk\n\"a\"b,c\nlast,\"line",
    "산간,지역\n\xff,\xe2\x82\n",
    std::string(150, 'x') + ",\"" + std::string(70, '\n') + "\"\nshort,row\n",
    "a,1,true\n,,\n\"\",\"\",\"\"\na,a,a\n\"a\",0,0\n7\n\"\"\n",
    "\"\",\"\"\n\"\"\"\",\"\"\"\"\"\"\n",
  };
  return run_fuzzer(argc, argv, good, "\",\n\r \"0a-.", check);
}
