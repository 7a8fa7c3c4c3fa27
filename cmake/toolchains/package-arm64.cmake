set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CI_LAMBDA_TRIPLE aarch64-linux-gnu)
# Not GCC: Debian 12's cross compiler for arm64 puts the canary behind the return address where a buffer's size is known
# only to the run (CVE-2023-4039; tests/artefact/test_canary.py). The C++ library is GCC's in both.
set(CI_LAMBDA_CC clang-19)
set(CI_LAMBDA_CXX clang++-19)
set(CI_LAMBDA_SMALL -Oz) # smaller than its -Os, which is not as small as GCC's
include(${CMAKE_CURRENT_LIST_DIR}/package.cmake)
