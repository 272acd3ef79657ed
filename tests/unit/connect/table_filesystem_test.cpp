#include "support/table_harness.hpp"

#include <boost/test/unit_test.hpp>

#include <regex>

namespace {

using namespace sluice;
using namespace sluice::testing;
using table::scalar;
namespace fs = std::filesystem;

void check(row_texts got, row_texts expected) {
  std::sort(got.begin(), got.end());
  std::sort(expected.begin(), expected.end());
  BOOST_TEST(got == expected, boost::test_tools::per_element());
  if (got.size() != expected.size())
    for (auto& row : got) BOOST_TEST_MESSAGE(row);
}

table::table_description files(const std::string& columns, const std::string& path,
                               option_map options = {}) {
  options.insert({{"connector", "filesystem"}, {"path", path}, {"format", "csv"}});
  return describe(columns, std::move(options));
}

/// Files below a directory, relative to it, hidden ones too.
row_texts list(const fs::path& directory) {
  row_texts names;
  for (auto& entry : fs::recursive_directory_iterator(directory))
    if (entry.is_regular_file())
      names.push_back(entry.path().lexically_relative(directory).string());
  std::sort(names.begin(), names.end());
  return names;
}

scalar text(const char* t) { return scalar::of(table::data_type::string(), std::string(t)); }
scalar null_text() { return scalar(table::data_type::string()); }

const std::string uuid = "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}";

BOOST_AUTO_TEST_SUITE(table_filesystem)

// -- source --------------------------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(directories_are_read_recursively_without_hidden_files) {
  temporary_directory dir;
  dir.write("t/a.csv", "1\n");
  dir.write("t/sub/b.csv", "2\n3");
  dir.write("t/.hidden", "4\n");
  dir.write("t/_SUCCESS", "");
  dir.write("t/_temporary/c.csv", "5\n");
  check(read_table(files("i INT", dir / "t")), {"+I[1]", "+I[2]", "+I[3]"});
  check(read_table(files("i INT", "file://" + (dir / "t"))), {"+I[1]", "+I[2]", "+I[3]"});
  check(read_table(files("i INT", dir / "t", {{"source.path.regex-pattern", ".*/b.*"}})),
        {"+I[2]", "+I[3]"});
  BOOST_CHECK_THROW(source_of(files("i INT", "hdfs://host/t")), plan_error);
  BOOST_CHECK_THROW(source_of(files("i INT", dir / "t", {{"source.path.regex-pattern", "("}})),
                    plan_error);
}

BOOST_AUTO_TEST_CASE(partition_columns_come_from_directory_names) {
  temporary_directory dir;
  dir.write("t/dt=2024-01-01/hr=1/a.csv", "x\n");
  dir.write("t/dt=2024-01-02/hr=__DEFAULT_PARTITION__/a.csv", "y\n");
  dir.write("t/dt=2024-01-03/hr=3/empty.csv", "");
  auto table = files("dt DATE, name STRING, hr INT", dir / "t");
  table.partition_keys = {"dt", "hr"};
  check(read_table(table), {"+I[2024-01-01, x, 1]", "+I[2024-01-02, y, null]"});
  check(read_table(table, {.columns = {2}, .metadata = {}, .filters = {}}), {"+I[1]", "+I[null]"});
  dir.write("t/plain.csv", "z\n");
  BOOST_CHECK_THROW(read_table(table), format_error);
}

BOOST_AUTO_TEST_CASE(metadata_tells_the_file) {
  temporary_directory dir;
  auto path = dir.write("t/a.csv", "1\n2\n");
  auto table = files("i INT", dir / "t");
  table.metadata = {{"p", "file.path", table::data_type::string(), true},
                    {"n", "file.name", table::data_type::string(), true},
                    {"s", "file.size", table::data_type::bigint(), true}};
  check(read_table(table), {"+I[1, " + path + ", a.csv, 4]", "+I[2, " + path + ", a.csv, 4]"});
  table.metadata = {{"m", "file.modification-time", table::data_type::timestamp_ltz(3), true}};
  BOOST_TEST(read_table(table).size() == 2u);
  table.metadata = {{"x", "file.owner", table::data_type::string(), true}};
  BOOST_CHECK_THROW(source_of(table), plan_error);
  table.metadata = {{"s", "file.size", table::data_type::string(), true}};
  BOOST_CHECK_THROW(source_of(table), plan_error);
}

BOOST_AUTO_TEST_CASE(a_monitored_directory_is_unbounded) {
  temporary_directory dir;
  dir.write("t/a.csv", "1\n");
  auto source = source_of(files("i INT", dir / "t", {{"source.monitor-interval", "1 s"}}));
  BOOST_TEST(bool(source->bounded() == boundedness::unbounded));
  auto enumerator = source->make({})->make_enumerator(1);
  BOOST_TEST(enumerator->discover().size() == 1u);
  BOOST_TEST((enumerator->discovery_interval() == duration(1'000'000)));
  dir.write("t/b.csv", "2\n");
  BOOST_TEST(enumerator->discover().size() == 1u);
}

// -- sink ----------------------------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(streaming_files_have_flinks_names_and_appear_at_checkpoints) {
  temporary_directory dir;
  auto table = files("i INT, s STRING", dir / "out");
  auto sink = sink_of(table)->make();
  table_writer writer(*sink, 1, 3);
  writer.write(rows_of(table, {{scalar::of(1), text("a")}}));
  auto snapshot = writer.prepare(1);
  BOOST_TEST(list(dir.path()).size() == 1u);
  BOOST_TEST(std::regex_match(list(dir.path())[0],
                              std::regex("out/\\.part-" + uuid + "-1-0\\.inprogress\\." + uuid)));
  writer.writer().commit(snapshot.committables);
  auto names = list(dir.path());
  BOOST_TEST(names.size() == 1u);
  BOOST_TEST(std::regex_match(names[0], std::regex("out/part-" + uuid + "-1-0")));
  BOOST_TEST(read_file(dir / names[0]) == "1,a\n");
  writer.write(rows_of(table, {{scalar::of(2), text("b")}}));
  writer.checkpoint(2, true);
  check(read_table(table), {"+I[1, a]", "+I[2, b]"});
}

BOOST_AUTO_TEST_CASE(writers_of_one_job_share_the_uuid_and_never_a_name) {
  temporary_directory dir;
  auto table = files("i INT, s STRING", dir / "out");
  auto sink = sink_of(table)->make();
  std::vector<std::string> states;
  {
    table_writer first(*sink, 0, 1);
    first.write(rows_of(table, {{scalar::of(1), text("a")}}));
    states.push_back(first.checkpoint(1).state);
  }
  table_writer second(*sink, 0, 1, states); // an attempt that goes on from the checkpoint
  second.write(rows_of(table, {{scalar::of(2), text("b")}}));
  second.checkpoint(2, true);
  auto names = list(dir.path());
  BOOST_TEST(names.size() == 2u);
  BOOST_TEST(names[0].substr(0, names[0].size() - 1) == names[1].substr(0, names[1].size() - 1));
  check(read_table(table), {"+I[1, a]", "+I[2, b]"});
}

BOOST_AUTO_TEST_CASE(batch_files_are_named_by_task) {
  temporary_directory dir;
  auto table = files("i INT, s STRING", dir / "out");
  table_writer writer(*sink_of(table, execution_mode::batch)->make(), 2, 4);
  writer.write(rows_of(table, {{scalar::of(1), text("a")}}));
  writer.checkpoint(1, true);
  BOOST_TEST(
    std::regex_match(list(dir.path()).at(0), std::regex("out/part-" + uuid + "-task-2-file-0")));
}

BOOST_AUTO_TEST_CASE(partitions_are_directories_and_not_in_the_files) {
  temporary_directory dir;
  auto table = files("dt STRING, i INT, hr INT", dir / "out",
                     {{"sink.partition-commit.policy.kind", "success-file"}});
  table.partition_keys = {"dt", "hr"};
  auto sink = sink_of(table);
  BOOST_TEST(sink->distribution() == (std::vector<std::size_t>{0, 2}),
             boost::test_tools::per_element());
  table_writer writer(*sink->make());
  writer.write(rows_of(table, {{text("a b/c"), scalar::of(1), scalar::of(7)},
                               {null_text(), scalar::of(2), scalar::of(8)},
                               {text("a b/c"), scalar::of(3), scalar::of(7)},
                               {text(""), scalar::of(4), scalar::of(8)}}));
  writer.checkpoint(1, true);
  row_texts directories;
  for (auto& name : list(dir / "out")) directories.push_back(fs::path(name).parent_path().string());
  // A success file in each of them, and what was written.
  BOOST_TEST(directories
               == (row_texts{"dt=__DEFAULT_PARTITION__/hr=8", "dt=__DEFAULT_PARTITION__/hr=8",
                             "dt=a b%2Fc/hr=7", "dt=a b%2Fc/hr=7"}),
             boost::test_tools::per_element());
  BOOST_TEST(fs::exists(dir / "out/dt=a b%2Fc/hr=7/_SUCCESS"));
  BOOST_TEST(!fs::exists(dir / "out/_SUCCESS"));
  check(read_table(table),
        {"+I[a b/c, 1, 7]", "+I[a b/c, 3, 7]", "+I[null, 2, 8]", "+I[null, 4, 8]"});
}

BOOST_AUTO_TEST_CASE(overwriting_replaces_what_was_there) {
  temporary_directory dir;
  dir.write("out/part-old", "9,x\n");
  auto table = files("i INT, s STRING", dir / "out");
  auto sink = sink_of(table, execution_mode::batch);
  auto overwriting = sink->overwriting()->make();
  table_writer one(*overwriting, 0, 2);
  table_writer two(*overwriting, 1, 2);
  one.write(rows_of(table, {{scalar::of(1), text("a")}}));
  two.write(rows_of(table, {{scalar::of(2), text("b")}}));
  one.checkpoint(1, true);
  two.checkpoint(1, true);
  check(read_table(table), {"+I[1, a]", "+I[2, b]"});
  table_writer nothing(*sink->overwriting()->make());
  nothing.checkpoint(1, true);
  check(read_table(table), {});
  BOOST_CHECK_THROW(sink_of(table, execution_mode::streaming)->overwriting(), plan_error);
}

BOOST_AUTO_TEST_CASE(overwriting_leaves_other_partitions_alone) {
  temporary_directory dir;
  dir.write("out/p=1/part-old", "old1\n");
  dir.write("out/p=2/part-old", "old2\n");
  auto table = files("p INT, s STRING", dir / "out");
  table.partition_keys = {"p"};
  table_writer writer(*sink_of(table, execution_mode::batch)->overwriting()->make());
  writer.write(rows_of(table, {{scalar::of(1), text("new")}}));
  writer.checkpoint(1, true);
  check(read_table(table), {"+I[1, new]", "+I[2, old2]"});
}

BOOST_AUTO_TEST_CASE(files_roll_by_size_and_age) {
  temporary_directory dir;
  auto table = files("i INT, s STRING", dir / "out",
                     {{"sink.rolling-policy.file-size", "10 b"},
                      {"sink.rolling-policy.rollover-interval", "90 s"},
                      {"sink.rolling-policy.check-interval", "1 min"}});
  table_writer writer(*sink_of(table)->make());
  for (int i = 0; i < 3; ++i) writer.write(rows_of(table, {{scalar::of(i), text("0123456789")}}));
  writer.write(rows_of(table, {{scalar::of(3), text("")}}));
  auto begun = writer.context.time.now();
  BOOST_TEST(writer.writer().flush_due().value() == begun + 120'000'000); // the second check
  writer.context.time.advance(std::chrono::minutes(2));
  writer.writer().flush();
  BOOST_TEST(!writer.writer().flush_due().has_value());
  writer.context.pump();
  writer.checkpoint(1, true);
  BOOST_TEST(list(dir.path()).size() == 4u);
}

BOOST_AUTO_TEST_CASE(more_partitions_than_open_files_are_all_written) {
  temporary_directory dir;
  auto table = files("p INT, i INT", dir / "out");
  table.partition_keys = {"p"};
  table_writer writer(*sink_of(table)->make());
  std::vector<std::vector<scalar>> rows;
  row_texts expected;
  for (int i = 0; i < 600; ++i) {
    rows.push_back({scalar::of(i % 300), scalar::of(i)});
    expected.push_back("+I[" + std::to_string(i % 300) + ", " + std::to_string(i) + "]");
  }
  writer.write(rows_of(table, rows));
  writer.checkpoint(1, true);
  check(read_table(table), expected);
}

BOOST_AUTO_TEST_CASE(what_a_sink_cannot_do_is_refused) {
  temporary_directory dir;
  auto refused = [&](option_map options, const std::string& columns = "i INT, s STRING") {
    BOOST_CHECK_THROW(sink_of(files(columns, dir / "out", std::move(options))), plan_error);
  };
  refused({{"auto-compaction", "true"}});
  refused({{"sink.partition-commit.policy.kind", "metastore"}});
  refused({{"sink.partition-commit.policy.kind", "success-file"}}); // without partitions
  refused({{"sink.partition-commit.delay", "1 h"}});
  refused({{"sink.rolling-policy.file-size", "0"}});
  refused({{"sink.parallelism", "0"}});
  refused({{"format", "parquet"}});
  auto table = files("i INT, s STRING", dir / "out");
  BOOST_CHECK_THROW(sink_of(table)->accept(table::changelog_mode::upserts()), plan_error);
  table.partition_keys = {"nope"};
  BOOST_CHECK_THROW(sink_of(table), plan_error);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace
