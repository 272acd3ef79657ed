/// CSV and JSON of SQL tables under random input: never a crash, the same rows however the input is
/// cut into chunks and batches and whichever columns are read, and what is written reads back.
#include "sluice/connect/table/columnar_format.hpp"
#include "sluice/table/column/columnar_batch.hpp"

#include "fuzz/decode_chunks.hpp"
#include "fuzz/fuzz_driver.hpp"

#include <map>

namespace {

using namespace sluice;
using namespace sluice::testing;
using table::columnar_batch;

struct rows {
  std::vector<std::string> texts;
  std::size_t refused = 0;
  friend bool operator==(const rows&, const rows&) = default;
};

void expect(bool condition, const char* what) {
  if (!condition) throw std::logic_error(what);
}

struct table_format {
  const table::columnar_format* format;
  std::string prefix;
  table::table_options options;
  table::format_columns columns;

  table_format(const std::string& name, const std::string& fields,
               std::map<std::string, std::string> given)
    : format(&table::columnar_format_of(name, "fuzz", "format")), prefix(name + '.'),
      options("fuzz", std::move(given), format->definitions(prefix)) {
    auto type = table::data_type::parse("ROW<" + fields + ">");
    std::vector<table::data_type::field> list;
    for (std::size_t i = 0; i < type.children().size(); ++i)
      list.push_back({type.field_names()[i], type.children()[i]});
    columns = table::format_columns::all(std::move(list));
  }

  table::format_settings settings() const { return {"fuzz", &options, prefix}; }
};

/// `random` chooses the pieces; without it there is only one.
rows decode(const record_format& format, std::string_view text, std::mt19937_64* random) {
  struct counter : decode_sink {
    bool refuse(const record_error&) override {
      if (std::exchange(stop_next, false)) return false;
      ++refused;
      return true;
    }
    void fields_nulled(std::size_t) override {}
    std::size_t refused = 0;
    bool stop_next = false;
  } sink;
  rows result;
  auto decoder = format.make_decoder();
  decoder->begin({});
  columnar_batch out;
  std::size_t begin = 0;
  std::size_t end = 0;
  auto below = [&](std::size_t n) { return static_cast<std::size_t>((*random)() % n); };
  for (std::size_t rounds = 0; begin < text.size() || end < text.size(); ++rounds) {
    expect(rounds <= 20 * text.size() + 100, "the decoder does not get on");
    end = random ? std::min(text.size(), end + below(80)) : text.size();
    sink.stop_next = random && format.options().errors == on_error::fail && below(4) == 0;
    exact_copy chunk(text.substr(begin, end - begin));
    out.clear();
    auto taken
      = decoder->decode(chunk.view(), end == text.size(), out, random ? 1 + below(5) : 1000, sink);
    expect(taken.consumed <= end - begin, "more was consumed than there is");
    for (std::size_t i = 0; i < out.size(); ++i) result.texts.push_back(out.row_text(i));
    begin += taken.consumed;
  }
  result.refused = sink.refused;
  return result;
}

/// A line is read the same whatever lines were before it.
void check_lines(const record_format& format, const std::string& input) {
  auto whole = decode(format, input, nullptr);
  rows parts;
  for (std::size_t begin = 0; begin < input.size();) {
    auto end = std::min(input.find('\n', begin), input.size());
    auto part = decode(format, std::string_view(input).substr(begin, end - begin), nullptr);
    parts.texts.insert(parts.texts.end(), part.texts.begin(), part.texts.end());
    parts.refused += part.refused;
    begin = end + 1;
  }
  expect(whole == parts, "the lines before change how a line is read");
}

void check_messages(const record_format& format, std::string_view text) {
  struct ignoring : decode_sink {
    bool refuse(const record_error&) override { return true; }
    void fields_nulled(std::size_t) override {}
  } sink;
  exact_copy whole(text);
  std::vector<std::string_view> messages{whole.view(), {}, whole.view().substr(text.size() / 2)};
  auto decoder = format.make_decoder();
  decoder->begin({});
  columnar_batch out;
  std::vector<std::uint32_t> ends;
  decoder->decode_messages(messages, out, ends, sink);
  expect(ends.size() == 3 && ends[1] == ends[0] && ends[2] == out.size(), "messages lose rows");
}

void check_format(const table_format& f, const std::string& input, std::mt19937_64& random,
                  bool reads_back) {
  auto format = f.format->decoder(f.columns, f.settings());
  auto whole = decode(*format, input, nullptr);
  expect(whole == decode(*format, input, &random), "chunks change the rows");
  check_messages(*format, input);
  auto narrow = f.columns;
  narrow.wanted = {random() % f.columns.columns.size()};
  if (format->options().errors == on_error::null_field && f.prefix == "csv.")
    expect(decode(*f.format->decoder(narrow, f.settings()), input, nullptr).texts.size()
             == whole.texts.size(),
           "the columns that are read change the number of rows");
  if (!reads_back || whole.texts.empty() || whole.refused > 0) return;
  auto decoder = format->make_decoder();
  decoder->begin({});
  struct ignoring : decode_sink {
    bool refuse(const record_error&) override { return true; }
    void fields_nulled(std::size_t) override {}
  } sink;
  columnar_batch out;
  exact_copy bytes(input);
  decoder->decode(bytes.view(), true, out, 1000, sink);
  std::string written;
  f.format->encoder(f.columns, f.settings())->encode(out, 0, out.size(), written);
  auto again = decode(*format, written, nullptr);
  expect(again.refused == 0, "what is written is refused");
  expect(again.texts == whole.texts, "what is written does not read back");
}

void check(const std::string& input, std::mt19937_64& random) {
  static const char* const truth[] = {"false", "true"};
  std::map<std::string, std::string> csv{{"csv.ignore-parse-errors", truth[random() % 2]},
                                         {"csv.null-literal", "NIL"}};
  if (random() % 4 == 0) csv["csv.escape-character"] = "\\";
  if (random() % 4 == 0) csv["csv.allow-comments"] = "true";
  bool plain = csv.size() == 2;
  check_format(table_format("csv", "a STRING, b STRING", csv), input, random, plain);
  check_format(table_format("csv", "s STRING, i INT, d DOUBLE", csv), input, random, plain);
  check_format(table_format("csv", "a ARRAY<INT>, t TIMESTAMP(3), m DECIMAL(5, 2), b BOOLEAN", csv),
               input, random, false);
  std::map<std::string, std::string> json{{"json.ignore-parse-errors", truth[random() % 2]}};
  table_format flat("json", "name STRING, big BIGINT, flag BOOLEAN, x DOUBLE, n INT", json);
  check_format(flat, input, random, true);
  const std::string teacher = R"({"name":"t","big":1,"flag":false,"x":2.5,"n":3,"skip":"s"})"
                              "\n";
  check_lines(*flat.format->decoder(flat.columns, flat.settings()), teacher + input);
  check_format(table_format("json",
                            "one ROW<x DOUBLE, list ARRAY<TINYINT>>, many MAP<STRING, ROW<x INT>>, "
                            "t TIMESTAMP(3), name STRING",
                            json),
               input, random, true);
  check_format(table_format("raw", "line STRING", {}), input, random, false);
}

} // namespace

int main(int argc, char** argv) {
  std::vector<std::string> good{
    "name,12,1.5\n\"quoted, \"\"name\"\"\",,-2e10\r\nx,7,0\n",
    "a,b\n\"multi\nline\",\"\"\n\"\r\n\",\"\"\"\"\n\n\n,\nNIL,\"NIL\"\n",
    "5\" disk,6\" disk\n# comment, \"\n a\\,b,c\nlast,\"line",
    "1;2;x,2024-01-02 03:04:05.5,12.345,true\n;,2024-02-30 00:00:00,99999,no\n",
    R"({"name":"a\"b\u00e4","big":123,"flag":true,"x":1.5,"t":"2024-01-02 03:04:05"})"
    "\n",
    R"({"one":{"x":1,"list":[1,null,300]},"many":{"k":{"x":2},"l":null},"name":{"a":[1, 2]}})"
    "\n"
    R"([{"name":"r1"},{"name":2,"big":"7"}])"
    "\n{}\n",
    R"({"name":"xyz","big":123,"flag":true,"x":-1.25,"n":-7,"skip":"s"})"
    "\n"
    R"({"name":"","big":-1,"flag":null,"x":10,"n":2147483648,"skip":null})"
    "\n",
    R"({"name":"\u00e4","big":0,"flag":false,"x":0.1,"n":0,"skip":1.5})"
    "\n"
    R"({"name":"longer than twelve bytes","big":1234567890123456789,"flag":true,"x":1e5,"n":1,"skip":true})"
    "\n",
    R"({"name":"x","name":"y","unknown":[[{"a":"]}"}]],"big":1e3})"
    "\nnot json\n\xff\n",
  };
  return run_fuzzer(argc, argv, good, "\",\n\r \"0a-.{}[]:\\;#tn", check);
}
