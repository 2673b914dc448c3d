// SPDX-License-Identifier: MIT
/* A PHC beside the system's clocks: the readings. The arithmetic is clock.c's. */
#include <errno.h>
#include <fcntl.h>
#include <linux/ptp_clock.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include <avtpmap/time.h>

#include "../clock_track.h"

enum {
	TRIES = 5,
	SLEW_PART = 1000, /* clocks drift apart by less than 1 in so many */
};

/**
 * struct avtpmap_clock - one PHC
 * @latch: what real-time threads read
 * @tracks: by enum avtpmap_system_clock
 * @updates, @jumps: see struct avtpmap_clock_snapshot
 * @fd: its device
 * @no_precise: its hardware has no PTP_SYS_OFFSET_PRECISE
 */
struct avtpmap_clock {
	struct clock_latch latch;
	struct clock_track tracks[AVTPMAP_N_SYSTEM_CLOCKS];
	uint64_t updates;
	uint64_t jumps;
	int fd;
	int no_precise;
};

/* How far a clock is from CLOCK_MONOTONIC. */
struct offset {
	int64_t ns;
	uint64_t error_ns;
	uint64_t mono_ns; /* then */
};

int avtpmap_clock_open(struct avtpmap_clock **out, uint32_t phc_index)
{
	struct avtpmap_clock *c;
	char path[32];
	int err;

	*out = NULL;
	if (phc_index == AVTPMAP_NO_PHC)
		return -ENODEV;
	c = calloc(1, sizeof(*c));
	if (!c)
		return -ENOMEM;
	snprintf(path, sizeof(path), "/dev/ptp%u", phc_index);
	c->fd = open(path, O_RDONLY | O_CLOEXEC);
	if (c->fd < 0) {
		err = errno == EACCES || errno == EPERM ? -EACCES : -ENODEV;
		free(c);
		return err;
	}
	*out = c;
	return 0;
}

void avtpmap_clock_close(struct avtpmap_clock *c)
{
	if (!c)
		return;
	close(c->fd);
	free(c);
}

static uint64_t ptp_ns(const struct ptp_clock_time *t)
{
	return (uint64_t)t->sec * 1000000000 + t->nsec;
}

static int measure_offset(clockid_t id, struct offset *o)
{
	uint64_t other_ns;
	int err = clock_measure(id, &other_ns, &o->mono_ns, &o->error_ns);

	o->ns = (int64_t)(other_ns - o->mono_ns);
	return err;
}

/* CLOCK_REALTIME's part of a reading becomes CLOCK_MONOTONIC's. */
static int from_realtime(struct clock_reading *mono,
			 const struct offset *before)
{
	struct offset after;
	int err = measure_offset(CLOCK_REALTIME, &after);
	int64_t change;

	if (err)
		return err;
	change = after.ns - before->ns;
	if (change < 0)
		change = -change;
	if ((uint64_t)change > before->error_ns + after.error_ns)
		return -EAGAIN; /* somebody set the time */
	mono->sys_ns -= before->ns;
	mono->error_ns += before->error_ns;
	return 0;
}

static int read_precise(struct avtpmap_clock *c, struct clock_reading *r,
			const struct offset *realtime)
{
	struct ptp_sys_offset_precise o = { 0 };
	struct clock_reading *mono = &r[AVTPMAP_CLOCK_MONOTONIC];
	struct clock_reading *raw = &r[AVTPMAP_CLOCK_MONOTONIC_RAW];

	if (ioctl(c->fd, PTP_SYS_OFFSET_PRECISE, &o))
		return -errno;
	mono->phc_ns = raw->phc_ns = ptp_ns(&o.device);
	mono->sys_ns = ptp_ns(&o.sys_realtime);
	raw->sys_ns = ptp_ns(&o.sys_monoraw);
	mono->error_ns = raw->error_ns = 1; /* of the rounding */
	return from_realtime(mono, realtime);
}

/* CLOCK_MONOTONIC_RAW has no constant distance, but a slowly changing one. */
static int raw_from_mono(struct clock_reading *raw,
			 const struct clock_reading *mono)
{
	struct offset o;
	int err = measure_offset(CLOCK_MONOTONIC_RAW, &o);

	if (err)
		return err;
	*raw = *mono;
	raw->sys_ns += o.ns;
	raw->error_ns +=
		o.error_ns + 1 + (o.mono_ns - mono->sys_ns) / SLEW_PART;
	return 0;
}

static int read_extended(struct avtpmap_clock *c, struct clock_reading *r,
			 const struct offset *realtime)
{
	struct ptp_sys_offset_extended o = { .n_samples = TRIES };
	struct clock_reading *mono = &r[AVTPMAP_CLOCK_MONOTONIC];
	struct clock_triple triples[TRIES];
	int err;

	if (ioctl(c->fd, PTP_SYS_OFFSET_EXTENDED, &o))
		return -errno;
	for (int i = 0; i < TRIES; i++) {
		triples[i].before_ns = ptp_ns(&o.ts[i][0]);
		triples[i].between_ns = ptp_ns(&o.ts[i][1]);
		triples[i].after_ns = ptp_ns(&o.ts[i][2]);
	}
	err = clock_narrowest(triples, TRIES, &mono->phc_ns, &mono->sys_ns,
			      &mono->error_ns);
	if (!err)
		err = from_realtime(mono, realtime);
	return err ? err : raw_from_mono(&r[AVTPMAP_CLOCK_MONOTONIC_RAW], mono);
}

static int not_supported(int err)
{
	return err == -EOPNOTSUPP || err == -ENOTTY || err == -EINVAL;
}

static int read_clocks(struct avtpmap_clock *c, struct clock_reading *r)
{
	struct offset realtime;
	int err = measure_offset(CLOCK_REALTIME, &realtime);

	if (err)
		return err;
	if (!c->no_precise) {
		err = read_precise(c, r, &realtime);
		if (!not_supported(err))
			return err;
		c->no_precise = 1;
	}
	err = read_extended(c, r, &realtime);
	return not_supported(err) ? -EOPNOTSUPP : err;
}

int avtpmap_clock_update(struct avtpmap_clock *c)
{
	struct clock_reading r[AVTPMAP_N_SYSTEM_CLOCKS];
	struct avtpmap_clock_snapshot s;
	int jumped = 0, err = read_clocks(c, r);

	if (err)
		return err == -EAGAIN || err == -EOPNOTSUPP || err == -ENODEV ?
			       err :
			       -EIO;
	for (int i = 0; i < AVTPMAP_N_SYSTEM_CLOCKS; i++) {
		if (clock_track_enter(&c->tracks[i], &r[i]) == CLOCK_JUMPED)
			jumped = 1;
		s.lines[i] = c->tracks[i].line;
	}
	c->jumps += jumped;
	s.updates = ++c->updates;
	s.jumps = c->jumps;
	clock_latch_write(&c->latch, &s);
	return 0;
}

int avtpmap_clock_snapshot(const struct avtpmap_clock *c,
			   struct avtpmap_clock_snapshot *out)
{
	clock_latch_read(&c->latch, out);
	return out->updates ? 0 : -EAGAIN;
}

int avtpmap_clock_to_phc(const struct avtpmap_clock *c, uint32_t clock,
			 uint64_t sys_ns, uint64_t *phc_ns, uint64_t *error_ns)
{
	struct avtpmap_clock_snapshot s;

	if (clock >= AVTPMAP_N_SYSTEM_CLOCKS)
		return -EINVAL;
	if (avtpmap_clock_snapshot(c, &s))
		return -EAGAIN;
	*phc_ns = avtpmap_line_to_phc(&s.lines[clock], sys_ns, error_ns);
	return 0;
}

int avtpmap_clock_from_phc(const struct avtpmap_clock *c, uint32_t clock,
			   uint64_t phc_ns, uint64_t *sys_ns,
			   uint64_t *error_ns)
{
	struct avtpmap_clock_snapshot s;

	if (clock >= AVTPMAP_N_SYSTEM_CLOCKS)
		return -EINVAL;
	if (avtpmap_clock_snapshot(c, &s))
		return -EAGAIN;
	*sys_ns = avtpmap_line_from_phc(&s.lines[clock], phc_ns, error_ns);
	return 0;
}
