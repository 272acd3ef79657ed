#include "measure.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

namespace bench {

namespace {

std::uint64_t round_up(std::uint64_t n, std::uint64_t granule) {
  return (n + granule - 1) / granule * granule;
}

void check(const job& j, const outcome& sluice, const outcome& loop) {
  if (sluice.same_result(loop)) return;
  throw std::runtime_error(fmt::format(
    "{}: wrong result: Sluice put out {} records with checksum {:x}, the loop {} with {:x}", j.name,
    sluice.count, sluice.checksum, loop.count, loop.checksum));
}

rates rates_of(std::uint64_t records, const std::vector<outcome>& runs) {
  std::vector<double> rates;
  std::vector<double> cpu_ns;
  for (auto& r : runs) {
    rates.push_back(static_cast<double>(records) / r.seconds);
    cpu_ns.push_back(r.cpu_seconds * 1e9 / static_cast<double>(records));
  }
  return {median(rates), *std::max_element(rates.begin(), rates.end()), median(cpu_ns)};
}

} // namespace

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  auto middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

comparison compare(const job& j, const options& o) {
  auto parallelism = o.parallelism.value_or(j.parallelism);
  auto records = round_up(o.records.value_or(j.records), j.granule * parallelism);
  auto repeat = o.repeat.value_or(5);
  std::vector<outcome> sluice;
  std::vector<outcome> loop;
  for (std::uint32_t i = 0; i <= repeat; ++i) {
    auto by_sluice = j.sluice(records, parallelism);
    auto by_loop = j.loop(records);
    check(j, by_sluice, by_loop);
    if (i == 0) continue; // the warm-up
    sluice.push_back(by_sluice);
    loop.push_back(by_loop);
  }
  return {std::string(j.name), parallelism, records, rates_of(records, sluice),
          rates_of(records, loop)};
}

} // namespace bench
