#include "support/random_program.hpp"

#include <algorithm>
#include <deque>

namespace sluice::testing {

namespace {

using numbers = std::vector<std::int64_t>;

struct pair_record {
  std::int64_t key;
  std::int64_t value;
};

/// Builds operator by operator, keeping what each stream holds as a plain multiset.
class builder {
public:
  builder(std::uint64_t seed, program_options options)
    : random_(seed), rescale_(options.rescale), options_(std::move(options)) {
    result_.fuse = std::make_shared<bomb>();
    result_.results = std::make_shared<gathered>();
    result_.env.set_execution_mode(execution_mode::batch);
    result_.env.set_parallelism(parallelism(1, 3));
    result_.env.config().max_parallelism = pick(4, 130);
    if (!options_.chaining) result_.env.disable_operator_chaining();
    if (options_.tiny_memory) {
      result_.env.set_feedback_memory_limit(pick(1, 500));
      if (!options_.failing) result_.env.set_batch_memory_limit(pick(1, 3000));
    }
  }

  random_program run() {
    auto num_sources = pick(1, 3);
    for (std::uint32_t i = 0; i < num_sources; ++i) add_source();
    auto num_operators = pick(1, 12);
    for (std::uint32_t i = 0; i < num_operators; ++i) add_operator();
    auto num_sinks = pick(1, 3);
    for (std::uint32_t i = 0; i < num_sinks; ++i) add_sink(any());
    // No stream is left unread, so that everything built is also run.
    for (auto& s : streams_)
      if (!s.read) add_sink(s);
    return std::move(result_);
  }

private:
  struct stream {
    data_stream<std::int64_t> flow;
    numbers content;
    bool read = false;
  };

  std::uint32_t pick(std::uint32_t low, std::uint32_t high) {
    return low + static_cast<std::uint32_t>(random_() % (high - low + 1));
  }
  /// As `pick`, but another number when the program is rescaled.
  std::uint32_t parallelism(std::uint32_t low, std::uint32_t high) {
    auto as_first = pick(low, high);
    if (options_.rescale == 0) return as_first;
    return low + static_cast<std::uint32_t>(rescale_() % (high - low + 1));
  }
  bool chance(std::uint32_t percent) { return pick(1, 100) <= percent; }

  stream& any() {
    auto& s = streams_[pick(0, static_cast<std::uint32_t>(streams_.size()) - 1)];
    s.read = true;
    return s;
  }

  void add(data_stream<std::int64_t> flow, numbers content) {
    if (chance(30)) flow.set_parallelism(parallelism(1, 4));
    if (chance(30)) flow.set_buffer_timeout(duration(0));
    if (chance(10)) flow.start_new_chain();
    if (chance(10)) flow.disable_chaining();
    streams_.push_back({std::move(flow), std::move(content)});
  }

  void add_source() {
    numbers content(chance(10) ? 0 : pick(1, chance(20) ? 5000 : 200));
    for (auto& x : content) x = static_cast<std::int64_t>(random_() % 1000);
    if (chance(50)) {
      auto flow = result_.env.from_collection(content).uid("s" + std::to_string(streams_.size()));
      if (chance(50)) flow.set_buffer_timeout(duration(0));
      streams_.push_back({flow, content});
    } else {
      auto n = content.size();
      auto flow
        = result_.env.from_generator([content](std::uint64_t i) { return content[i]; }, {n, {}});
      add(flow, content);
    }
  }

  data_stream<std::int64_t> spread(const stream& s) {
    switch (pick(0, 6)) {
    case 0:
      return s.flow.rebalance();
    case 1:
      return s.flow.shuffle();
    case 2:
      return s.flow.rescale();
    case 3:
      return s.flow.global();
    case 4:
      return s.flow.partition_custom(
        [](std::int64_t key, std::uint32_t n) {
          return static_cast<std::uint32_t>(key < 0 ? -key : key) % n;
        },
        [](std::int64_t x) { return x; });
    default:
      return s.flow;
    }
  }

  void add_operator() {
    auto& s = any();
    auto flow = spread(s);
    auto content = s.content;
    switch (pick(0, 10)) {
    case 10: {
      // A few records become many.
      auto many = static_cast<std::int64_t>(pick(500, 3000));
      numbers out;
      for (auto x : content)
        for (std::int64_t i = 0; i < (x % 97 == 0 ? many : 1); ++i) out.push_back(x + i);
      if (out.size() > 50000) break;
      add(flow.flat_map([many](std::int64_t x, collector<std::int64_t>& to) {
        for (std::int64_t i = 0; i < (x % 97 == 0 ? many : 1); ++i) to.collect(x + i);
      }),
          out);
      break;
    }
    case 0: {
      auto c = static_cast<std::int64_t>(pick(0, 50));
      for (auto& x : content) x += c;
      add(flow.map([c, fuse = result_.fuse](std::int64_t x) {
        if (fuse->explosions_left > 0 && --fuse->records_left <= 0) {
          --fuse->explosions_left;
          fuse->records_left = 40;
          throw std::runtime_error("boom");
        }
        if (fuse->work) fuse->work();
        return x + c;
      }),
          content);
      break;
    }
    case 1: {
      auto m = static_cast<std::int64_t>(pick(2, 5));
      std::erase_if(content, [m](auto x) { return x % m == 0; });
      add(flow.filter([m](std::int64_t x) { return x % m != 0; }), content);
      break;
    }
    case 2: {
      if (content.size() > 20000) break;
      numbers out;
      for (auto x : content)
        for (std::int64_t i = 0; i < x % 4; ++i) out.push_back(x + i);
      add(flow.flat_map([](std::int64_t x, collector<std::int64_t>& to) {
        for (std::int64_t i = 0; i < x % 4; ++i) to.collect(x + i);
      }),
          out);
      break;
    }
    case 3: {
      auto& other = any();
      auto all = content;
      all.insert(all.end(), other.content.begin(), other.content.end());
      if (all.size() > 50000) break;
      auto joined = flow.union_with(spread(other)).map([](std::int64_t x) { return x; });
      add(joined, all);
      break;
    }
    case 4:
      add_keyed_sum(flow, content);
      break;
    case 5: {
      auto& other = any();
      numbers out;
      for (auto x : content) out.push_back(x + 1);
      for (auto x : other.content) out.push_back(-x);
      add(flow.connect(spread(other))
            .map([](std::int64_t x) { return x + 1; }, [](std::int64_t x) { return -x; }),
          out);
      break;
    }
    case 6:
      add_side_outputs(flow, content);
      break;
    case 7:
      add_loop(flow, content);
      break;
    case 8:
      add_distinct(flow, content);
      break;
    case 9: {
      if (content.size() > 5000) break;
      auto p = pick(1, 3);
      numbers out;
      for (std::uint32_t i = 0; i < p; ++i) out.insert(out.end(), content.begin(), content.end());
      auto copied = s.flow.broadcast().map([](std::int64_t x) { return x; }).set_parallelism(p);
      streams_.push_back({copied, out});
      break;
    }
    }
  }

  void add_keyed_sum(const data_stream<std::int64_t>& flow, const numbers& content) {
    auto keys = static_cast<std::int64_t>(pick(1, 40));
    std::map<std::int64_t, std::int64_t> sums;
    for (auto x : content) sums[x % keys] += x;
    numbers out;
    for (auto& [k, v] : sums) out.push_back(v * 41 + k);
    auto summed = flow.map([keys](std::int64_t x) {
                        return pair_record{x % keys, x};
                      })
                    .key_by(&pair_record::key)
                    .sum(&pair_record::value);
    if (chance(50)) summed.set_parallelism(parallelism(1, 4));
    add(summed.map([](const pair_record& p) { return p.value * 41 + p.key; }), out);
  }

  /// Emits each key once, the first time: state in streaming style, whatever the order.
  void add_distinct(const data_stream<std::int64_t>& flow, const numbers& content) {
    struct first_only {
      value_state<bool> seen;
      void open(keyed_runtime_context<std::int64_t>& c) {
        seen = c.state(value_state_descriptor<bool>{"seen"});
      }
      void process_element(const std::int64_t& x, keyed_process_context<std::int64_t>&,
                           collector<std::int64_t>& out) {
        if (seen.value()) return;
        seen.update(true);
        out.collect(x % 17);
      }
    };
    std::map<std::int64_t, bool> seen;
    numbers out;
    for (auto x : content)
      if (seen.emplace(x % 17, true).second) out.push_back(x % 17);
    add(flow.key_by([](std::int64_t x) { return x % 17; }).process(first_only{}), out);
  }

  void add_side_outputs(const data_stream<std::int64_t>& flow, const numbers& content) {
    output_tag<std::int64_t> odd("odd");
    auto even = flow.process(
      [odd](const std::int64_t& x, process_context& c, collector<std::int64_t>& out) {
        if (x % 2 == 0)
          out.collect(x);
        else
          c.output(odd, x);
      });
    numbers evens;
    numbers odds;
    for (auto x : content) (x % 2 == 0 ? evens : odds).push_back(x);
    auto side = even.get_side_output(odd);
    streams_.push_back({even, evens});
    streams_.push_back({side, odds});
  }

  /// Halves numbers until they are below a bound, inside a feedback loop.
  void add_loop(const data_stream<std::int64_t>& flow, const numbers& content) {
    auto bound = static_cast<std::int64_t>(pick(1, 100));
    numbers out;
    for (auto x : content) {
      do x = x / 2;
      while (x >= bound);
      out.push_back(x);
    }
    auto loop = flow.iterate();
    auto halved = loop.map([](std::int64_t x) { return x / 2; });
    auto p = parallelism(1, 3);
    if (chance(50)) halved.set_parallelism(p);
    if (options_.tiny_memory && chance(70)) {
      loop.set_buffer_timeout(duration(0)); // many batches: the loop has to wait for credit
      halved.set_buffer_timeout(duration(0));
    }
    auto again = halved.filter([bound](std::int64_t x) { return x >= bound; });
    if (chance(50)) again.set_parallelism(parallelism(1, 3));
    loop.close_with(again);
    add(halved.filter([bound](std::int64_t x) { return x < bound; }), out);
  }

  void add_sink(stream& s) {
    s.read = true;
    auto index = result_.expected.size();
    result_.expected.push_back(s.content);
    std::sort(result_.expected.back().begin(), result_.expected.back().end());
    if (options_.failing) {
      result_.committed.push_back(index < options_.committed.size()
                                    ? options_.committed[index]
                                    : std::make_shared<committed_output>());
      auto sink = spread(s).sink_to(std::make_shared<transactional_sink>(result_.committed.back()));
      if (chance(30)) sink.set_parallelism(parallelism(1, 3));
      return;
    }
    result_.results->per_sink.emplace_back();
    auto sink = spread(s).add_sink([results = result_.results, index](const std::int64_t& x) {
      std::lock_guard lock(results->mutex);
      results->per_sink[index].push_back(x);
    });
    if (chance(30)) sink.set_parallelism(parallelism(1, 3));
  }

  std::mt19937_64 random_;
  std::mt19937_64 rescale_;
  program_options options_;
  random_program result_;
  std::deque<stream> streams_;
};

} // namespace

random_program make_random_program(std::uint64_t seed, program_options options) {
  return builder(seed, options).run();
}

std::vector<std::vector<std::int64_t>> sorted(std::vector<std::vector<std::int64_t>> results) {
  for (auto& r : results) std::sort(r.begin(), r.end());
  return results;
}

} // namespace sluice::testing
