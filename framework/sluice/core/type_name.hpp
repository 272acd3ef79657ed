/// Readable names of C++ types for plans, logs and errors.
#pragma once

#include <string>
#include <string_view>
#include <typeinfo>

namespace sluice {

/// Demangles and shortens what the compiler calls a type ("std::string", not its 80 letters).
std::string readable_type_name(const std::type_info& type);

/// The readable name of `T`, built once.
template <class T>
const std::string& type_name() {
  static const std::string name = readable_type_name(typeid(T));
  return name;
}

} // namespace sluice
