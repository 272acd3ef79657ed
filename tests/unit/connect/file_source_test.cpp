#include "sluice/connect/file/file_source.hpp"

#include "sluice/connect/file/csv_file.hpp"
#include "support/source_harness.hpp"

#include <boost/test/unit_test.hpp>

#include <sys/stat.h>

#include <algorithm>
#include <random>
#include <tuple>

namespace {

using namespace sluice;
using namespace sluice::testing;

using line = std::tuple<std::string, std::string>;
using lines = std::vector<std::string>;

/// Text that is full of what can go wrong with cutting CSV.
std::string random_csv(std::mt19937& random, int rows) {
  static const char* const pieces[] = {"a", "\"\"", "\n", ",", "\r\n", " ", "xyz", "\"\"\"\""};
  auto pick = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
  std::string out;
  for (int r = 0; r < rows; ++r) {
    for (int f = 0; f < 2; ++f) {
      if (f > 0) out += ',';
      if (pick(2) == 0) {
        out += '"';
        for (int n = pick(6); n > 0; --n) out += pieces[pick(8)];
        out += '"';
      } else {
        for (int n = pick(5); n > 0; --n) out += "ab 5'"[pick(5)];
        if (pick(8) == 0) out += "x\"y\"z"; // quotes that open nothing
      }
    }
    out += pick(3) == 0 ? "\r\n" : "\n";
    if (pick(10) == 0) out += "\n";
  }
  if (pick(2) == 0) out.pop_back();
  return out;
}

template <class T>
std::vector<source_split> discover(const source_ptr<T>& from) {
  return all_splits(*from);
}

/// Reads the splits one by one, each by a reader of its own.
template <class T>
std::vector<T> read_split_by_split(const source_ptr<T>& from, std::size_t max_records) {
  std::vector<T> all;
  for (auto& split : discover(from)) {
    reader_harness<T> harness(*from, {split});
    while (harness.step(all, max_records)) {}
  }
  return all;
}

BOOST_AUTO_TEST_SUITE(file_source)

BOOST_AUTO_TEST_CASE(lines_are_read_with_any_line_end_and_empty_ones_kept) {
  temporary_directory dir;
  auto path = dir.write("in.txt", "one\ntwo\r\n\nfour\r\n\r\nsix");
  BOOST_TEST(read_all(text_file_source(path)) == (lines{"one", "two", "", "four", "", "six"}),
             boost::test_tools::per_element());
  BOOST_TEST(read_all(text_file_source(dir.write("empty.txt", ""))).empty());
}

BOOST_AUTO_TEST_CASE(text_of_every_split_size_is_read_exactly_once) {
  temporary_directory dir;
  std::string content = "\xef\xbb\xbf"
                        "a\n\nbcd\r\nefghij\n\n\nk";
  auto path = dir.write("in.txt", content);
  lines expected{"a", "", "bcd", "efghij", "", "", "k"};
  for (std::uint64_t size = 1; size <= content.size() + 1; ++size) {
    file_source_options options;
    options.split_bytes = size;
    options.block_bytes = 3;
    BOOST_TEST(read_split_by_split(text_file_source(path, {}, options), 2) == expected,
               boost::test_tools::per_element());
  }
}

BOOST_AUTO_TEST_CASE(splits_of_big_files_are_handed_out_while_it_is_cut) {
  temporary_directory dir;
  std::string record = std::string(1000, 'x') + ",\"quoted\ntext\"\n";
  std::string content;
  while (content.size() < (std::size_t{150} << 20)) content += record;
  auto path = dir.write("in.csv", content);
  dir.write("small.csv", "a,b\n");
  auto source = csv_file_source<line>(dir.path().string());
  auto enumerator = source->make_enumerator(1);
  std::size_t splits = 0;
  int calls = 0;
  do {
    auto found = enumerator->discover();
    splits += found.size();
    // Others ask for the interval meanwhile: it tells of an end only when nothing is on its way.
    if (!enumerator->discovery_interval()) BOOST_TEST(found.empty());
    ++calls;
  } while (enumerator->discovery_interval());
  BOOST_TEST(calls >= 3);
  BOOST_TEST(splits == 6u); // five of 32 MiB, and the small file
}

BOOST_AUTO_TEST_CASE(csv_with_quoted_newlines_is_cut_right_at_every_size) {
  temporary_directory dir;
  for (unsigned seed = 1; seed <= 25; ++seed) {
    std::mt19937 random(seed);
    auto content = random_csv(random, 12);
    if (seed % 4 == 0) content = "\xef\xbb\xbf" + content;
    auto path = dir.write("in.csv", content);
    auto expected = read_all(csv_file_source<line>(path));
    for (std::uint64_t size = 1; size <= content.size(); ++size) {
      file_source_options options;
      options.split_bytes = size;
      options.block_bytes = 1 + random() % 70;
      auto got = read_split_by_split(csv_file_source<line>(path, {}, options), 1 + random() % 4);
      BOOST_REQUIRE_MESSAGE(got == expected, "seed " << seed << ", split size " << size);
    }
  }
}

BOOST_AUTO_TEST_CASE(big_random_csv_is_read_the_same_by_many_readers) {
  temporary_directory dir;
  for (unsigned seed = 1; seed <= 10; ++seed) {
    std::mt19937 random(seed);
    auto path = dir.write("in.csv", random_csv(random, 3000));
    auto expected = read_all(csv_file_source<line>(path));
    BOOST_TEST(expected.size() >= 2900);
    file_source_options options;
    options.split_bytes = 1 + random() % 20000;
    options.block_bytes = 1 + random() % 3000;
    auto got = read_split_by_split(csv_file_source<line>(path, {}, options), 100);
    BOOST_TEST(bool(got == expected), "seed " << seed);
  }
}

BOOST_AUTO_TEST_CASE(every_reader_knows_the_header) {
  temporary_directory dir;
  csv_options csv;
  csv.header = csv_header::by_name;
  csv.row_schema = {{"b", column_type::int64}};
  auto path = dir.write("in.csv", "a,\"b\"\r\nx,1\nx,2\nx,3\nx,4\n");
  for (std::uint64_t size : {1, 5, 9, 13}) {
    file_source_options options;
    options.split_bytes = size;
    options.block_bytes = 2;
    BOOST_TEST(to_text(read_split_by_split(csv_file_source<row>(path, csv, options), 10))
               == "[(1), (2), (3), (4)]");
  }
}

BOOST_AUTO_TEST_CASE(errors_in_later_splits_name_the_right_line) {
  temporary_directory dir;
  std::string content;
  for (int i = 0; i < 1000; ++i) content += "\"a\nb\",c\n";
  content += "bad\n";
  auto path = dir.write("in.csv", content);
  file_source_options options;
  options.split_bytes = 1000;
  options.block_bytes = 100;
  BOOST_CHECK_EXCEPTION(
    read_split_by_split(csv_file_source<line>(path, {}, options), 50), format_error,
    [&](auto& e) { return e.what() == path + ":2001: 1 columns instead of 2: bad"; });
}

BOOST_AUTO_TEST_CASE(diverted_records_name_the_right_lines_in_every_split) {
  temporary_directory dir;
  std::string content;
  for (int i = 0; i < 500; ++i) content += i % 7 == 3 ? "bad\n" : "\"a\nb\",c\n";
  auto path = dir.write("in.csv", content);
  lines places;
  csv_options csv;
  csv.errors = on_error::divert;
  csv.divert = [&](const bad_record& b) { places.push_back(b.place); };
  file_source_options options;
  options.split_bytes = 700;
  options.block_bytes = 90;
  read_split_by_split(csv_file_source<line>(path, csv, options), 5);
  lines expected;
  for (int i = 0, number = 1; i < 500; ++i) {
    if (i % 7 == 3) expected.push_back(path + ":" + std::to_string(number));
    number += i % 7 == 3 ? 1 : 2;
  }
  BOOST_TEST(places == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(diverted_records_are_handed_out_behind_each_poll_without_a_handler) {
  temporary_directory dir;
  auto path = dir.write("in.csv", "a,1\nbad\nb,2\n\"worse\n");
  csv_options csv;
  csv.errors = on_error::divert;
  csv.quoted_newlines = false;
  auto source = csv_file_source<line>(path, csv);
  BOOST_TEST(source->diverts_bad_records());
  reader_harness<line> reader(*source, source->make_enumerator(1)->discover());
  BOOST_TEST(reader.all().size() == 2u);
  std::vector<bad_record> bad;
  reader.reader().take_bad_records(bad);
  BOOST_REQUIRE(bad.size() == 2u);
  BOOST_TEST((bad[0] == bad_record{path + ":2", "bad", "1 columns instead of 2"}));
  BOOST_TEST(bad[1].place == path + ":4");
  bad.clear();
  reader.reader().take_bad_records(bad);
  BOOST_TEST(bad.empty());
}

BOOST_AUTO_TEST_CASE(reading_goes_on_exactly_from_a_snapshot_at_any_record) {
  temporary_directory dir;
  std::mt19937 random(7);
  auto path = dir.write("in.csv", random_csv(random, 40));
  file_source_options options;
  options.split_bytes = 100;
  options.block_bytes = 30;
  auto source = csv_file_source<line>(path, {}, options);
  auto expected = read_all(source);
  for (std::size_t stop = 0; stop <= expected.size(); ++stop) {
    std::vector<line> got;
    reader_harness<line> first(*source, discover(source));
    while (got.size() < stop) first.step(got, 1);
    auto splits = first.reader().snapshot();
    reader_harness<line> second(*source, splits);
    while (second.step(got, 3)) {}
    BOOST_TEST(bool(got == expected), "stopped after " << stop);
  }
}

BOOST_AUTO_TEST_CASE(directories_are_read_in_order_without_hidden_files) {
  temporary_directory dir;
  dir.write("b.txt", "2\n");
  dir.write("a.txt", "1\n");
  dir.write("sub/c.csv", "3\n");
  dir.write(".hidden", "no\n");
  dir.write("_SUCCESS", "no\n");
  dir.write(".staging/x.txt", "no\n");
  auto path = dir.path().string();
  BOOST_TEST(read_all(text_file_source(path)) == (lines{"1", "2", "3"}));
  file_source_options options;
  options.glob = "*.txt";
  BOOST_TEST(read_all(text_file_source(path, {}, options)) == (lines{"1", "2"}));
  options.glob = "sub/*.csv";
  BOOST_TEST(read_all(text_file_source(path, {}, options)) == (lines{"3"}));
  options = {};
  options.recursive = false;
  BOOST_TEST(read_all(text_file_source(path, {}, options)) == (lines{"1", "2"}));
}

BOOST_AUTO_TEST_CASE(a_monitored_directory_gives_each_new_file_once) {
  temporary_directory dir;
  dir.write("a.txt", "1\n");
  file_source_options options;
  options.monitor_interval = std::chrono::seconds(1);
  auto source = text_file_source(dir.path().string(), {}, options);
  BOOST_TEST(bool(source->bounded() == boundedness::unbounded));
  auto enumerator = source->make_enumerator(1);
  BOOST_TEST(bool(enumerator->discovery_interval() == std::chrono::seconds(1)));
  BOOST_TEST(enumerator->discover().size() == 1);
  BOOST_TEST(enumerator->discover().size() == 0);
  dir.write("b.txt", "2\n");
  BOOST_TEST(enumerator->discover().at(0).id == dir / "b.txt@0-end");
}

BOOST_AUTO_TEST_CASE(what_is_known_is_not_read_again_whatever_split_bytes_and_the_path_are_called) {
  temporary_directory dir;
  std::mt19937 random(7);
  auto content = random_csv(random, 200);
  auto name = std::filesystem::path(dir.write("in/data.csv", content));
  auto all = read_all(csv_file_source<line>(name.string()));
  auto other_name = (name.parent_path() / ".." / "in").string();
  for (std::uint64_t before : {1u, 50u, 300u, 100'000u}) {
    for (std::uint64_t after : {1u, 70u, 299u, 100'000u}) {
      BOOST_TEST_CONTEXT("split_bytes " << before << ", then " << after) {
        file_source_options options;
        options.split_bytes = before;
        auto splits = discover(csv_file_source<line>(name.string(), {}, options));
        auto taken = splits.size() / 2 + 1; // the job was stopped while the file was cut
        std::vector<line> got;
        std::vector<std::string> known;
        for (std::size_t i = 0; i < std::min(taken, splits.size()); ++i) {
          reader_harness<line> harness(*csv_file_source<line>(name.string()), {splits[i]});
          while (harness.step(got, 10)) {}
          known.push_back(splits[i].id);
        }
        options.split_bytes = after;
        auto resumed = csv_file_source<line>(other_name, {}, options);
        auto enumerator = resumed->make_enumerator(1);
        enumerator->restore(known);
        std::vector<source_split> rest;
        do {
          for (auto& split : enumerator->discover()) rest.push_back(split);
        } while (enumerator->discovery_interval());
        for (auto& split : rest) {
          reader_harness<line> harness(*resumed, {split});
          while (harness.step(got, 10)) {}
        }
        BOOST_TEST(bool(got == all));
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(a_directory_that_links_back_to_itself_is_read_once) {
  temporary_directory dir;
  dir.write("in/a.txt", "1\n");
  dir.write("in/sub/b.txt", "2\n");
  auto in = std::filesystem::path(dir / "in");
  std::filesystem::create_directory_symlink(".", in / "loop");
  std::filesystem::create_directory_symlink("..", in / "sub" / "up");
  dir.write("elsewhere/c.txt", "3\n");
  std::filesystem::create_directory_symlink("../elsewhere", in / "to");
  BOOST_TEST(read_all(text_file_source(in.string())) == (lines{"1", "2", "3"}));
}

BOOST_AUTO_TEST_CASE(what_is_no_file_is_refused) {
  temporary_directory dir;
  auto pipe = dir / "pipe";
  BOOST_REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
  for (auto& path : {pipe, std::string("/dev/null")})
    BOOST_CHECK_EXCEPTION(discover(text_file_source(path)), io_error, [&](auto& e) {
      return e.what()
             == "cannot read '" + path
                  + "': it is a pipe, a terminal or another device, not a file";
    });
}

BOOST_AUTO_TEST_CASE(a_missing_path_is_named) {
  temporary_directory dir;
  BOOST_CHECK_EXCEPTION(discover(text_file_source(dir / "none")), io_error, [&](auto& e) {
    return e.what() == "cannot read '" + (dir / "none") + "': No such file or directory";
  });
  auto path = dir.write("in.txt", "a\nb\n");
  auto source = text_file_source(path);
  auto splits = discover(source);
  std::filesystem::remove(path);
  reader_harness<std::string> harness(*source, splits);
  BOOST_CHECK_THROW(harness.all(), io_error);
}

BOOST_AUTO_TEST_CASE(a_file_that_becomes_shorter_is_an_error) {
  temporary_directory dir;
  auto path = dir.write("in.txt", "a\nb\nc\n");
  auto source = text_file_source(path);
  auto splits = discover(source);
  dir.write("in.txt", "a\n");
  reader_harness<std::string> harness(*source, splits);
  BOOST_CHECK_THROW(harness.all(), io_error);
}

BOOST_AUTO_TEST_CASE(a_line_of_100_megabytes_is_a_record) {
  temporary_directory dir;
  std::string big(100'000'000, 'x');
  auto path = dir.write("in.txt", "a\n" + big + "\nb\n");
  auto got = read_all(text_file_source(path));
  BOOST_REQUIRE(got.size() == 3);
  BOOST_TEST(bool(got[1] == big));
  BOOST_TEST(got[2] == "b");
  path = dir.write("in.csv", "a,b\n\"" + big + "\",c\nd,e\n");
  auto rows = read_all(csv_file_source<line>(path));
  BOOST_REQUIRE(rows.size() == 3);
  BOOST_TEST(std::get<0>(rows[1]).size() == big.size());
}

BOOST_AUTO_TEST_CASE(an_overlong_line_is_refused_with_its_place) {
  temporary_directory dir;
  text_options text;
  text.max_record_bytes = 10;
  file_source_options options;
  auto path = dir.write("in.txt", "a\n" + std::string(5000, 'x') + "\nb\n" + std::string(11, 'y'));
  for (std::size_t size : {1, 8, 100, 5000, 6000}) {
    options.block_bytes = size;
    text.errors = on_error::fail;
    BOOST_CHECK_EXCEPTION(
      read_all(text_file_source(path, text, options)), format_error, [&](auto& e) {
        return std::string(e.what()).starts_with(path + ":2: a record is longer than 10 bytes: x");
      });
    text.errors = on_error::skip;
    auto source = text_file_source(path, text, options);
    reader_harness<std::string> harness(*source, discover(source));
    BOOST_TEST(harness.all() == (lines{"a", "b"}));
    BOOST_TEST(harness.context.counted("records_skipped") == 2);
  }
}

BOOST_AUTO_TEST_CASE(bytes_pass_through_text_unharmed_unless_that_is_refused) {
  temporary_directory dir;
  auto path = dir.write("in.txt", "산간\n\xff\xfe\n");
  BOOST_TEST(read_all(text_file_source(path)) == (lines{"산간", "\xff\xfe"}));
  text_options text;
  text.utf8 = invalid_utf8::by_policy;
  BOOST_CHECK_EXCEPTION(read_all(text_file_source(path, text)), format_error, [&](auto& e) {
    return e.what() == path + ":2: invalid UTF-8 (byte 0xff at position 1): \\xff\\xfe";
  });
  text.utf8 = invalid_utf8::replace;
  BOOST_TEST(read_all(text_file_source(path, text)).at(1) == "\xef\xbf\xbd\xef\xbf\xbd");
}

BOOST_AUTO_TEST_CASE(a_reader_may_be_destroyed_while_reads_are_on_their_way) {
  temporary_directory dir;
  auto path = dir.write("in.txt", "a\nb\n");
  auto source = text_file_source(path);
  fake_io_context context;
  {
    auto reader = source->make_reader();
    reader->open(context);
    reader->add_splits(discover(source));
    typed_batch<std::string> out;
    reader->poll(out, 10);
    BOOST_TEST(context.num_waiting() > 0);
  }
  context.pump();
}

BOOST_AUTO_TEST_CASE(options_that_make_no_sense_are_refused_before_anything_runs) {
  file_source_options options;
  options.split_bytes = 0;
  BOOST_CHECK_THROW(text_file_source("x", {}, options)->validate(), plan_error);
  BOOST_CHECK_THROW(text_file_source("")->validate(), plan_error);
  csv_options csv;
  csv.delimiter = '"';
  BOOST_CHECK_THROW(csv_file_source<line>("x", csv)->validate(), plan_error);
  BOOST_CHECK_THROW(csv_file_source<row>("x")->validate(), plan_error);
  csv = {};
  csv.divert = [](const bad_record&) {};
  BOOST_CHECK_THROW(csv_file_source<line>("x", csv)->validate(), plan_error);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
