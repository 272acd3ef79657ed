/// Sources of the DataStream API whose records are columnar batches.
#pragma once

#include "sluice/io/source.hpp"
#include "sluice/table/column/columnar_batch.hpp"

#include <memory>
#include <string>
#include <utility>

namespace sluice::table::internal {

/// `Core` is what the connector's own source is made of, with a format or a deserializer of rows.
template <class Core>
class columnar_source final : public source_base {
public:
  template <class... Args>
  explicit columnar_source(Args&&... args) : core_(std::forward<Args>(args)...) {}

  const element_type& type() const noexcept override { return columnar_rows(); }
  boundedness bounded() const noexcept override { return core_.bounded(); }
  std::string name() const override { return core_.name(); }
  std::unique_ptr<split_enumerator> make_enumerator(std::uint32_t) const override {
    return core_.make_enumerator();
  }
  std::unique_ptr<source_reader> make_reader() const override { return core_.make_reader(); }
  void validate() const override { core_.validate(); }

private:
  Core core_;
};

} // namespace sluice::table::internal
