// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/* A real-time thread may call what is said to be real-time safe. */
#include <pthread.h>
#include <sched.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "process.h"
#include "test.h"

enum { PERIOD = 64, PERIODS = 500, BURST = 32, STACK_BYTES = 256 << 10 };

/* ---- the trap: every allocation of this thread is counted ---- */

void *__libc_malloc(size_t bytes);
void *__libc_calloc(size_t n, size_t bytes);
void *__libc_realloc(void *p, size_t bytes);
void __libc_free(void *p);

static __thread unsigned long allocations;

void *malloc(size_t bytes)
{
	allocations++;
	return __libc_malloc(bytes);
}

void *calloc(size_t n, size_t bytes)
{
	allocations++;
	return __libc_calloc(n, bytes);
}

void *realloc(void *p, size_t bytes)
{
	allocations++;
	return __libc_realloc(p, bytes);
}

void free(void *p)
{
	allocations += !!p;
	__libc_free(p);
}

/* ---- the thread ---- */

struct job {
	struct avtpmap_stream *audio;
	struct avtpmap_stream *frames;
	struct avtpmap_pcm *pcm;
	volatile unsigned long periods;
	unsigned long allocations;
	long faults;
	int policy;
	int failed;
};

static long faults_so_far(void)
{
	struct rusage ru;

	getrusage(RUSAGE_THREAD, &ru);
	return ru.ru_minflt + ru.ru_majflt;
}

/* All that a cycle may do; returns how many periods it did. */
static int cycle(struct job *job, float *const planes[2])
{
	uint64_t counters[AVTPMAP_N_COUNTERS];
	struct avtpmap_format format;
	const struct avtpmap_slot *slot;
	volatile unsigned char sink;
	int due = avtpmap_wait(job->audio, AVTPMAP_FOREVER);

	avtpmap_events(job->audio);
	for (int i = 0; i < due; i++) {
		int n = avtpmap_pcm_read_planar(job->pcm, planes, PERIOD, NULL);

		if (n != PERIOD)
			job->failed = n ? n : -1;
	}
	while ((slot = avtpmap_peek(job->frames))) {
		sink = avtpmap_slot_pdu(slot)[slot->len_bytes - 1];
		(void)sink;
		if (avtpmap_verify(job->frames))
			job->failed = 2;
		avtpmap_release(job->frames);
	}
	avtpmap_wait(job->frames, 0);
	avtpmap_counters(job->frames, counters, AVTPMAP_N_COUNTERS);
	avtpmap_format(job->frames, &format, NULL);
	return due;
}

static void *work(void *arg)
{
	static float left[PERIOD], right[PERIOD];
	float *const planes[2] = { left, right };
	struct job *job = arg;
	struct sched_param param;

	pthread_getschedparam(pthread_self(), &job->policy, &param);
	avtpmap_wait(job->audio, AVTPMAP_FOREVER);
	avtpmap_pcm_format(job->pcm, NULL);
	job->periods += cycle(job, planes); /* the first may fault */
	job->allocations = allocations;
	job->faults = faults_so_far();
	while (job->periods < PERIODS)
		job->periods += cycle(job, planes);
	job->allocations = allocations - job->allocations;
	job->faults = faults_so_far() - job->faults;
	return NULL;
}

static void start_fifo(pthread_t *thread, struct job *job)
{
	struct sched_param param = { .sched_priority = 50 };
	pthread_attr_t attr;

	check_eq(mlockall(MCL_CURRENT | MCL_FUTURE), 0);
	check_eq(pthread_attr_init(&attr), 0);
	check_eq(pthread_attr_setstacksize(&attr, STACK_BYTES), 0);
	check_eq(pthread_attr_setschedpolicy(&attr, SCHED_FIFO), 0);
	check_eq(pthread_attr_setschedparam(&attr, &param), 0);
	check_eq(pthread_attr_setinheritsched(&attr, PTHREAD_EXPLICIT_SCHED),
		 0);
	check_eq(pthread_create(thread, &attr, work, job), 0);
	check_eq(pthread_attr_destroy(&attr), 0);
}

CASE(a_fifo_thread_reads_without_allocation_or_fault, 0)
{
	struct job job = { 0 };
	pthread_t thread;
	struct talker t;

	rig_add(rig, STREAM_ID, NULL);
	job.audio = rig_open(rig, STREAM_ID, PERIOD, AVTPMAP_EV_RESET);
	job.frames = rig_open(rig, STREAM_ID, 0, 0);
	check_eq(avtpmap_pcm_open(&job.pcm, job.audio, NULL), 0);
	talker_init(&t, &am824_stereo, STREAM_ID);
	start_fifo(&thread, &job);
	while (job.periods < PERIODS) {
		if (t.next.pos > job.periods * PERIOD + 2000) {
			usleep(200);
			continue;
		}
		t.next.mr = t.next.n / 256 & 1;
		rig_send(rig, &t, BURST);
	}
	join_thread(thread);
	check_eq(job.failed, 0);
	check_eq(job.policy, SCHED_FIFO);
	check_eq(job.allocations, 0);
	check_eq(job.faults, 0);
	check_eq(avtpmap_overrun_frames(job.frames), 0);
	avtpmap_pcm_close(job.pcm);
	avtpmap_close(job.frames);
	avtpmap_close(job.audio);
}

/* The trap must be able to spring. */
CASE(the_traps_for_allocations_and_faults_work, 0)
{
	unsigned long before = allocations;
	long faults = faults_so_far();
	char *p = malloc(1 << 20);

	(void)rig;
	check(p);
	p[1 << 19] = 1;
	free(p);
	check_eq(allocations - before, 2);
	check(faults_so_far() > faults);
}
