set(CMAKE_SYSTEM_PROCESSOR x86_64)
set(CI_LAMBDA_TRIPLE x86_64-linux-gnu)
set(CI_LAMBDA_CC x86_64-linux-gnu-gcc)
set(CI_LAMBDA_CXX x86_64-linux-gnu-g++)
set(CI_LAMBDA_SMALL -Os)
include(${CMAKE_CURRENT_LIST_DIR}/package.cmake)
# Twenty thousand start-up relocations in seven kilobytes instead of half a megabyte; binutils of Debian 12 can do this for x86_64 alone.
string(APPEND CMAKE_EXE_LINKER_FLAGS_INIT " -Wl,-z,pack-relative-relocs")
