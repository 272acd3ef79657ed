#include "child.hpp"
#include "remote_copy.hpp"
#include "stopwatch.hpp"

#include "sluice/core/batch.hpp"
#include "sluice/net/data_plane.hpp"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <stdexcept>
#include <thread>

// A channel as tasks use it: the window of a task, a thread of its own on either side, batches that
// are recycled. The receiving task looks at each record.

namespace bench {

namespace {

using namespace sluice;
using runtime::channel_element;

constexpr net::channel_key channel{1, 1, {0, 0}, 0, {1, 0}, 0};

net::data_plane_config config_of(const std::string& kind) {
  net::data_plane_config config;
  config.secret = "benchmark";
  if (kind == "lz4") config.compression = net::compression::lz4;
  if (kind == "zstd") config.compression = net::compression::zstd;
  return config;
}

/// What a task's mailbox is here.
template <class T>
class inbox {
public:
  void put(T value) {
    {
      std::lock_guard lock(mutex_);
      values_.push_back(std::move(value));
    }
    ready_.notify_one();
  }
  T take() {
    std::unique_lock lock(mutex_);
    ready_.wait(lock, [&] { return !values_.empty(); });
    auto value = std::move(values_.front());
    values_.pop_front();
    return value;
  }
  bool empty() {
    std::lock_guard lock(mutex_);
    return values_.empty();
  }

private:
  std::mutex mutex_;
  std::condition_variable ready_;
  std::deque<T> values_;
};

[[noreturn]] void fail(const std::string& why) {
  std::fprintf(stderr, "remote_copy: %s\n", why.c_str());
  std::_Exit(1);
}

} // namespace

void receive_by_data_plane(const std::string& kind) {
  inbox<channel_element> mailbox;
  net::data_plane plane(config_of(kind));
  auto input = plane.open_input(
    channel, element_type_of<remote_record>(),
    [&](channel_element e) { mailbox.put(std::move(e)); },
    [&](std::string) {
      channel_element end;
      end.kind = channel_element::type::status; // the task must end, too
      mailbox.put(std::move(end));
    });
  say_first_number(plane.port());
  std::thread task([&] {
    std::int64_t expected = 0;
    std::int64_t sum = 0;
    runtime::credit_msg credit;
    while (true) {
      auto e = mailbox.take();
      if (e.kind == channel_element::type::watermark) { // behind the last batch
        input->credit(std::exchange(credit, {}));
        continue;
      }
      if (e.kind != channel_element::type::records) return;
      auto& records = batch_as<remote_record>(*e.records);
      if (records.size() != remote_batch_records || records[0].key != expected++)
        fail("a batch is not what was sent");
      for (auto& r : records) sum += r.value;
      if (sum < 0) fail("a record is not what was sent");
      ++credit.batches;
      credit.bytes += static_cast<std::int64_t>(records.bytes());
      input->recycle(std::move(e.records));
      if (credit.batches * 4 >= runtime::max_remote_window_batches)
        input->credit(std::exchange(credit, {}));
    }
  });
  task.join();
  wait_for_parent();
}

copy_run copy_by_data_plane(std::uint64_t batches, const std::string& kind) {
  child receiver("internal-remote", kind);
  copy_run result;
  {
    inbox<runtime::credit_msg> credits;
    net::data_plane plane(config_of(kind));
    auto output = plane.open_output(
      {"127.0.0.1", static_cast<std::uint16_t>(receiver.first_number())}, channel,
      [&](runtime::credit_msg m) { credits.put(std::move(m)); },
      [](std::string why) { fail(why); });
    std::int64_t credit_batches = runtime::max_remote_window_batches;
    std::int64_t credit_bytes = runtime::max_remote_window_bytes;
    auto take_credit = [&] {
      auto m = credits.take();
      credit_batches += m.batches;
      credit_bytes += m.bytes;
    };
    channel_element e;
    e.records = runtime::batch_box(std::make_unique<typed_batch<remote_record>>());
    auto& records = batch_as<remote_record>(*e.records);
    records.resize(remote_batch_records);
    for (auto& r : records) r = {0, 1, 2};
    stopwatch time;
    for (std::uint64_t i = 0; i < batches; ++i) {
      while (credit_batches <= 0 || credit_bytes <= 0) take_credit();
      records.resize(remote_batch_records); // the memory still has the records
      records[0].key = static_cast<std::int64_t>(i);
      --credit_batches;
      credit_bytes -= static_cast<std::int64_t>(records.bytes());
      output->send(e);
    }
    channel_element last;
    last.kind = channel_element::type::watermark;
    output->send(last);
    while (credit_batches < runtime::max_remote_window_batches) take_credit();
    result = {time.seconds(), time.cpu_seconds()};
    channel_element end;
    end.kind = channel_element::type::end_of_input;
    output->send(end);
    plane.close(channel.job, channel.attempt); // that the receiver goes is no loss now
    result.cpu_seconds += receiver.finish();
  }
  return result;
}

} // namespace bench
