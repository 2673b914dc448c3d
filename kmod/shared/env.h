/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * What the shared headers need of the world, for each world that compiles
 * them: the module, the XDP program, and user space. They use nothing else.
 */
#ifndef AVTPMAP_ENV_H
#define AVTPMAP_ENV_H

#if defined(__KERNEL__)

#include <asm/barrier.h>
#include <asm/byteorder.h>
#include <linux/compiler.h>
#include <linux/string.h>
#include <linux/types.h>

#define env_be16(x)		be16_to_cpu(x)
#define env_be32(x)		be32_to_cpu(x)
#define env_be64(x)		be64_to_cpu(x)
#define env_load(p)		READ_ONCE(*(p))
#define env_store(p, v)		WRITE_ONCE(*(p), v)
#define env_load_acquire(p)	smp_load_acquire(p)
#define env_store_release(p, v)	smp_store_release(p, v)
#define env_store_wmb(p, v)	do { WRITE_ONCE(*(p), v); smp_wmb(); } while (0)
#define env_copy(dst, src, n)	memcpy(dst, src, n)

#elif defined(__bpf__)

/* The program includes vmlinux.h or linux/types.h first, and bpf_endian.h. */
#define env_be16(x)		bpf_ntohs(x)
#define env_be32(x)		bpf_ntohl(x)
#define env_be64(x)		bpf_be64_to_cpu(x)
#define env_load(p)		(*(volatile typeof(*(p)) *)(p))
#define env_store(p, v)		(*(volatile typeof(*(p)) *)(p) = (v))
/* The program writes; what it reads again it has claimed, by a full barrier. */
#define env_load_acquire(p)	env_load(p)
/*
 * Plain BPF stores are unordered on arm64, and 6.1 has no store-release: an
 * atomic exchange is fully ordered on every JIT, so it is both A's barrier and
 * C's release. x86 orders stores by itself, and a BPF object in a library is
 * for one architecture: there only the compiler must not turn them round.
 */
#if defined(__TARGET_ARCH_x86)
#define env_compiler()		__asm__ volatile("" ::: "memory")
#define env_store_release(p, v)	do { env_compiler(); env_store(p, v); } while (0)
#define env_store_wmb(p, v)	do { env_store(p, v); env_compiler(); } while (0)
#else
#define env_store_release(p, v)	((void)__sync_lock_test_and_set(p, v))
#define env_store_wmb(p, v)	((void)__sync_lock_test_and_set(p, v))
#endif
#define env_copy(dst, src, n)	__builtin_memcpy(dst, src, n)	/* constant n */
/*
 * Clang knows no unaligned load for BPF and makes one for each octet of it; a frame's
 * fields the kernel lets a program load at once wherever the machine can.
 */
#define env_unaligned(type, p)	(*(const type *)(p))

#else

#include <endian.h>
#include <linux/types.h>
#include <string.h>

#define env_be16(x)		be16toh(x)
#define env_be32(x)		be32toh(x)
#define env_be64(x)		be64toh(x)
#define env_load(p)		__atomic_load_n(p, __ATOMIC_RELAXED)
#define env_store(p, v)		__atomic_store_n(p, v, __ATOMIC_RELAXED)
#define env_load_acquire(p)	__atomic_load_n(p, __ATOMIC_ACQUIRE)
#define env_store_release(p, v)	__atomic_store_n(p, v, __ATOMIC_RELEASE)

#define env_store_wmb(p, v)	do { env_store(p, v); env_wmb(); } while (0)

#if defined(__SANITIZE_THREAD__)
/*
 * A correct sequence lock is a race to TSan, and it does not know fences:
 * so there the words go one by one, atomically, in order.
 */
#define env_wmb()		do { } while (0)
#define env_rmb()		do { } while (0)
static inline void env_copy(void *dst, const void *src, __u32 n)
{
	const __u8 *s = src;
	__u8 *d = dst;

	for (__u32 i = 0; i < n; i++)
		__atomic_store_n(d + i, __atomic_load_n(s + i, __ATOMIC_ACQUIRE),
				 __ATOMIC_RELEASE);
}
#else
#define env_wmb()		__atomic_thread_fence(__ATOMIC_RELEASE)
#define env_rmb()		__atomic_thread_fence(__ATOMIC_ACQUIRE)
#define env_copy(dst, src, n)	memcpy(dst, src, n)
#endif

#endif

/* The straight way through is that of audio's next frame. */
#define env_likely(x)		__builtin_expect(!!(x), 1)
#define env_unlikely(x)		__builtin_expect(!!(x), 0)

#ifndef env_unaligned
#define env_unaligned(type, p)				\
	({						\
		type v_;				\
							\
		__builtin_memcpy(&v_, p, sizeof(v_));	\
		v_;					\
	})
#endif

/* Seldom called: it must not make the straight way longer. */
#define env_noinline		__attribute__((__noinline__, __unused__))

#ifndef __always_inline
#define __always_inline		inline __attribute__((__always_inline__))
#endif

#endif /* AVTPMAP_ENV_H */
