# Installs what `find_package(sluice)` needs. tests/package/ proves that it works.
include(CMakePackageConfigHelpers)

set(sluice_package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/sluice)
configure_package_config_file(
  ${PROJECT_SOURCE_DIR}/cmake/sluiceConfig.cmake.in
  ${PROJECT_BINARY_DIR}/sluiceConfig.cmake
  INSTALL_DESTINATION ${sluice_package_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/sluiceConfigVersion.cmake
  COMPATIBILITY SameMinorVersion)

install(EXPORT sluice_targets
  FILE sluiceTargets.cmake
  NAMESPACE sluice::
  DESTINATION ${sluice_package_dir})
install(FILES
  ${PROJECT_BINARY_DIR}/sluiceConfig.cmake
  ${PROJECT_BINARY_DIR}/sluiceConfigVersion.cmake
  cmake/sluice_dependencies.cmake
  cmake/FindCAF.cmake
  DESTINATION ${sluice_package_dir})
