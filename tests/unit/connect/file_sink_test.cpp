#include "sluice/connect/file/file_sink.hpp"

#include "sluice/connect/file/csv_file.hpp"
#include "support/source_harness.hpp"

#include <boost/describe.hpp>
#include <boost/test/unit_test.hpp>

#include <sys/mount.h>
#include <sys/stat.h>

#include <algorithm>
#include <map>
#include <set>

namespace {

using namespace sluice;
using namespace sluice::testing;
namespace fs = std::filesystem;

struct total {
  std::string category;
  double sum = 0;
};
BOOST_DESCRIBE_STRUCT(total, (), (category, sum))

/// Files below a directory, by path relative to it.
std::map<std::string, std::string> files_in(const fs::path& directory, bool hidden) {
  std::map<std::string, std::string> files;
  for (auto& entry : fs::recursive_directory_iterator(directory))
    if (entry.is_regular_file() && entry.path().filename().string().starts_with('.') == hidden)
      files[fs::relative(entry.path(), directory).string()] = read_file(entry.path());
  return files;
}

std::string all_text(const fs::path& directory) {
  std::multiset<std::string> contents;
  for (auto& [name, text] : files_in(directory, false)) contents.insert(text);
  std::string all;
  for (auto& text : contents) all += text;
  return all;
}

/// A writer driven by hand. Its blocking work runs in `pump()` and where the runtime would wait.
template <class T>
class writer_harness {
public:
  explicit writer_harness(const sink_ptr<T>& to, std::vector<std::string> states = {},
                          std::uint32_t subtask = 0, std::uint32_t parallelism = 1)
    : context(subtask, parallelism), writer_(to->make_writer()) {
    to->validate();
    writer_->open(context, states);
    context.pump();
  }

  void write(std::vector<T> records) {
    typed_batch<T> batch;
    for (auto& r : records) batch.push_back(std::move(r));
    writer_->write(batch);
  }

  writer_snapshot prepare(bool end = false) {
    auto work = writer_->prepare_commit(++checkpoint_, end);
    context.pump();
    return work ? work() : writer_snapshot{};
  }

  void commit(const writer_snapshot& snapshot) { writer_->commit(snapshot.committables); }

  void end() { commit(prepare(true)); }

  sink_writer& writer() { return *writer_; }

  fake_io_context context;

private:
  std::unique_ptr<sink_writer> writer_;
  std::uint64_t checkpoint_ = 0;
};

template <class F>
std::string message_of(F f) {
  try {
    f();
  } catch (const std::exception& e) {
    return e.what();
  }
  return "nothing thrown";
}

BOOST_AUTO_TEST_SUITE(file_sink)

BOOST_AUTO_TEST_CASE(files_are_hidden_until_they_are_committed) {
  temporary_directory dir;
  writer_harness<std::string> writer(text_file_sink(dir / "out"), {}, 3, 4);
  writer.write({"Hello", "Flink"});
  writer.write({"World"});
  auto snapshot = writer.prepare(true);
  BOOST_TEST(files_in(dir / "out", false).empty());
  BOOST_TEST(files_in(dir / "out", true).size() == 1);
  writer.commit(snapshot);
  BOOST_TEST(files_in(dir / "out", true).empty());
  auto files = files_in(dir / "out", false);
  BOOST_REQUIRE(files.size() == 1);
  auto& [name, text] = *files.begin();
  BOOST_TEST(text == "Hello\nFlink\nWorld\n");
  BOOST_TEST(name.starts_with("part-"));
  BOOST_TEST(name.ends_with("-3-0"));
}

BOOST_AUTO_TEST_CASE(a_checkpoint_finishes_the_open_file) {
  temporary_directory dir;
  writer_harness<std::string> writer(text_file_sink(dir / "out"));
  writer.write({"a"});
  auto first = writer.prepare();
  writer.write({"b"});
  auto second = writer.prepare();
  auto third = writer.prepare(true);
  writer.commit(first);
  BOOST_TEST(all_text(dir / "out") == "a\n");
  writer.commit(second);
  writer.commit(third);
  BOOST_TEST(all_text(dir / "out") == "a\nb\n");
}

BOOST_AUTO_TEST_CASE(files_of_an_aborted_checkpoint_come_with_the_next_one) {
  temporary_directory dir;
  writer_harness<std::string> writer(text_file_sink(dir / "out"));
  writer.write({"a"});
  writer.prepare(); // never complete
  writer.write({"b"});
  writer.commit(writer.prepare());
  BOOST_TEST(all_text(dir / "out") == "a\nb\n");
  BOOST_TEST(writer.prepare().committables.empty());
}

BOOST_AUTO_TEST_CASE(committing_again_changes_nothing_and_missing_data_is_loud) {
  temporary_directory dir;
  writer_harness<std::string> writer(text_file_sink(dir / "out"));
  writer.write({"a"});
  auto snapshot = writer.prepare();
  writer.commit(snapshot);
  writer.commit(snapshot);
  writer_harness<std::string> other(text_file_sink(dir / "out"), {snapshot.state});
  other.commit(snapshot);
  BOOST_TEST(all_text(dir / "out") == "a\n");
  for (auto& [name, text] : files_in(dir / "out", false)) fs::remove(dir.path() / "out" / name);
  auto text = message_of([&] { other.commit(snapshot); });
  BOOST_TEST(text.starts_with("cannot commit '" + (dir / "out/part-")));
  BOOST_TEST(text.find("output of a complete checkpoint is missing") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(recovery_keeps_what_the_checkpoint_knows_and_removes_the_rest) {
  temporary_directory dir;
  auto sink = text_file_sink(dir / "out");
  writer_snapshot snapshot;
  std::vector<std::pair<fs::path, std::string>> left;
  {
    writer_harness<std::string> crashed(sink);
    crashed.write({"a"});
    snapshot = crashed.prepare();
    crashed.write({"b"});
    crashed.prepare();
    crashed.write({std::string(400'000, 'c')});
    crashed.context.pump();
    for (auto& [name, text] : files_in(dir / "out", true))
      left.emplace_back(dir.path() / "out" / name, text);
  }
  // As kill -9 leaves it: nothing was cleaned.
  for (auto& [path, text] : left) std::ofstream(path, std::ios::binary) << text;
  dir.write("out/.part-x-0-0.inprogress.of-another-job", "not ours");
  BOOST_TEST(files_in(dir / "out", true).size() == 4);
  writer_harness<std::string> recovered(sink, {snapshot.state});
  BOOST_TEST(files_in(dir / "out", true).size() == 2);
  recovered.commit(snapshot);
  recovered.write({"b"});
  recovered.end();
  BOOST_TEST(all_text(dir / "out") == "a\nb\n");
  BOOST_TEST(files_in(dir / "out", true).size() == 1);
}

BOOST_AUTO_TEST_CASE(a_second_recovery_cleans_up_after_the_first) {
  temporary_directory dir;
  auto sink = text_file_sink(dir / "out");
  writer_harness<std::string> first(sink);
  first.write({"a"});
  auto snapshot = first.prepare();
  first.commit(snapshot);
  std::string leftover;
  {
    writer_harness<std::string> second(sink, {snapshot.state});
    second.write({"x"});
    second.prepare();
    leftover = files_in(dir / "out", true).begin()->first;
  }
  BOOST_TEST(files_in(dir / "out", true).count(leftover) == 1);
  writer_harness<std::string> third(sink, {snapshot.state});
  BOOST_TEST(files_in(dir / "out", true).empty());
  third.write({"b"});
  third.end();
  BOOST_TEST(all_text(dir / "out") == "a\nb\n");
}

BOOST_AUTO_TEST_CASE(an_attempt_that_ends_removes_what_no_checkpoint_knows) {
  temporary_directory dir;
  {
    writer_harness<std::string> writer(text_file_sink(dir / "out"));
    writer.write({std::string(400'000, 'x')});
    writer.context.pump();
    BOOST_TEST(files_in(dir / "out", true).size() == 1);
  }
  BOOST_TEST(files_in(dir / "out", true).empty());
}

BOOST_AUTO_TEST_CASE(files_roll_by_size_age_and_bucket) {
  temporary_directory dir;
  file_sink_options options;
  options.max_part_bytes = 10;
  options.bucket = "yyyy-MM-dd--HH";
  options.suffix = ".txt";
  writer_harness<std::string> writer(text_file_sink(dir / "out", options));
  writer.context.time.set(1'700'000'000'000'000); // 2023-11-14 22:13:20
  writer.write({"123456789"});
  writer.write({"a"});
  writer.context.time.advance(std::chrono::minutes(31));
  writer.write({"b"});
  writer.context.time.advance(std::chrono::hours(1));
  writer.write({"c"});
  writer.end();
  std::multimap<std::string, std::string> by_bucket;
  for (auto& [name, text] : files_in(dir / "out", false)) {
    BOOST_TEST(name.ends_with(".txt"));
    by_bucket.emplace(fs::path(name).parent_path().string(), text);
  }
  BOOST_TEST(by_bucket.count("2023-11-14--22") == 3);
  BOOST_TEST(by_bucket.count("2023-11-14--23") == 1);
  BOOST_TEST(files_in(dir / "out", true).empty());
}

BOOST_AUTO_TEST_CASE(a_header_begins_every_csv_file) {
  temporary_directory dir;
  csv_options csv;
  csv.write_header = true;
  writer_harness<total> writer(csv_file_sink<total>(dir / "out", csv));
  writer.write({{"Toys, big", 1.5}});
  writer.prepare();
  writer.write({{"Furniture", 2}});
  writer.end();
  BOOST_TEST(all_text(dir / "out")
             == "category,sum\n\"Toys, big\",1.5\ncategory,sum\nFurniture,2.0\n");
}

BOOST_AUTO_TEST_CASE(a_writer_is_not_ready_while_too_many_blocks_wait) {
  temporary_directory dir;
  file_sink_options options;
  options.block_bytes = 10;
  options.max_waiting_blocks = 3;
  writer_harness<std::string> writer(text_file_sink(dir / "out", options));
  for (int i = 0; i < 3; ++i) {
    BOOST_TEST(writer.writer().ready());
    writer.write({"0123456789"});
  }
  BOOST_TEST(!writer.writer().ready());
  auto wakeups = writer.context.wakeups();
  writer.context.pump();
  BOOST_TEST(writer.writer().ready());
  BOOST_TEST(writer.context.wakeups() == wakeups + 1);
}

BOOST_AUTO_TEST_CASE(one_file_appears_when_the_input_has_ended) {
  temporary_directory dir;
  csv_options csv;
  csv.write_header = true;
  auto sink = csv_single_file_sink<total>(dir / "out.csv", csv);
  dir.write("out.csv", "old");
  writer_harness<total> writer(sink);
  writer.write({{"a", 1}});
  auto first = writer.prepare();
  BOOST_TEST(first.committables.empty());
  writer.write({{"b", 2}});
  auto last = writer.prepare(true);
  BOOST_TEST(read_file(dir / "out.csv") == "old");
  writer.commit(last);
  writer.commit(last);
  BOOST_TEST(read_file(dir / "out.csv") == "category,sum\na,1.0\nb,2.0\n");
  BOOST_TEST(files_in(dir.path(), true).empty());
}

BOOST_AUTO_TEST_CASE(one_file_goes_on_from_a_checkpoint) {
  temporary_directory dir;
  auto sink = csv_single_file_sink<total>(dir / "out.csv");
  writer_snapshot snapshot;
  {
    writer_harness<total> crashed(sink);
    crashed.write({{"a", 1}});
    snapshot = crashed.prepare();
    crashed.write({{"lost", 1}});
    crashed.prepare();
  }
  writer_harness<total> recovered(sink, {snapshot.state});
  recovered.write({{"b", 2}});
  auto last = recovered.prepare(true);
  recovered.commit(last);
  BOOST_TEST(read_file(dir / "out.csv") == "a,1.0\nb,2.0\n");
  writer_harness<total> after_the_end(sink, {last.state});
  after_the_end.commit(last);
  BOOST_TEST(after_the_end.prepare(true).committables.empty());
}

BOOST_AUTO_TEST_CASE(one_file_takes_the_place_of_files_only_and_follows_links) {
  temporary_directory dir;
  dir.write("target.csv", "old");
  std::filesystem::create_symlink("target.csv", dir / "link.csv");
  {
    writer_harness<total> writer(csv_single_file_sink<total>(dir / "link.csv"));
    writer.write({{"a", 1}});
    writer.commit(writer.prepare(true));
  }
  BOOST_TEST(std::filesystem::is_symlink(dir / "link.csv"));
  BOOST_TEST(read_file(dir / "target.csv") == "a,1.0\n");
  auto pipe = dir / "pipe";
  BOOST_REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
  BOOST_CHECK_EXCEPTION(writer_harness<total>(csv_single_file_sink<total>(pipe)), io_error,
                        [&](auto& e) {
                          return std::string_view(e.what()).starts_with("cannot write '" + pipe
                                                                        + "': it is not a file");
                        });
  BOOST_TEST(std::filesystem::is_fifo(pipe));
}

BOOST_AUTO_TEST_CASE(one_file_has_one_writer) {
  BOOST_TEST(csv_single_file_sink<total>("out.csv")->fixed_parallelism().value() == 1u);
  BOOST_TEST(!csv_file_sink<total>("out")->fixed_parallelism().has_value());
}

BOOST_AUTO_TEST_CASE(an_open_file_asks_to_be_finished_when_it_gets_old_though_nothing_comes) {
  temporary_directory dir;
  file_sink_options options;
  options.rollover_interval = std::chrono::minutes(5);
  writer_harness<std::string> writer(text_file_sink(dir / "out", options));
  auto now = timestamp{1'700'000'000'000'000};
  writer.context.time.set(now);
  BOOST_TEST(!writer.writer().flush_due().has_value());
  writer.write({"a"});
  auto due = writer.writer().flush_due();
  BOOST_REQUIRE(due.has_value());
  BOOST_TEST(*due == now + 300'000'000);
  writer.writer().flush();
  BOOST_TEST(*writer.writer().flush_due() == *due);
  writer.context.time.set(*due);
  writer.writer().flush();
  BOOST_TEST(!writer.writer().flush_due().has_value());
  writer.context.pump();
  BOOST_TEST(files_in(dir / "out", true).size() == 1u);
  writer.write({"b"}); // into another file
  writer.end();
  BOOST_TEST(files_in(dir / "out", false).size() == 2u);
}

BOOST_AUTO_TEST_CASE(the_file_of_a_bucket_asks_to_be_finished_when_the_bucket_may_be_over) {
  temporary_directory dir;
  file_sink_options options;
  options.bucket = "yyyy-MM-dd--HH-mm";
  writer_harness<std::string> writer(text_file_sink(dir / "out", options));
  writer.context.time.set(1'700'000'010'000'000); // 22:13:30
  writer.write({"a"});
  BOOST_TEST(writer.writer().flush_due().value() == 1'700'000'040'000'000);
  writer.context.time.set(1'700'000'040'000'000);
  writer.writer().flush();
  BOOST_TEST(!writer.writer().flush_due().has_value());
  writer.end();
  BOOST_TEST(files_in(dir / "out", false).size() == 1u);
}

BOOST_AUTO_TEST_CASE(what_cannot_be_written_is_named) {
  temporary_directory dir;
  dir.write("file", "");
  auto text = message_of([&] { writer_harness<std::string>(text_file_sink(dir / "file/out")); });
  BOOST_TEST(text == "cannot create directory '" + (dir / "file/out") + "': Not a directory");
  if (::geteuid() != 0) {
    fs::create_directory(dir / "locked");
    fs::permissions(dir / "locked", fs::perms::owner_read | fs::perms::owner_exec);
    text = message_of([&] { writer_harness<std::string>(text_file_sink(dir / "locked")); });
    BOOST_TEST(text == "cannot write to directory '" + (dir / "locked") + "': Permission denied");
  }
  text = message_of([&] { writer_harness<std::string>(text_file_sink("/proc/none")); });
  BOOST_TEST(text.starts_with("cannot create directory '/proc/none': "));
}

/// Nothing if a tmpfs can be mounted; else why the test is skipped.
boost::test_tools::assertion_result can_mount(boost::unit_test::test_unit_id) {
  temporary_directory dir;
  if (::mount("tmpfs", dir.path().c_str(), "tmpfs", 0, "size=1m") == 0) {
    ::umount2(dir.path().c_str(), MNT_DETACH);
    return true;
  }
  boost::test_tools::assertion_result no(false);
  no.message() << "no right to mount a tmpfs";
  return no;
}

// The failure of a write and the acknowledgement of a checkpoint take different ways to the job.
BOOST_AUTO_TEST_CASE(after_a_failed_write_there_is_no_checkpoint) {
  temporary_directory dir;
  writer_harness<std::string> writer(text_file_sink(dir / "out"));
  fs::remove_all(dir / "out");
  writer.write({"lost"});
  auto work = writer.writer().prepare_commit(1, false);
  BOOST_CHECK_THROW(writer.context.pump(), io_error);
  BOOST_CHECK_THROW(work(), io_error);
  BOOST_CHECK_THROW(writer.writer().commit({}), io_error);
}

BOOST_AUTO_TEST_CASE(a_full_disk_fails_the_attempt_and_leaves_no_file,
                     *boost::unit_test::precondition(can_mount)) {
  temporary_directory dir;
  auto disk = dir / "disk";
  fs::create_directory(disk);
  BOOST_REQUIRE(::mount("tmpfs", disk.c_str(), "tmpfs", 0, "size=1m") == 0);
  {
    writer_harness<std::string> writer(text_file_sink(disk));
    auto text = message_of([&] {
      for (int i = 0; i < 8; ++i) writer.write({std::string(300'000, 'x')});
      writer.end();
    });
    BOOST_TEST(text.starts_with("cannot write '" + disk + "/.part-"));
    BOOST_TEST(text.ends_with("No space left on device"));
    BOOST_CHECK_THROW(writer.prepare(true), io_error);
    BOOST_TEST(files_in(disk, false).empty());
  }
  BOOST_TEST(files_in(disk, true).empty());
  ::umount2(disk.c_str(), MNT_DETACH);
}

BOOST_AUTO_TEST_CASE(any_function_can_encode) {
  temporary_directory dir;
  writer_harness<int> writer(file_sink_for<int>(
    dir / "out", [](int x, std::string& out) { out += "<" + std::to_string(x) + ">"; }));
  writer.write({1, 2});
  writer.end();
  BOOST_TEST(all_text(dir / "out") == "<1><2>");
}

BOOST_AUTO_TEST_CASE(options_that_make_no_sense_are_refused) {
  file_sink_options options;
  options.prefix = ".x";
  BOOST_CHECK_THROW(text_file_sink("x", options)->validate(), plan_error);
  options = {};
  options.rollover_interval = duration(0);
  BOOST_CHECK_THROW(text_file_sink("x", options)->validate(), plan_error);
  options = {};
  options.bucket = "../x";
  BOOST_CHECK_THROW(text_file_sink("x", options)->validate(), plan_error);
  BOOST_CHECK_THROW(text_file_sink("")->validate(), plan_error);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
