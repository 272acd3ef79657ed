#include "sluice/core/thrown.hpp"

#include "sluice/core/type_name.hpp"

#include <cxxabi.h>

#include <exception>

namespace sluice {

std::string text_of_thrown() {
  try {
    throw;
  } catch (const std::exception& e) {
    return e.what();
  } catch (const char* text) {
    return text;
  } catch (const std::string& text) {
    return text;
  } catch (...) {
    auto* type = abi::__cxa_current_exception_type();
    return "an exception of type " + (type ? readable_type_name(*type) : std::string("unknown"));
  }
}

} // namespace sluice
