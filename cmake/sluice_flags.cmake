# Compiler flags as data: precompiled standard headers, and response files for checks that call
# the compiler themselves (self-contained headers, programs that must not compile).

# A target that owns a precompiled header needs a source that uses it.
set(SLUICE_EMPTY_SOURCE ${PROJECT_BINARY_DIR}/generated/empty.cpp)
file(CONFIGURE OUTPUT ${SLUICE_EMPTY_SOURCE} CONTENT "// Only here to own a precompiled header.\n")

# Standard headers and fmt only: what every file includes anyway. A header of ours here would hide
# a missing #include, and would rebuild everything when it changes.
function(sluice_precompile target)
  if(SLUICE_PCH)
    target_precompile_headers(${target} PRIVATE
      <algorithm> <chrono> <cstdint> <functional> <map> <memory> <optional> <string>
      <string_view> <unordered_map> <utility> <variant> <vector> <fmt/format.h> ${ARGN})
  endif()
endfunction()

# Examples and benchmarks share one precompiled header.
function(sluice_precompile_program target)
  if(NOT SLUICE_PCH)
    return()
  endif()
  if(NOT TARGET sluice_program_pch)
    add_library(sluice_program_pch OBJECT ${SLUICE_EMPTY_SOURCE})
    target_link_libraries(sluice_program_pch PRIVATE sluice::sluice sluice_warnings)
    sluice_precompile(sluice_program_pch)
  endif()
  target_precompile_headers(${target} REUSE_FROM sluice_program_pch)
endfunction()

# Writes <build>/flags/<target>.rsp, so that `g++ @file -fsyntax-only x.cpp` compiles as the target
# does (its include folders, definitions and language standard, without its warnings).
function(sluice_write_flags target)
  set(includes "$<REMOVE_DUPLICATES:$<TARGET_PROPERTY:${target},INCLUDE_DIRECTORIES>>")
  set(definitions "$<REMOVE_DUPLICATES:$<TARGET_PROPERTY:${target},COMPILE_DEFINITIONS>>")
  file(GENERATE OUTPUT ${PROJECT_BINARY_DIR}/flags/${target}.rsp
    CONTENT "-std=c++${CMAKE_CXX_STANDARD}
$<$<BOOL:${includes}>:-I$<JOIN:${includes},\n-I>>
$<$<BOOL:${definitions}>:-D$<JOIN:${definitions},\n-D>>
")
endfunction()
