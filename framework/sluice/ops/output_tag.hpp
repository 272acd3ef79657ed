/// Names of side outputs.
#pragma once

#include "sluice/core/batch.hpp"

#include <string>
#include <vector>

namespace sluice {

/// Identifies a side output of type `T` by its name.
template <class T>
class output_tag {
public:
  explicit output_tag(std::string name) : name_(std::move(name)) {}
  const std::string& name() const noexcept { return name_; }

private:
  std::string name_;
};

/// A side output as the plan knows it: port i + 1 of the operator.
struct side_output {
  std::string name;
  const element_type* type;
};

} // namespace sluice
