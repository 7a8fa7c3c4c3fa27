/* usage: canary FIXED|DYNAMIC BYTES: writes so many bytes beyond the end of a buffer on the stack, of a fixed size or of
   one that only the run knows. 0 if nothing noticed. */
#include <alloca.h>
#include <stdlib.h>
#include <string.h>

enum { kSize = 64 };

/* Not inlined, and through a pointer that the compiler knows nothing about: only the canary can notice. */
__attribute__((noinline)) static void fill(volatile char* target, size_t count) {
    for (size_t i = 0; i < count; ++i) target[i] = 'A';
}

__attribute__((noinline)) static void overflow_fixed(size_t beyond) {
    char buffer[kSize];
    fill(buffer, kSize + beyond);
}

__attribute__((noinline)) static void overflow_dynamic(size_t size, size_t beyond) {
    char* const buffer = (char*)alloca(size);
    fill(buffer, size + beyond);
}

int main(int count, char** words) {
    if (count != 3) return 2;
    const size_t beyond = (size_t)atoi(words[2]);
    if (strcmp(words[1], "fixed") == 0)
        overflow_fixed(beyond);
    else
        overflow_dynamic((size_t)(kSize + (count - 3)), beyond);
    return 0;
}
