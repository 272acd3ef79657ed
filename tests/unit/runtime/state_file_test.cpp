/// Files of snapshots: what is written in any pieces, past the page cache or not, is read back.
#include "sluice/runtime/state_file.hpp"

#include "sluice/core/errors.hpp"
#include "support/temporary_directory.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include <unistd.h>

namespace sluice::testing {

BOOST_AUTO_TEST_SUITE(state_files)

namespace {

using runtime::state_file_reader;
using runtime::state_file_writer;

/// Random bytes: few, as many as the buffer has room for at once, and more than it holds.
std::string piece(std::mt19937_64& random) {
  constexpr std::size_t sizes[] = {0, 1, 100, 4096, 65'536, 512 * 1024, 512 * 1024 + 1, 3'000'000};
  std::string result(sizes[random() % std::size(sizes)], '\0');
  for (auto& c : result) c = static_cast<char>(random());
  return result;
}

void put(state_file_writer& out, std::string_view bytes, std::mt19937_64& random) {
  if (random() % 2 == 0) {
    out.append(bytes);
    return;
  }
  // Asks for more than it needs, as those do who do not know before.
  auto* room = out.room(bytes.size() + random() % 1000);
  std::copy(bytes.begin(), bytes.end(), room);
  out.filled(bytes.size());
}

void write_and_read(const std::string& path, unsigned seed) {
  std::mt19937_64 random(seed);
  std::vector<std::string> groups(5);
  state_file_writer out(path);
  out.begin_state("uid", "state", state_kind::keyed, "schema");
  for (std::uint32_t g = 0; g < groups.size(); ++g) {
    out.begin_group(g + 10);
    for (auto n = random() % 6; n > 0; --n) {
      auto bytes = piece(random);
      put(out, bytes, random);
      groups[g] += bytes;
    }
  }
  const auto written = out.finish();
  BOOST_TEST(std::filesystem::file_size(path) == written.bytes);
  state_file_reader in(path, written.bytes, written.checksum);
  BOOST_REQUIRE(in.states().size() == 1u);
  auto& state = in.states().front();
  BOOST_TEST(state.uid == "uid");
  BOOST_TEST(state.name == "state");
  BOOST_TEST(state.schema == "schema");
  BOOST_REQUIRE(state.groups.size() == groups.size());
  for (std::uint32_t g = 0; g < groups.size(); ++g) {
    BOOST_TEST(state.groups[g].number == g + 10);
    BOOST_TEST((state.groups[g].bytes == groups[g]));
  }
}

} // namespace

BOOST_AUTO_TEST_CASE(give_back_what_was_appended_and_what_was_put_into_their_buffer) {
  temporary_directory memory;
  // And where files can be written past the page cache, which those in memory cannot.
  const auto disk = std::filesystem::temp_directory_path()
                    / ("sluice-state-file-test-" + std::to_string(::getpid()));
  for (unsigned seed = 1; seed <= 25; ++seed) {
    BOOST_TEST_CONTEXT("seed " << seed) {
      write_and_read(memory.path() + "/state", seed);
      write_and_read(disk.string(), seed);
    }
  }
  std::filesystem::remove(disk);
}

BOOST_AUTO_TEST_CASE(that_were_cut_or_changed_are_refused_by_name) {
  temporary_directory directory;
  const auto path = directory.path() + "/state";
  state_file_writer out(path);
  out.begin_state("uid", "state", state_kind::keyed, "schema");
  out.begin_group(0);
  out.append(std::string(10'000, 'x'));
  const auto written = out.finish();
  auto names_it
    = [&](const state_error& e) { return std::string(e.what()).find(path) != std::string::npos; };
  {
    std::fstream change(path, std::ios::in | std::ios::out | std::ios::binary);
    change.seekp(5000);
    change.put('y');
  }
  BOOST_CHECK_EXCEPTION(state_file_reader(path, written.bytes, written.checksum), state_error,
                        names_it);
  std::filesystem::resize_file(path, written.bytes - 1);
  BOOST_CHECK_EXCEPTION(state_file_reader(path, written.bytes, written.checksum), state_error,
                        names_it);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace sluice::testing
