# sluice_library(): one layer of Sluice, named sluice_<name> and sluice::<name>.
#
#   sluice_library(NAME framework
#     SOURCES sluice/core/check.cpp ...   # by hand, relative to the layer's folder
#     DEPENDS fmt::fmt ...                # what the layer's headers need
#     PRIVATE_DEPENDS sluice::lz4 ...     # what only its .cpp files need
#     PUBLIC_HEADERS sluice/runtime/x.hpp # default: every header outside internal/
#     SHARED_FOLDER                       # another library of this folder installs the headers
#   )
#
# The layer's folder is its include root. The function also sets the warnings, the precompiled
# standard headers, the installation and the flags that the header check compiles with.
include(sluice_flags)

function(sluice_library)
  cmake_parse_arguments(arg "SHARED_FOLDER" "NAME" "SOURCES;DEPENDS;PRIVATE_DEPENDS;PUBLIC_HEADERS" ${ARGN})
  set(target sluice_${arg_NAME})
  if(NOT arg_SOURCES)
    message(STATUS "${target}: no sources yet, left out")
    return()
  endif()

  add_library(${target} STATIC ${arg_SOURCES})
  add_library(sluice::${arg_NAME} ALIAS ${target})
  set_target_properties(${target} PROPERTIES EXPORT_NAME ${arg_NAME})
  target_compile_features(${target} PUBLIC cxx_std_20)
  target_include_directories(${target} PUBLIC
    $<BUILD_INTERFACE:${CMAKE_CURRENT_SOURCE_DIR}>
    $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  target_link_libraries(${target}
    PUBLIC ${arg_DEPENDS}
    PRIVATE ${arg_PRIVATE_DEPENDS} $<BUILD_INTERFACE:sluice_warnings>)
  sluice_precompile(${target})
  sluice_write_flags(${target})
  install(TARGETS ${target} EXPORT sluice_targets
    ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
  if(arg_SHARED_FOLDER)
    return()
  endif()

  set_property(GLOBAL APPEND PROPERTY SLUICE_HEADER_ROOTS
    ${PROJECT_BINARY_DIR}/flags/${target}.rsp=${CMAKE_CURRENT_SOURCE_DIR})
  if(arg_PUBLIC_HEADERS)
    foreach(header IN LISTS arg_PUBLIC_HEADERS)
      cmake_path(GET header PARENT_PATH folder)
      install(FILES ${header} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/${folder})
    endforeach()
  else()
    install(DIRECTORY sluice/ DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/sluice
      FILES_MATCHING PATTERN "*.hpp" PATTERN internal EXCLUDE)
  endif()
endfunction()

# An executable of ours (example, benchmark, test): the whole of Sluice, and our warnings.
function(sluice_executable target)
  cmake_parse_arguments(arg "" "" "SOURCES;DEPENDS" ${ARGN})
  add_executable(${target} ${arg_SOURCES})
  target_link_libraries(${target} PRIVATE sluice::sluice ${arg_DEPENDS} sluice_warnings)
  sluice_precompile_program(${target})
endfunction()
