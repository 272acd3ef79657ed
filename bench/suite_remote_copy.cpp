#include "measure.hpp"
#include "remote_copy.hpp"
#include "suites.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <vector>

namespace bench {

namespace {

struct way {
  const char* name;
  const char* summary;
  std::uint64_t share; ///< of the batches: the slow ones need not send as many
  std::function<copy_run(std::uint64_t)> run;
  std::vector<double> rates{};      ///< bytes per second
  std::vector<double> cpu_per_gb{}; ///< seconds
};

std::vector<way> make_ways() {
  return {
    {"tcp", "plain TCP, 64 KiB writes", 1, copy_by_tcp},
    {"data_plane", "a channel of the data plane", 1,
     [](std::uint64_t n) { return copy_by_data_plane(n, "plain"); }},
    {"data_plane_lz4", "the same, compressed by LZ4", 1,
     [](std::uint64_t n) { return copy_by_data_plane(n, "lz4"); }},
    {"basp", "64 KiB messages between CAF actors", 4, copy_by_basp},
  };
}

} // namespace

void run_remote_child(const std::string& kind) {
  if (kind == "tcp")
    receive_by_tcp();
  else if (kind == "basp")
    receive_by_basp();
  else
    receive_by_data_plane(kind);
}

void run_remote_copy(const options& o) {
  auto records = o.records.value_or(100'000'000);
  auto batches = std::max<std::uint64_t>(records / remote_batch_records, 1);
  auto repeat = o.repeat.value_or(5);
  auto ways = make_ways();
  for (std::uint32_t i = 0; i < repeat; ++i)
    for (auto& w : ways) {
      auto n = std::max<std::uint64_t>(batches / w.share, 1);
      auto r = w.run(n);
      auto bytes = static_cast<double>(n * remote_batch_bytes);
      w.rates.push_back(bytes / r.seconds);
      w.cpu_per_gb.push_back(r.cpu_seconds / bytes * 1e9);
    }
  auto base = median(ways.front().rates);
  if (!o.json) fmt::print("remote_copy: {} records of 24 bytes to another process\n", records);
  for (auto& w : ways) {
    auto rate = median(w.rates);
    auto best = *std::max_element(w.rates.begin(), w.rates.end());
    auto cpu = median(w.cpu_per_gb);
    if (o.json)
      fmt::print(
        R"({{"suite": "remote_copy", "way": "{}", "records": {}, "median_mb_per_s": {:.1f}, )"
        R"("best_mb_per_s": {:.1f}, "cpu_s_per_gb": {:.3f}, "ratio": {:.3f}}})"
        "\n",
        w.name, records, rate / 1e6, best / 1e6, cpu, rate / base);
    else
      fmt::print("  {:<34} {:>8.0f} MB/s (best {:>6.0f}), {:>5.2f} CPU s/GB, {:>5.2f} x TCP\n",
                 w.summary, rate / 1e6, best / 1e6, cpu, rate / base);
  }
}

} // namespace bench
