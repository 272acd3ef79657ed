# Functions that register tests with ctest.
find_package(Boost 1.81 CONFIG REQUIRED COMPONENTS unit_test_framework)
find_package(Python3 REQUIRED COMPONENTS Interpreter)

# main() of every test executable, compiled once; test files must not define BOOST_TEST_MODULE.
set(SLUICE_TEST_MAIN ${PROJECT_BINARY_DIR}/generated/test_main.cpp)
file(CONFIGURE OUTPUT ${SLUICE_TEST_MAIN} CONTENT
  "#define BOOST_TEST_MODULE sluice\n#include <boost/test/unit_test.hpp>\n")
set_source_files_properties(${SLUICE_TEST_MAIN} PROPERTIES SKIP_PRECOMPILE_HEADERS ON)
add_library(sluice_test_main OBJECT ${SLUICE_TEST_MAIN} ${SLUICE_EMPTY_SOURCE})
target_link_libraries(sluice_test_main
  PUBLIC sluice::sluice Boost::unit_test_framework
  PRIVATE sluice_warnings)
target_compile_definitions(sluice_test_main PUBLIC BOOST_TEST_DYN_LINK)
target_include_directories(sluice_test_main PUBLIC ${PROJECT_SOURCE_DIR}/tests)
sluice_precompile(sluice_test_main <boost/test/unit_test.hpp>)

# One executable per area: bin/<name>_test, in ctest as <name>.
#
#   sluice_test(NAME core SOURCES unit/core/codec_test.cpp ... [LABELS slow] [TIMEOUT seconds]
#               [DEPENDS CAF::core] [SERIAL]        # SERIAL: measures time, so runs alone
#               [LAUNCHER command...])              # runs the test; status 77: it is skipped
function(sluice_test)
  cmake_parse_arguments(arg "SERIAL" "NAME;TIMEOUT" "SOURCES;LABELS;DEPENDS;LAUNCHER" ${ARGN})
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 120)
  endif()
  if(SLUICE_SANITIZE)
    math(EXPR arg_TIMEOUT "${arg_TIMEOUT} * 6")
  endif()
  set(target ${arg_NAME}_test)
  add_executable(${target} ${arg_SOURCES})
  target_link_libraries(${target} PRIVATE sluice_test_main ${arg_DEPENDS} sluice_warnings)
  if(SLUICE_PCH)
    target_precompile_headers(${target} REUSE_FROM sluice_test_main)
  endif()
  add_test(NAME ${arg_NAME} COMMAND ${arg_LAUNCHER} $<TARGET_FILE:${target}> --color_output=no --report_level=short)
  set_tests_properties(${arg_NAME} PROPERTIES LABELS "${arg_LABELS}" TIMEOUT ${arg_TIMEOUT}
    RUN_SERIAL ${arg_SERIAL} SKIP_RETURN_CODE 77)
endfunction()

# A file full of mistakes, each of which must be one error that says what is wrong: see
# tests/compile_fail/check_errors.py.
#
#   sluice_compile_fail_test(keyed)    # tests/compile_fail/keyed.cpp
function(sluice_compile_fail_test name)
  add_test(NAME compile_fail.${name}
    COMMAND Python3::Interpreter ${CMAKE_CURRENT_SOURCE_DIR}/compile_fail/check_errors.py
      ${CMAKE_CURRENT_SOURCE_DIR}/compile_fail/${name}.cpp
      ${CMAKE_CXX_COMPILER} @${PROJECT_BINARY_DIR}/flags/sluice_framework.rsp
      -I${PROJECT_SOURCE_DIR}/connectors)
  set_tests_properties(compile_fail.${name} PROPERTIES LABELS compile_fail TIMEOUT 120)
endfunction()

# A check of the tree that is a Python script: sluice_check(layers tools/check_layers.py arg...).
function(sluice_check name script)
  add_test(NAME ${name}
    COMMAND Python3::Interpreter ${PROJECT_SOURCE_DIR}/${script} ${ARGN}
    WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
  set_tests_properties(${name} PROPERTIES LABELS check TIMEOUT 600)
endfunction()
