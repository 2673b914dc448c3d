// SPDX-License-Identifier: MIT
/*
 * libxdp and libbpf print what we say better. Their printers are the process's,
 * which may have its own: this thread is silenced, and only while it is at it.
 */
#include <bpf/libbpf.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <xdp/libxdp.h>

#include "xdp.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int users; /* threads that are silenced */
static libxdp_print_fn_t xdp_was;
static libbpf_print_fn_t bpf_was;

static __thread int hushed;
/* What a driver says of its refusal comes no other way than printed. */
static __thread char drivers_words[96];

static int print_xdp(enum libxdp_print_level level, const char *format,
		     va_list ap)
{
	libxdp_print_fn_t was = __atomic_load_n(&xdp_was, __ATOMIC_ACQUIRE);

	return hushed || !was ? 0 : was(level, format, ap);
}

static int print_bpf(enum libbpf_print_level level, const char *format,
		     va_list ap)
{
	libbpf_print_fn_t was = __atomic_load_n(&bpf_was, __ATOMIC_ACQUIRE);
	const char *said = strstr(format, "Kernel error message: %s");

	if (!hushed)
		return was ? was(level, format, ap) : 0;
	if (said) {
		vsnprintf(drivers_words, sizeof(drivers_words),
			  strchr(said, '%'), ap);
		drivers_words[strcspn(drivers_words, "\n")] = '\0';
	}
	return 0;
}

void xdp_hush(void)
{
	drivers_words[0] = '\0';
	hushed++;
	pthread_mutex_lock(&lock);
	if (!users++) {
		__atomic_store_n(&xdp_was, libxdp_set_print(print_xdp),
				 __ATOMIC_RELEASE);
		__atomic_store_n(&bpf_was, libbpf_set_print(print_bpf),
				 __ATOMIC_RELEASE);
	}
	pthread_mutex_unlock(&lock);
}

/* Who has set another one meanwhile keeps it. */
static void put_back(void)
{
	libxdp_print_fn_t xdp = libxdp_set_print(xdp_was);
	libbpf_print_fn_t bpf = libbpf_set_print(bpf_was);

	if (xdp != print_xdp)
		libxdp_set_print(xdp);
	if (bpf != print_bpf)
		libbpf_set_print(bpf);
}

void xdp_unhush(void)
{
	pthread_mutex_lock(&lock);
	if (!--users)
		put_back();
	pthread_mutex_unlock(&lock);
	hushed--;
}

const char *xdp_drivers_words(void)
{
	return drivers_words;
}
