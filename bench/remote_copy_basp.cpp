#include "child.hpp"
#include "remote_copy.hpp"
#include "stopwatch.hpp"

#include <caf/actor_ostream.hpp>
#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/io/middleman.hpp>
#include <caf/scoped_actor.hpp>

#include <stdexcept>

// What actors' messages would reach: 64 KiB each, 16 under way, through CAF's own protocol.

namespace bench {

namespace {

constexpr std::uint64_t under_way = 16;

struct basp_config : caf::actor_system_config {
  basp_config() {
    load<caf::io::middleman>();
    set("scheduler.policy", caf::atom("sharing")); // as Sluice's own
  }
};

template <class T>
T value_of(caf::expected<T> e, const char* what) {
  if (!e) throw std::runtime_error(what);
  return std::move(*e);
}

} // namespace

void receive_by_basp() {
  basp_config config;
  caf::actor_system system(config);
  auto receiver = system.spawn([](caf::event_based_actor*) -> caf::behavior {
    return {[](const std::string& bytes) { return static_cast<std::uint64_t>(bytes.size()); }};
  });
  say_first_number(value_of(system.middleman().publish(receiver, 0, "127.0.0.1"), "publish"));
  wait_for_parent();
  caf::anon_send_exit(receiver, caf::exit_reason::user_shutdown);
}

copy_run copy_by_basp(std::uint64_t batches) {
  child other("internal-remote", "basp");
  copy_run result;
  {
    basp_config config;
    caf::actor_system system(config);
    caf::scoped_actor self(system);
    auto receiver = value_of(system.middleman().remote_actor(
                               "127.0.0.1", static_cast<std::uint16_t>(other.first_number())),
                             "remote_actor");
    std::string bytes(remote_batch_bytes, 'x');
    std::uint64_t sent = 0;
    std::uint64_t answered = 0;
    stopwatch time;
    while (answered < batches) {
      while (sent < batches && sent - answered < under_way) {
        self->send(receiver, bytes);
        ++sent;
      }
      self->receive([&](std::uint64_t size) {
        if (size != remote_batch_bytes) throw std::runtime_error("basp: a message was cut");
        ++answered;
      });
    }
    result = {time.seconds(), time.cpu_seconds()};
  }
  result.cpu_seconds += other.finish();
  return result;
}

} // namespace bench
