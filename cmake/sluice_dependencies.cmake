# Finds the libraries that Sluice is made of. Used by the build and by the installed package, so
# that both always agree; a name that is missing here is missing nowhere else.
include(CMakeFindDependencyMacro)

# A C library that ships no CMake package: sluice::<name> from its header and its library file.
# Without LIBRARY the target is header-only.
function(sluice_find_plain name)
  cmake_parse_arguments(arg "" "HEADER;LIBRARY" "" ${ARGN})
  if(TARGET sluice::${name})
    return()
  endif()
  find_path(SLUICE_${name}_INCLUDE_DIR ${arg_HEADER} REQUIRED)
  mark_as_advanced(SLUICE_${name}_INCLUDE_DIR)
  add_library(sluice::${name} INTERFACE IMPORTED)
  target_include_directories(sluice::${name} SYSTEM INTERFACE ${SLUICE_${name}_INCLUDE_DIR})
  if(arg_LIBRARY)
    find_library(SLUICE_${name}_LIBRARY ${arg_LIBRARY} REQUIRED)
    mark_as_advanced(SLUICE_${name}_LIBRARY)
    target_link_libraries(sluice::${name} INTERFACE ${SLUICE_${name}_LIBRARY})
  endif()
endfunction()

find_dependency(Threads)
find_dependency(Boost 1.81 CONFIG COMPONENTS json)
find_dependency(CAF 0.17.6 COMPONENTS core io)
find_dependency(fmt CONFIG)
find_dependency(spdlog CONFIG)
find_dependency(simdjson CONFIG)
find_dependency(zstd CONFIG)
find_dependency(ZLIB)
find_dependency(absl CONFIG)
find_dependency(OpenSSL COMPONENTS Crypto SSL)
sluice_find_plain(lz4 HEADER lz4.h LIBRARY lz4)
if(SLUICE_KAFKA)
  sluice_find_plain(rdkafka HEADER librdkafka/rdkafka.h LIBRARY rdkafka)
endif()
sluice_find_plain(xxhash HEADER xxhash.h)  # used with XXH_INLINE_ALL
sluice_find_plain(xxhash_library HEADER xxhash.h LIBRARY xxhash)
sluice_find_plain(re2 HEADER re2/re2.h LIBRARY re2)
