# How the shipped program and its curl are compiled: one static, position-independent, hardened executable, the same
# bytes wherever it is built. Included by package-x86_64.cmake and package-arm64.cmake, which name the architecture and the
# compilers.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_C_COMPILER ${CI_LAMBDA_CC})
set(CMAKE_CXX_COMPILER ${CI_LAMBDA_CXX})
# clang is told the target; GCC has it in its name and pays no heed.
set(CMAKE_C_COMPILER_TARGET ${CI_LAMBDA_TRIPLE})
set(CMAKE_CXX_COMPILER_TARGET ${CI_LAMBDA_TRIPLE})
set(CMAKE_AR ${CI_LAMBDA_TRIPLE}-ar)
set(CMAKE_RANLIB ${CI_LAMBDA_TRIPLE}-ranlib)

# Where packaging/fetch_debian.sh has put OpenSSL and glibc of this architecture.
set(CI_LAMBDA_SYSROOT "" CACHE PATH "The unpacked development packages of the target")
list(APPEND CMAKE_TRY_COMPILE_PLATFORM_VARIABLES CI_LAMBDA_SYSROOT)
set(libraries ${CI_LAMBDA_SYSROOT}/usr/lib/${CI_LAMBDA_TRIPLE})
set(OPENSSL_USE_STATIC_LIBS ON)
set(OPENSSL_ROOT_DIR ${CI_LAMBDA_SYSROOT}/usr)
set(OPENSSL_INCLUDE_DIR ${CI_LAMBDA_SYSROOT}/usr/include)
set(OPENSSL_SSL_LIBRARY ${libraries}/libssl.a)
set(OPENSSL_CRYPTO_LIBRARY ${libraries}/libcrypto.a)

set(flags
  -fPIE -ffunction-sections -fdata-sections -fstack-protector-strong -D_FORTIFY_SOURCE=2 -Wformat -Werror=format-security
  # Debian's own cross glibc gets no security updates: the one that was fetched goes before it, headers and all.
  -B${libraries}/ -isystem ${CI_LAMBDA_SYSROOT}/usr/include -isystem ${CI_LAMBDA_SYSROOT}/usr/include/${CI_LAMBDA_TRIPLE}
  # No path of the machine gets into the program.
  -ffile-prefix-map=${CMAKE_SOURCE_DIR}=. -ffile-prefix-map=${CMAKE_BINARY_DIR}=build)
list(JOIN flags " " flags)
set(CMAKE_C_FLAGS_INIT ${flags})
set(CMAKE_CXX_FLAGS_INIT ${flags})
# Small is what counts on a cold start, and the program computes next to nothing. Curl alone is compiled for speed
# (docs/benchmarks.md).
set(CMAKE_C_FLAGS_RELEASE "${CI_LAMBDA_SMALL} -DNDEBUG" CACHE STRING "")
set(CMAKE_CXX_FLAGS_RELEASE "${CI_LAMBDA_SMALL} -DNDEBUG" CACHE STRING "")
string(JOIN " " CMAKE_EXE_LINKER_FLAGS_INIT
  -static-pie -s -L${libraries} -Wl,--gc-sections -Wl,-z,relro,-z,now -Wl,-z,noexecstack -Wl,--build-id=sha1)
