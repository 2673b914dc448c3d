// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* What a reader writes, or tries to write, changes nothing for anyone. */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>

#include "test.h"

static sigjmp_buf back;

static void on_fault(int sig)
{
	siglongjmp(back, sig);
}

/* Whether a store to @p is refused by the memory itself. */
static int write_faults(volatile unsigned char *p)
{
	struct sigaction sa = { .sa_handler = on_fault };

	sigaction(SIGSEGV, &sa, NULL);
	if (sigsetjmp(back, 1))
		return 1;
	*p = 0;
	return 0;
}

CASE(a_ring_cannot_be_made_writable, BED_ISOLATION)
{
	const struct avtpmap_ring_hdr *hdr;
	struct avtpmap_stream *s;
	void *ring;

	rig_add(rig, STREAM_ID, NULL);
	s = rig_open(rig, STREAM_ID, 0, 0);
	hdr = avtpmap_header(s);
	ring = (void *)hdr;
	check_eq(mprotect(ring, 4096, PROT_READ | PROT_WRITE), -1);
	check_eq(errno, EACCES);
	check_eq(mprotect((char *)ring + AVTPMAP_HEADER_BYTES, hdr->stride,
			  PROT_WRITE),
		 -1);
	check(write_faults((void *)&hdr->head));
	check(write_faults((void *)&hdr->counters[0]));
	check(write_faults((unsigned char *)ring + AVTPMAP_HEADER_BYTES));
	if (rig->bed->caps & BED_DEVICE)
		check_eq(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED,
			      avtpmap_fd(s), AVTPMAP_MMAP_RING) == MAP_FAILED,
			 1);
	avtpmap_close(s);
}

/*
 * Everything that @s is told of the next @n frames must be what an untouched
 * reader is told.
 */
static void same_as(struct rig *rig, struct talker *t,
		    struct avtpmap_stream *honest, struct avtpmap_stream *liar,
		    uint64_t lie)
{
	uint64_t periods = rig_info(honest).periods;
	uint64_t liar_wakes = rig_info(liar).wakes_period;
	int due;

	avtpmap_ring(liar)->reader->acked = lie;
	memset((uint64_t *)avtpmap_ring(liar)->reader + 1, lie & 0xff,
	       4096 - sizeof(uint64_t));
	rig_send(rig, t, 64);
	rig_poll(honest, &due);
	check_eq(due, 64 * 6 / 48);
	check_eq(rig_info(honest).periods, periods + 64 * 6 / 48);
	check_eq(rig_info(honest).wakes_period, periods + 64 * 6 / 48);
	check_eq(rig_info(liar).wakes_period, liar_wakes + 64 * 6 / 48);
	check_eq(rig_drain(honest), 64);
	rig_poll(honest, &due);
	check_eq(due, 0);
}

CASE(a_reader_that_scribbles_over_its_page_changes_nothing, BED_ISOLATION)
{
	uint64_t lies[] = { 0, ~0ull, 1, 1ull << 63, 0x5a5a5a5a5a5a5a5aull };
	struct avtpmap_stream *honest, *liar;
	const uint32_t n = fewer(50);
	struct talker t;
	uint64_t seed = 3;
	int due;

	rig_add(rig, STREAM_ID, NULL);
	honest = rig_open(rig, STREAM_ID, 48, 0);
	liar = rig_open(rig, STREAM_ID, 48, 0);
	talker_init(&t, &aaf_stereo, STREAM_ID);
	for (size_t i = 0; i < N_ELEMS(lies); i++)
		same_as(rig, &t, honest, liar, lies[i]);
	for (uint32_t i = 0; i < n; i++)
		same_as(rig, &t, honest, liar, rnd(&seed));
	for (uint32_t i = 0; i < n; i++) /* positions that could be */
		same_as(rig, &t, honest, liar,
			rnd_below(&seed, 2 * t.next.pos));
	check_eq(rig_counter(honest, AVTPMAP_C_FRAMES_RX), (5 + 2 * n) * 64);
	/* the liar is told what follows from its own lie, and stays clamped */
	avtpmap_ring(liar)->reader->acked = 0;
	rig_poll(liar, &due);
	check_eq(due, (5 + 2 * n) * 64 * 6 / 48);
	avtpmap_ring(liar)->reader->acked = ~0ull;
	rig_poll(liar, &due);
	check_eq(due, 0);
	avtpmap_close(liar);
	avtpmap_close(honest);
}
