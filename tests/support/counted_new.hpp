// An operator new that tells a test of every block. The program of the file
// that includes this has no other (cmake/test_programs.cmake).
#pragma once

#include <cstdlib>
#include <malloc.h>
#include <new>

/// The test defines it. @param more 1 for a block that is there from now on, -1
/// for one that goes. @param bytes what malloc gave for it.
///
/// Threads: all that allocate.
void count_block(std::size_t bytes, int more) noexcept;

void* operator new(std::size_t bytes) {
  void* made = std::malloc(bytes);
  if (!made)
    throw std::bad_alloc{};
  count_block(malloc_usable_size(made), 1);
  return made;
}

void operator delete(void* gone) noexcept {
  if (!gone)
    return;
  count_block(malloc_usable_size(gone), -1);
  std::free(gone);
}

void operator delete(void* gone, std::size_t) noexcept {
  operator delete(gone);
}
