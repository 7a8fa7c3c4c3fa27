# Options and warnings that every target of ours takes, and one library per room.

add_library(ci_lambda_options INTERFACE)
target_include_directories(ci_lambda_options INTERFACE ${PROJECT_SOURCE_DIR}/src ${PROJECT_SOURCE_DIR})
target_compile_definitions(ci_lambda_options INTERFACE
  $<$<CONFIG:Debug>:_GLIBCXX_ASSERTIONS>)

add_library(ci_lambda_warnings INTERFACE)
target_compile_options(ci_lambda_warnings INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wnon-virtual-dtor -Woverloaded-virtual -Wold-style-cast
  # GCC 12 also warns of designated initialisers that leave the rest at its default, which is what they are for.
  -Wno-missing-field-initializers
  # std::stable_sort of GCC 12 uses what C++17 deprecated; g++ does not tell of its own library, clang does.
  $<$<CXX_COMPILER_ID:Clang>:-Wno-deprecated-declarations>
  # What GCC's -Wshadow has and clang's has not: the package is built by GCC, long after clang has found nothing.
  $<$<CXX_COMPILER_ID:Clang>:-Wshadow-uncaptured-local>
  # GCC takes each file of a unity for a header, in which an unnamed namespace would be a mistake.
  $<$<AND:$<CXX_COMPILER_ID:GNU>,$<OR:$<BOOL:${CMAKE_UNITY_BUILD}>,$<BOOL:$<TARGET_PROPERTY:UNITY_BUILD>>>>:-Wno-subobject-linkage>
  $<$<BOOL:${CI_LAMBDA_WERROR}>:-Werror>)

# What libFuzzer counts in the rooms, and optimised: millions of inputs go through them, and their tests are the quicker
# for it. What links them needs AddressSanitizer's runtime, which takes the counts where libFuzzer is not there.
set(ci_lambda_fuzz_options $<$<BOOL:${CI_LAMBDA_FUZZ}>:-O1> $<$<BOOL:${CI_LAMBDA_FUZZ}>:-fsanitize=fuzzer-no-link>)

# add_room(NAME SOURCES a.cpp .. [HEADERS b.hpp ..] ROOMS base .. LIBRARIES curl-and-the-like ..)
#
# A room sees the rooms that it lists, what these see, and no others: the list keeps the arrows of docs/architecture.md. The
# linker keeps it for what is defined in .cpp files, the test `lint.rooms` (cmake/rooms.py) for what is included.
#
# NOT_FUZZED: no fuzz program links it; it is compiled in half of the time without what those need.
# HEADERS: headers that belong to this room although another one has sources in their directory.
function(add_room name)
  cmake_parse_arguments(ROOM "NOT_FUZZED" "" "SOURCES;HEADERS;ROOMS;LIBRARIES" ${ARGN})
  if(ROOM_SOURCES)
    add_library(room_${name} STATIC ${ROOM_SOURCES})
    set(scope PUBLIC)
    target_link_libraries(room_${name} PRIVATE ci_lambda_warnings ${ROOM_LIBRARIES})
    if(NOT ROOM_NOT_FUZZED)
      target_compile_options(room_${name} PRIVATE ${ci_lambda_fuzz_options})
    endif()
  else()
    add_library(room_${name} INTERFACE) # headers alone
    set(scope INTERFACE)
  endif()
  set_target_properties(room_${name} PROPERTIES ROOM_HEADERS "${ROOM_HEADERS}")
  target_link_libraries(room_${name} ${scope} ci_lambda_options fmt::fmt)
  foreach(room IN LISTS ROOM_ROOMS)
    target_link_libraries(room_${name} ${scope} room_${room})
  endforeach()
endfunction()
