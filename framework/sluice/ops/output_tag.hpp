/// Names of side outputs.
#pragma once

#include "sluice/core/batch.hpp"
#include "sluice/io/bad_record.hpp"

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

/// The side output of a source whose format diverts what it cannot read (`on_error::divert`
/// without a handler): `env.from_source(...).get_side_output(malformed_records)`.
inline const output_tag<bad_record> malformed_records("malformed records");

/// A side output as the plan knows it: port i + 1 of the operator.
struct side_output {
  std::string name;
  const element_type* type;
};

} // namespace sluice
