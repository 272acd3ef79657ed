/// State of the current key, as a keyed process function sees it.
#pragma once

#include "sluice/core/clock.hpp"
#include "sluice/core/errors.hpp"
#include "sluice/state/descriptor.hpp"
#include "sluice/state/state_entry.hpp"

#include <map>
#include <memory>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

namespace sluice {

/// Access to the value of whichever key is current. One virtual call per access is the price of
/// exchangeable backends; operators of our own work on tables directly.
template <class V>
class state_accessor {
public:
  virtual ~state_accessor() = default;

  virtual const V* find() = 0;
  virtual V& find_or_create() = 0;
  virtual void erase() = 0;
};

namespace detail {

/// A stored value and when it was last written (or read, by setting).
template <class V>
struct aging {
  timestamp touched = 0;
  V value{};
};

/// Hides values that are older than their time to live.
template <class V>
class aging_accessor final : public state_accessor<V> {
public:
  aging_accessor(std::shared_ptr<state_accessor<aging<V>>> inner, state_ttl ttl, const clock& time)
    : inner_(std::move(inner)), ttl_(ttl), clock_(time) {}

  const V* find() override {
    auto* stored = inner_->find();
    if (!stored) return nullptr;
    if (expired(*stored)) {
      inner_->erase();
      return nullptr;
    }
    if (!ttl_.refresh_on_read) return &stored->value;
    auto& fresh = inner_->find_or_create();
    fresh.touched = clock_.now();
    return &fresh.value;
  }

  V& find_or_create() override {
    auto& stored = inner_->find_or_create();
    if (expired(stored)) stored.value = V{};
    stored.touched = clock_.now();
    return stored.value;
  }

  void erase() override { inner_->erase(); }

private:
  bool expired(const aging<V>& stored) const {
    return clock_.now() >= saturating_add(stored.touched, ttl_.lifetime.count());
  }

  std::shared_ptr<state_accessor<aging<V>>> inner_;
  state_ttl ttl_;
  const clock& clock_;
};

} // namespace detail

namespace detail {

/// What a handle has before `open` has got it a state.
template <class V>
class unbound_accessor final : public state_accessor<V> {
public:
  static std::shared_ptr<state_accessor<V>> instance() {
    static auto one = std::make_shared<unbound_accessor>();
    return one;
  }

  const V* find() override { refuse(); }
  V& find_or_create() override { refuse(); }
  void erase() override { refuse(); }

private:
  [[noreturn]] static void refuse() {
    throw state_error("a state handle was used that open() has not got from context.state()");
  }
};

} // namespace detail

/// One value of the current key.
template <class V>
class value_state {
public:
  value_state() = default;
  explicit value_state(std::shared_ptr<state_accessor<V>> access) : access_(std::move(access)) {}

  /// The value, or null when the key has none. Valid until the state is next used.
  const V* get() const { return access_->find(); }

  /// The value, or `otherwise` when the key has none.
  V value(V otherwise = V{}) const {
    auto* v = access_->find();
    return v ? *v : std::move(otherwise);
  }

  void update(V v) { access_->find_or_create() = std::move(v); }

  /// The value to change in place; default-constructed first if the key has none.
  V& mutate() { return access_->find_or_create(); }

  void clear() { access_->erase(); }

private:
  std::shared_ptr<state_accessor<V>> access_ = detail::unbound_accessor<V>::instance();
};

/// A list of the current key.
template <class V>
class list_state {
public:
  list_state() = default;
  explicit list_state(std::shared_ptr<state_accessor<std::vector<V>>> access)
    : access_(std::move(access)) {}

  void add(V v) { access_->find_or_create().push_back(std::move(v)); }

  /// The elements in the order they were added. Valid until the state is next changed.
  const std::vector<V>& get() const {
    static const std::vector<V> none;
    auto* list = access_->find();
    return list ? *list : none;
  }

  void update(std::vector<V> list) { access_->find_or_create() = std::move(list); }
  void clear() { access_->erase(); }

private:
  std::shared_ptr<state_accessor<std::vector<V>>> access_
    = detail::unbound_accessor<std::vector<V>>::instance();
};

/// A map of the current key, ordered by `MapKey`.
template <class MapKey, class V>
class map_state {
public:
  using map_type = std::map<MapKey, V>;

  map_state() = default;
  explicit map_state(std::shared_ptr<state_accessor<map_type>> access)
    : access_(std::move(access)) {}

  /// The value of `k`, or null. Valid until the state is next changed.
  const V* get(const MapKey& k) const {
    auto* m = access_->find();
    if (!m) return nullptr;
    auto at = m->find(k);
    return at == m->end() ? nullptr : &at->second;
  }
  bool contains(const MapKey& k) const { return get(k) != nullptr; }
  void put(MapKey k, V v) {
    access_->find_or_create().insert_or_assign(std::move(k), std::move(v));
  }

  /// The value of `k` to change in place; default-constructed first if absent.
  V& mutate(const MapKey& k) { return access_->find_or_create()[k]; }

  /// Removes `k`; an emptied map takes no room.
  void remove(const MapKey& k) {
    if (!contains(k)) return;
    auto& m = access_->find_or_create();
    m.erase(k);
    if (m.empty()) access_->erase();
  }

  /// All entries. Valid until the state is next changed.
  const map_type& entries() const {
    static const map_type none;
    auto* m = access_->find();
    return m ? *m : none;
  }
  bool empty() const { return entries().empty(); }
  void clear() { access_->erase(); }

private:
  std::shared_ptr<state_accessor<map_type>> access_
    = detail::unbound_accessor<map_type>::instance();
};

/// A value of the current key into which others are merged.
template <class V>
class reducing_state {
public:
  reducing_state() = default;
  reducing_state(std::shared_ptr<state_accessor<std::optional<V>>> access,
                 std::function<V(const V&, const V&)> reduce)
    : access_(std::move(access)), reduce_(std::move(reduce)) {}

  void add(const V& v) {
    auto& stored = access_->find_or_create();
    stored = stored ? reduce_(*stored, v) : v;
  }

  /// The merged value, or null when nothing was added.
  const V* get() const {
    auto* stored = access_->find();
    return stored && *stored ? &**stored : nullptr;
  }
  void clear() { access_->erase(); }

private:
  std::shared_ptr<state_accessor<std::optional<V>>> access_
    = detail::unbound_accessor<std::optional<V>>::instance();
  std::function<V(const V&, const V&)> reduce_;
};

/// An aggregate of the current key; see `aggregate_function` for what `Aggregate` must have.
template <class Aggregate>
class aggregating_state {
public:
  using accumulator = decltype(std::declval<const Aggregate&>().create_accumulator());

  aggregating_state() = default;
  aggregating_state(std::shared_ptr<state_accessor<std::optional<accumulator>>> access, Aggregate f)
    : access_(std::move(access)), function_(std::move(f)) {}

  template <class In>
  void add(const In& v) {
    auto& stored = access_->find_or_create();
    if (!stored) stored = function_->create_accumulator();
    function_->add(*stored, v);
  }

  /// The aggregate's result, or nothing when nothing was added.
  auto get() const -> std::optional<
    decltype(std::declval<const Aggregate&>().get_result(std::declval<const accumulator&>()))> {
    auto* stored = access_->find();
    if (!stored || !*stored) return std::nullopt;
    return function_->get_result(**stored);
  }
  void clear() { access_->erase(); }

private:
  std::shared_ptr<state_accessor<std::optional<accumulator>>> access_
    = detail::unbound_accessor<std::optional<accumulator>>::instance();
  std::optional<Aggregate> function_;
};

/// The states of a keyed operator and the key that they are about at the moment.
///
/// Owner: one operator; called on its actor only.
template <class K>
class keyed_state_store {
public:
  keyed_state_store(state_registry& registry, key_group_range groups, std::uint32_t max_parallelism,
                    const clock& time)
    : registry_(registry), groups_(groups), max_parallelism_(max_parallelism), clock_(time) {}

  void set_current(const K& key, std::uint64_t hash) noexcept {
    key_ = &key;
    hash_ = hash;
  }
  const K& current_key() const noexcept { return *key_; }
  std::uint64_t current_hash() const noexcept { return hash_; }

  /// Fetches the slots of `hash` in all states, ahead of use.
  void prefetch(std::uint64_t hash) {
    for (auto& p : prefetchable_) p->prefetch(hash);
  }
  bool has_states() const noexcept { return !prefetchable_.empty(); }

  template <class V>
  value_state<V> state(const value_state_descriptor<V>& d) {
    return value_state<V>(make<V>(d.name, d.ttl));
  }
  template <class V>
  list_state<V> state(const list_state_descriptor<V>& d) {
    return list_state<V>(make<std::vector<V>>(d.name, d.ttl));
  }
  template <class MK, class V>
  map_state<MK, V> state(const map_state_descriptor<MK, V>& d) {
    return map_state<MK, V>(make<std::map<MK, V>>(d.name, d.ttl));
  }
  template <class V>
  reducing_state<V> state(const reducing_state_descriptor<V>& d) {
    return reducing_state<V>(make<std::optional<V>>(d.name, d.ttl), d.reduce);
  }
  template <class A>
  aggregating_state<A> state(const aggregating_state_descriptor<A>& d) {
    using accumulator = typename aggregating_state<A>::accumulator;
    return aggregating_state<A>(make<std::optional<accumulator>>(d.name, d.ttl), d.function);
  }

private:
  struct prefetcher {
    virtual ~prefetcher() = default;
    virtual void prefetch(std::uint64_t hash) = 0;
  };

  template <class V>
  class table_accessor final : public state_accessor<V>, public prefetcher {
  public:
    explicit table_accessor(keyed_state_store& store)
      : entry(store.groups_, store.max_parallelism_), store_(store) {}

    const V* find() override { return entry.table().find(store_.hash_, *store_.key_); }
    V& find_or_create() override {
      return *entry.table().find_or_insert(store_.hash_, *store_.key_, [] { return V{}; }).first;
    }
    void erase() override { entry.table().erase(store_.hash_, *store_.key_); }
    void prefetch(std::uint64_t hash) override { entry.table().prefetch(hash); }

    keyed_table_entry<K, V> entry;

  private:
    keyed_state_store& store_;
  };

  template <class V>
  std::shared_ptr<state_accessor<V>> make_table(const std::string& name) {
    auto table = std::make_shared<table_accessor<V>>(*this);
    registry_.add(name, &table->entry);
    prefetchable_.push_back(table);
    return table;
  }

  template <class V>
  std::shared_ptr<state_accessor<V>> make(const std::string& name,
                                          const std::optional<state_ttl>& ttl) {
    if (!ttl) return make_table<V>(name);
    return std::make_shared<detail::aging_accessor<V>>(make_table<detail::aging<V>>(name), *ttl,
                                                       clock_);
  }

  state_registry& registry_;
  key_group_range groups_;
  std::uint32_t max_parallelism_;
  const clock& clock_;
  const K* key_ = nullptr;
  std::uint64_t hash_ = 0;
  /// All states, also those that the program has let go of: the registry snapshots them.
  std::vector<std::shared_ptr<prefetcher>> prefetchable_;
};

} // namespace sluice
