#include "sluice/table/expr/node.hpp"

#include "sluice/core/check.hpp"
#include "sluice/table/expr/evaluator.hpp"

#include <algorithm>
#include <atomic>
#include <utility>

namespace sluice::table::detail {

std::shared_ptr<column> expression_node::scratch(std::size_t size) {
  if (held_ && held_.use_count() == 1) {
    // The last other holder may have been another thread: its reads happen before our writes.
    std::atomic_thread_fence(std::memory_order_acquire);
  } else {
    held_ = std::make_shared<column>(type_);
  }
  held_->reset(size);
  return held_;
}

namespace {

using node_ptr = std::unique_ptr<expression_node>;

class input_node final : public expression_node {
public:
  input_node(data_type type, std::size_t index) : expression_node(std::move(type)), index_(index) {}

  column_ptr run(const columnar_batch& in, const selection&) override {
    SLUICE_CHECK(index_ < in.num_columns(), "column {} of a batch of {}", index_, in.num_columns());
    return in.share(index_);
  }

private:
  std::size_t index_;
};

class literal_node final : public expression_node {
public:
  explicit literal_node(const scalar& value) : expression_node(value.type()) {
    column one(value.type());
    value.append_to(one);
    value_ = column::constant(one, 1);
  }

  column_ptr run(const columnar_batch& in, const selection&) override {
    if (value_->size() != in.size()) value_ = column::constant(*value_, in.size());
    return value_;
  }

private:
  column_ptr value_;
};

/// Calls and casts.
class call_node final : public expression_node {
public:
  call_node(const expression& e, std::vector<node_ptr> children, const expression_context& context)
    : expression_node(e.type()), name_(e.kind() == expression_kind::cast ? "CAST" : e.name()),
      position_(e.position()), function_(e.function()), children_(std::move(children)),
      context_(context) {}

  column_ptr run(const columnar_batch& in, const selection& rows) override {
    auto size = in.size();
    if (rows.empty()) return scratch(size);
    auto result = apply(in, rows);
    arguments_.clear(); // lets their owners use the memory again
    return result;
  }

private:
  column_ptr apply(const columnar_batch& in, const selection& rows) {
    auto size = in.size();
    arguments_.clear();
    bool constant = function_.deterministic;
    for (auto& child : children_) {
      arguments_.push_back(child->run(in, rows));
      constant = constant && arguments_.back()->is_constant();
      if (function_.propagates_nulls && arguments_.back()->is_constant()
          && arguments_.back()->is_null(0))
        return column::nulls(type(), size);
    }
    if (constant && size > 1) {
      auto one = compute(1, selection(1));
      return column::constant(*one, size);
    }
    if (auto mapped = run_on_dictionary()) return mapped;
    return compute(size, rows);
  }

  /// A function of one text column in a dictionary runs over the dictionary.
  column_ptr run_on_dictionary() {
    if (function_.can_fail || !function_.deterministic || !function_.propagates_nulls)
      return nullptr;
    const column* dictionary = nullptr;
    for (const auto& a : arguments_) {
      if (a->is_constant()) continue;
      if (dictionary || a->encoding() != column_encoding::dictionary) return nullptr;
      dictionary = a.get();
    }
    if (!dictionary) return nullptr;
    auto values = dictionary->dictionary_values();
    if (values->size() > dictionary->size()) return nullptr;
    auto original = std::find_if(arguments_.begin(), arguments_.end(),
                                 [&](const column_ptr& a) { return a.get() == dictionary; });
    auto indices = std::exchange(*original, values);
    auto computed = compute(values->size(), selection(values->size()));
    return column::dictionary(computed, indices->indices(), indices->size());
  }

  column_ptr compute(std::size_t size, const selection& rows) {
    raw_.clear();
    for (auto& a : arguments_) {
      if (a->encoding() == column_encoding::dictionary) a = flattened(a);
      raw_.push_back(a.get());
    }
    auto out = scratch(size);
    auto chosen = rows;
    if (function_.propagates_nulls) merge_validity(*out, size);
    if (function_.dense && rows.size() * 4 >= size)
      chosen = selection(size);
    else if (out->may_have_nulls())
      chosen = valid_rows(*out, chosen);
    kernel_call call{raw_, chosen, size, *out, state_, context_};
    try {
      function_.run(call);
    } catch (const evaluation_error&) {
      throw;
    } catch (const broken_invariant&) {
      throw;
    } catch (const std::exception& e) {
      throw evaluation_error(position_, name_ + ": " + e.what());
    }
    return out;
  }

  /// NULL where an argument is.
  void merge_validity(column& out, std::size_t size) {
    auto words = (size + 63) / 64;
    for (const auto* a : raw_) {
      if (!a->may_have_nulls() || a->is_constant()) continue;
      auto* to = out.make_validity();
      const auto* from = a->validity();
      for (std::size_t w = 0; w < words; ++w) to[w] &= from[w];
    }
  }

  selection valid_rows(const column& out, const selection& rows) {
    const auto* valid = out.validity();
    valid_.resize(std::max(valid_.size(), rows.size()));
    std::size_t count = 0;
    rows.for_each([&](std::size_t i) {
      valid_[count] = static_cast<std::uint32_t>(i);
      count += valid[i / 64] >> (i % 64) & 1;
    });
    return {valid_.data(), count};
  }

  std::string name_;
  source_position position_;
  resolved_call function_;
  std::vector<node_ptr> children_;
  const expression_context& context_;
  std::unique_ptr<function_state> state_;
  std::vector<column_ptr> arguments_;
  std::vector<const column*> raw_;
  std::vector<std::uint32_t> valid_;
};

/// AND and OR: `decisive_` is the value that settles a row, FALSE for AND.
class junction_node final : public expression_node {
public:
  junction_node(const expression& e, std::vector<node_ptr> children)
    : expression_node(e.type()), decisive_(e.kind() == expression_kind::or_ ? 1 : 0),
      children_(std::move(children)) {}

  column_ptr run(const columnar_batch& in, const selection& rows) override {
    auto out = scratch(in.size());
    if (rows.empty()) return out;
    auto* values = out->values<std::uint8_t>();
    auto neutral = static_cast<std::uint8_t>(1 - decisive_);
    rows.for_each([&](std::size_t i) { values[i] = neutral; });
    auto left = rows;
    for (std::size_t c = 0; c < children_.size() && !left.empty(); ++c) {
      auto operand = children_[c]->run(in, left);
      combine(*out, *operand, left);
      if (c + 1 < children_.size()) left = unsettled(*out, left);
    }
    return out;
  }

private:
  void combine(column& out, const column& operand, const selection& rows) const {
    auto* values = out.values<std::uint8_t>();
    if (operand.is_flat() && !operand.may_have_nulls()) {
      const auto* in = operand.values<std::uint8_t>();
      auto decisive = decisive_;
      if (!out.may_have_nulls()) {
        if (decisive == 0)
          rows.for_each([&](std::size_t i) { values[i] = values[i] & in[i]; });
        else
          rows.for_each([&](std::size_t i) { values[i] = values[i] | in[i]; });
        return;
      }
      auto* valid = out.make_validity();
      rows.for_each([&](std::size_t i) {
        if (in[i] != decisive) return;
        values[i] = decisive;
        valid[i / 64] |= std::uint64_t{1} << (i % 64);
      });
      return;
    }
    rows.for_each([&](std::size_t i) {
      if (operand.is_null(i)) {
        if (values[i] != decisive_) out.set_null(i);
      } else if (operand.value<std::uint8_t>(i) == decisive_) {
        values[i] = decisive_;
        if (auto* valid = out.may_have_nulls() ? out.make_validity() : nullptr)
          valid[i / 64] |= std::uint64_t{1} << (i % 64);
      }
    });
  }

  /// The rows whose value another operand may still change.
  selection unsettled(const column& out, const selection& rows) {
    const auto* values = out.values<std::uint8_t>();
    const auto* valid = out.validity();
    left_.resize(std::max(left_.size(), rows.size()));
    std::size_t count = 0;
    auto decisive = decisive_;
    rows.for_each([&](std::size_t i) {
      left_[count] = static_cast<std::uint32_t>(i);
      bool settled = values[i] == decisive && (!valid || (valid[i / 64] >> (i % 64) & 1) != 0);
      count += settled ? 0 : 1;
    });
    return {left_.data(), count};
  }

  std::uint8_t decisive_;
  std::vector<node_ptr> children_;
  std::vector<std::uint32_t> left_;
};

class case_node final : public expression_node {
public:
  case_node(const expression& e, std::vector<node_ptr> children)
    : expression_node(e.type()), children_(std::move(children)) {}

  column_ptr run(const columnar_batch& in, const selection& rows) override {
    auto out = scratch(in.size());
    if (rows.empty()) return out;
    left_.resize(rows.size());
    for (std::size_t i = 0; i < rows.size(); ++i) left_[i] = rows[i];
    for (std::size_t c = 0; c + 1 < children_.size() && !left_.empty(); c += 2) {
      auto condition = children_[c]->run(in, selection(left_));
      chosen_.resize(left_.size());
      chosen_.resize(select_true(*condition, selection(left_), chosen_.data()));
      if (chosen_.empty()) continue;
      auto value = children_[c + 1]->run(in, selection(chosen_));
      out->copy_rows(*value, selection(chosen_));
      drop_chosen();
    }
    if (!left_.empty())
      out->copy_rows(*children_.back()->run(in, selection(left_)), selection(left_));
    return out;
  }

private:
  void drop_chosen() {
    std::size_t count = 0;
    std::size_t next = 0;
    for (auto row : left_) {
      if (next < chosen_.size() && chosen_[next] == row)
        ++next;
      else
        left_[count++] = row;
    }
    left_.resize(count);
  }

  std::vector<node_ptr> children_;
  std::vector<std::uint32_t> left_;
  std::vector<std::uint32_t> chosen_;
};

class coalesce_node final : public expression_node {
public:
  coalesce_node(const expression& e, std::vector<node_ptr> children)
    : expression_node(e.type()), children_(std::move(children)) {}

  column_ptr run(const columnar_batch& in, const selection& rows) override {
    auto first = children_[0]->run(in, rows);
    if (rows.empty() || !first->may_have_nulls()) return first;
    auto out = scratch(in.size());
    out->copy_rows(*first, rows);
    left_.clear();
    rows.for_each([&](std::size_t i) {
      if (first->is_null(i)) left_.push_back(static_cast<std::uint32_t>(i));
    });
    for (std::size_t c = 1; c < children_.size() && !left_.empty(); ++c) {
      auto next = children_[c]->run(in, selection(left_));
      out->copy_rows(*next, selection(left_));
      std::erase_if(left_, [&](std::uint32_t i) { return !next->is_null(i); });
    }
    return out;
  }

private:
  std::vector<node_ptr> children_;
  std::vector<std::uint32_t> left_;
};

} // namespace

std::unique_ptr<expression_node> make_node(const expression_ptr& tree,
                                           const expression_context& context) {
  std::vector<node_ptr> children;
  for (const auto& child : tree->children()) children.push_back(make_node(child, context));
  switch (tree->kind()) {
  case expression_kind::input:
    return std::make_unique<input_node>(tree->type(), tree->index());
  case expression_kind::literal:
    return std::make_unique<literal_node>(tree->value());
  case expression_kind::call:
  case expression_kind::cast:
    return std::make_unique<call_node>(*tree, std::move(children), context);
  case expression_kind::and_:
  case expression_kind::or_:
    return std::make_unique<junction_node>(*tree, std::move(children));
  case expression_kind::case_when:
    return std::make_unique<case_node>(*tree, std::move(children));
  case expression_kind::coalesce:
    return std::make_unique<coalesce_node>(*tree, std::move(children));
  }
  return nullptr;
}

} // namespace sluice::table::detail
