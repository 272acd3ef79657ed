# sluice::sluice: what a program links. The layers form a link group, because the framework calls
# the runtime through an interface that only the runtime's library defines.
# The group is written with the exported names: install(EXPORT) does not translate inside it.
add_library(sluice_sluice INTERFACE)
add_library(sluice::sluice ALIAS sluice_sluice)
set_target_properties(sluice_sluice PROPERTIES EXPORT_NAME sluice)
set(layers "")
foreach(layer IN ITEMS sluice::table_connectors sluice::connectors sluice::actors sluice::table sluice::framework)
  if(TARGET ${layer}) # it has sources already
    list(APPEND layers ${layer})
  endif()
endforeach()
list(JOIN layers "," layers)
target_link_libraries(sluice_sluice INTERFACE $<LINK_GROUP:RESCAN,${layers}>)
# A program loads only the shared libraries that the parts it uses need: it starts faster.
target_link_options(sluice_sluice INTERFACE LINKER:--as-needed)
install(TARGETS sluice_sluice EXPORT sluice_targets)
