set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CI_LAMBDA_TRIPLE aarch64-linux-gnu)
include(${CMAKE_CURRENT_LIST_DIR}/package.cmake)
