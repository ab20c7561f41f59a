# What the compiler has to know of its own build, and what `cmake --install` puts where:
#   bin/                      tools
#   lib/                      run-time libraries, the compiler as static libraries, libstrand
#   include/strand/           C headers
#   include/strand/compiler/  C++ headers of the compiler, as they are included here
#   lib/cmake/Strand/         find_package(Strand)
#   lib/pkgconfig/            strand.pc: what compiled models need; libstrand.pc: the compiler
include(CMakePackageConfigHelpers)
set(config ${PROJECT_SOURCE_DIR}/cmake)
configure_file(${config}/BuildConfig.h.in ${PROJECT_BINARY_DIR}/lib/Target/BuildConfig.h @ONLY)

set(compiler_headers ${CMAKE_INSTALL_INCLUDEDIR}/strand/compiler)
set(package ${CMAKE_INSTALL_LIBDIR}/cmake/Strand)

# ---- libraries ----
set(libraries StrandDialects StrandCore)
foreach(t strand_rt strand_main strand_external strand_gpu strand)
  if(TARGET ${t})
    list(APPEND libraries ${t})
    target_include_directories(${t} INTERFACE $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  endif()
endforeach()
if(TARGET strand_rt)
  find_package(Threads REQUIRED)
  target_link_libraries(strand_rt INTERFACE Threads::Threads m)
endif()
target_include_directories(StrandDialects INTERFACE $<INSTALL_INTERFACE:${compiler_headers}>
                           $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
install(TARGETS ${libraries} EXPORT StrandTargets)
install(EXPORT StrandTargets NAMESPACE Strand:: DESTINATION ${package})

# ---- headers ----
install(DIRECTORY include/strand DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
foreach(folder dialects lib)
  install(DIRECTORY ${folder} ${PROJECT_BINARY_DIR}/${folder} DESTINATION ${compiler_headers}
          FILES_MATCHING PATTERN "*.h" PATTERN "*.inc" PATTERN "*.td"
          PATTERN CMakeFiles EXCLUDE PATTERN Runtime EXCLUDE)
endforeach()

# ---- tools ----
file(GLOB mains RELATIVE ${PROJECT_SOURCE_DIR}/tools CONFIGURE_DEPENDS tools/*.cpp)
foreach(main ${mains})
  cmake_path(GET main STEM tool)
  set_target_properties(${tool} PROPERTIES INSTALL_RPATH_USE_LINK_PATH ON) # libMLIR is not where the loader looks
  install(TARGETS ${tool})
endforeach()

# ---- packages ----
configure_package_config_file(${config}/StrandConfig.cmake.in ${PROJECT_BINARY_DIR}/cmake/StrandConfig.cmake
                              INSTALL_DESTINATION ${package} PATH_VARS CMAKE_INSTALL_BINDIR)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/cmake/StrandConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/cmake/StrandConfig.cmake ${PROJECT_BINARY_DIR}/cmake/StrandConfigVersion.cmake
        DESTINATION ${package})
file(RELATIVE_PATH to_prefix /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
foreach(pc strand libstrand)
  configure_file(${config}/${pc}.pc.in ${PROJECT_BINARY_DIR}/cmake/${pc}.pc @ONLY)
  install(FILES ${PROJECT_BINARY_DIR}/cmake/${pc}.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
endforeach()
