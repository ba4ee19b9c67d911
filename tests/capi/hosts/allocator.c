/* A host's own allocator, as Electron has one: memory that comes from another aborts when it is given back here. */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define OURS 0x71756e7a68752121ULL

struct head {
    uint64_t magic;
    void *raw;
    size_t size;
    size_t unused;
};

extern void *__libc_malloc(size_t);
extern void __libc_free(void *);

static struct head *head_of(void *given)
{
    struct head *head = (struct head *)given - 1;
    static const char text[] = "memory of another allocator\n";

    if (head->magic != OURS) {
        if (write(2, text, sizeof text - 1))
            abort();
        abort();
    }
    return head;
}

static void *aligned(size_t alignment, size_t size)
{
    char *raw = __libc_malloc(size + alignment + sizeof(struct head)), *given;
    struct head *head;

    if (!raw)
        return NULL;
    given = (char *)(((uintptr_t)raw + sizeof(struct head) + alignment - 1) / alignment * alignment);
    head = (struct head *)given - 1;
    head->magic = OURS, head->raw = raw, head->size = size;
    return given;
}

void *malloc(size_t size)
{
    return aligned(16, size);
}

void free(void *given)
{
    if (given) {
        struct head *head = head_of(given);
        head->magic = 0;
        __libc_free(head->raw);
    }
}

void *calloc(size_t count, size_t size)
{
    void *given = size && count > SIZE_MAX / size ? NULL : aligned(16, count * size);
    return given ? memset(given, 0, count * size) : NULL;
}

void *realloc(void *given, size_t size)
{
    void *other = aligned(16, size);
    if (other && given) {
        size_t old = head_of(given)->size;
        memcpy(other, given, old < size ? old : size);
        free(given);
    }
    return other;
}

void *memalign(size_t alignment, size_t size)
{
    return aligned(alignment < 16 ? 16 : alignment, size);
}

void *aligned_alloc(size_t alignment, size_t size)
{
    return memalign(alignment, size);
}

int posix_memalign(void **place, size_t alignment, size_t size)
{
    void *given = memalign(alignment, size);
    if (!given)
        return ENOMEM;
    *place = given;
    return 0;
}

size_t malloc_usable_size(void *given)
{
    return given ? head_of(given)->size : 0;
}
