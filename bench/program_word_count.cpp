#include "programs.hpp"
#include "stopwatch.hpp"
#include "text.hpp"
#include "totals.hpp"

#include "sluice/api/environment.hpp"
#include "sluice/api/keyed_stream.hpp"

namespace bench {

namespace {

struct word_count {
  std::string word;
  std::int64_t count;
};

} // namespace

outcome word_count_program(std::uint64_t records, std::uint32_t parallelism) {
  const auto& lines = text_lines();
  sluice::stream_environment env;
  env.set_parallelism(parallelism);
  auto sums = std::make_shared<totals>();
  env
    .from_generator<std::string>(
      [&lines](std::uint64_t n, std::string& line) { line = lines[n % lines.size()]; },
      {.count = records / words_per_line})
    .flat_map([](const std::string& line, sluice::collector<word_count>& out) {
      for_each_word(line, [&](std::string_view word) { out.emplace(word, 1); });
    })
    .key_by(&word_count::word)
    .sum(&word_count::count)
    .add_sink(add_up<word_count>(sums, &word_count::count));
  stopwatch time;
  env.execute("word count");
  return sums->result(time);
}

} // namespace bench
