# What the compiler has to know of its own build, and what `cmake --install` puts where.
configure_file(${PROJECT_SOURCE_DIR}/cmake/BuildConfig.h.in ${PROJECT_BINARY_DIR}/lib/Target/BuildConfig.h @ONLY)
