// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * Every row of frames.h through the XDP program: verdict, slot, header,
 * counters and accounts are those of the C producer, byte for byte.
 */
#include "../frames.h"
#include "../unit/tap.h"
#include "port.h"
#include "reference.h"

enum {
	FRAME_MIN = 14, /* shorter ones the kernel refuses to run */
	TRIES = 10, /* on a machine that stands still */
};

struct pair {
	const struct xdp_ring *ring;
	size_t bytes;
	struct reference ref;
	__u64 id;
	__u64 now_ns;
};

static struct xdp_port port;

/* A stream in the program and one in C. NULL in @what: both made. */
static const char *pair_up(struct pair *pair, __u64 id,
			   const struct avtpmap_stream_opts *opts)
{
	struct avtpmap_key key = {
		.stream_id = htobe64(id),
		.vid = opts->vid ? opts->vid : AVTPMAP_ANY_VID,
	};

	struct avtpmap_stream_opts o = *opts;

	o.stride = o.stride ? o.stride : 2048; /* loopback's MTU is no guide */
	memset(pair, 0, sizeof(*pair));
	if (xdp_stream_create(&port, id, &o, &port_why))
		return port_error;
	for (int i = 0; i < 6; i++)
		key.dst_mac = key.dst_mac << 8 | opts->mac[i];
	pair->id = id;
	pair->now_ns = 0;
	pair->ring = port_ring(&port, id, &pair->bytes);
	if (!pair->ring)
		return "the ring cannot be mapped";
	reference_init(&pair->ref, &pair->ring->hdr, &key);
	return NULL;
}

static void pair_down(struct pair *pair)
{
	if (!pair->ring)
		return;
	reference_free(&pair->ref);
	munmap((void *)pair->ring, pair->bytes);
	xdp_stream_destroy(&port, xdp_stream_find(&port, pair->id));
}

/* NULL, or what is not equal. */
static const char *compare(const struct pair *pair, int in_ring)
{
	const struct avtpmap_ring_hdr *hdr = &pair->ring->hdr;
	const __u8 *slots = (const __u8 *)hdr + hdr->header_bytes;
	__u64 at = (hdr->head - 1) & (hdr->n_slots - 1);
	const struct avtpmap_slot *slot =
		(const void *)(slots + at * hdr->stride);
	const struct avtpmap_slot *want;

	if (memcmp(hdr->counters, pair->ref.hdr->counters,
		   sizeof(hdr->counters)))
		return "counters";
	if (memcmp(hdr, pair->ref.hdr, sizeof(*hdr)))
		return "header";
	if (memcmp(&pair->ring->s.account, &pair->ref.account,
		   sizeof(pair->ref.account)))
		return "accounts";
	if (!in_ring)
		return NULL;
	want = reference_slot(&pair->ref, pair->ref.hdr->head - 1);
	if (memcmp(slot, want, sizeof(*slot)))
		return "descriptor";
	if (memcmp(slot + 1, want + 1, hdr->stride - sizeof(*slot)))
		return "PDU";
	return NULL;
}

/* The program has a clock, and the reference has none. */
static int fell_silent(const struct pair *pair)
{
	return pair->ring &&
	       pair->ring->hdr.counters[AVTPMAP_C_MEDIA_UNLOCKED] !=
		       pair->ref.hdr->counters[AVTPMAP_C_MEDIA_UNLOCKED];
}

/* One frame through both; NULL, or what is not equal. */
static const char *both(struct pair *pair, const __u8 *frame, __u32 len,
			__u32 mode)
{
	int verdict = port_run(port.rx_fd, frame, len, 1, NULL);
	__u64 now_ns = pair->ring->s.account.last_ns;
	int in_ring;

	if (verdict < 0)
		return strerror(-verdict);
	/* a refused frame's time is nowhere: silence is not at stake here */
	in_ring = reference_rx(&pair->ref, frame, len,
			       now_ns ? now_ns : pair->now_ns);
	if (verdict !=
	    (in_ring && mode == AVTPMAP_MODE_TAKE ? XDP_DROP : XDP_PASS))
		return "verdict";
	return compare(pair, in_ring);
}

static void each_row_alone(void)
{
	static const struct avtpmap_stream_opts opts = { .ms = 1 };

	for (size_t i = 0; i < N_FRAMES; i++) {
		const struct frame_row *row = &frames[i];
		struct pair pair;
		const char *bad;

		if (row->len < FRAME_MIN) {
			tap_skip(row->name, "shorter than the kernel runs");
			continue;
		}
		bad = pair_up(&pair, row->stream_id ? row->stream_id : FRAME_ID,
			      &opts);
		if (bad) {
			tap_ok(0, "%s: %s", row->name, bad);
			return;
		}
		bad = both(&pair, row->bytes, row->len, AVTPMAP_MODE_TAKE);
		if (!bad) /* the same again: a duplicate, if it was taken */
			bad = both(&pair, row->bytes, row->len,
				   AVTPMAP_MODE_TAKE);
		tap_ok(!bad, "%s%s%s", row->name, bad ? ": differs in " : "",
		       bad ? bad : "");
		pair_down(&pair);
	}
}

/* Thrice round. Returns how many frames the ring had; *@bad: what is not equal. */
static __u64 rows_once(struct pair *pair,
		       const struct avtpmap_stream_opts *opts, const char **bad,
		       const char **row)
{
	*bad = pair_up(pair, FRAME_ID, opts);
	for (size_t i = 0; !*bad && i < 3 * N_FRAMES; i++) {
		const struct frame_row *r = &frames[i % N_FRAMES];

		if (r->len < FRAME_MIN)
			continue;
		*row = r->name;
		*bad = both(pair, r->bytes, r->len, opts->mode);
	}
	return *bad ? 0 : pair->ring->hdr.head;
}

/* One stream sees all rows; accounts and ring carry over. */
static void all_rows(const char *name, const struct avtpmap_stream_opts *opts)
{
	const char *bad, *row = "";
	int tries = TRIES, again;
	struct pair pair;
	__u64 n;

	do {
		n = rows_once(&pair, opts, &bad, &row);
		again = bad && fell_silent(&pair) && --tries;
		pair_down(&pair);
	} while (again);
	if (bad)
		tap_ok(0, "%s: %s: %s", name, row, bad);
	else
		tap_ok(n > 0, "%s: %llu frames in the ring", name,
		       (unsigned long long)n);
}

/*
 * The copy goes by the bits of the length: CVF of 24 octets and more, so that each
 * way is gone, with something behind that must not come along.
 */
static void all_lengths(void)
{
	static const struct avtpmap_stream_opts opts = { .ms = 1 };
	static const __u8 head[] = {
		B48(FRAME_DST),	     B48(FRAME_SRC), B16(0x22f0),
		B16(0x0381),	     B16(0),	     B32(FRAME_ID >> 32),
		B32(FRAME_ID & ~0u), B32(FRAME_TS),  B32(0x02000000u),
	};
	__u8 f[14 + 24 + 1476 + 3];
	const char *bad;
	struct pair pair;
	int n;

	for (size_t i = 0; i < sizeof(f); i++)
		f[i] = i < sizeof(head) ? head[i] : i * 7;
	bad = pair_up(&pair, FRAME_ID, &opts);
	for (n = 0; !bad && n <= 1476; n += n < 128 ? 1 : 337) {
		f[16]++;
		f[34] = n >> 8;
		f[35] = n;
		bad = both(&pair, f, 14 + 24 + n + 3, AVTPMAP_MODE_TAKE);
	}
	tap_ok(!bad && n > 1476 && pair.ring->hdr.head > 128,
	       "PDUs of 24 to 1500 octets%s%s", bad ? ": differs in " : "",
	       bad ? bad : "");
	pair_down(&pair);
}

/* No stream: everything passes, and nothing is written anywhere. */
static void unregistered(void)
{
	int bad = 0;

	for (size_t i = 0; i < N_FRAMES; i++)
		if (frames[i].len >= FRAME_MIN)
			bad += port_run(port.rx_fd, frames[i].bytes,
					frames[i].len, 1, NULL) != XDP_PASS;
	tap_ok(!bad, "without a stream everything passes");
}

/* Neither by mapping nor by update, as root. */
static void rings_are_frozen(void)
{
	static const struct avtpmap_stream_opts opts = { .ms = 1,
							 .stride = 2048 };
	static __u8 chunk[XDP_CHUNK];
	__u32 zero = 0;
	void *m;
	int fd;

	xdp_stream_create(&port, FRAME_ID, &opts, &port_why);
	fd = xdp_ring_open(&port, 0);
	m = mmap(NULL, XDP_CHUNK, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	tap_ok(fd >= 0 && m == MAP_FAILED && errno == EPERM,
	       "a ring cannot be mapped for writing");
	m = mmap(NULL, XDP_CHUNK, PROT_READ, MAP_SHARED, fd, 0);
	tap_ok(m != MAP_FAILED &&
		       mprotect(m, XDP_CHUNK, PROT_READ | PROT_WRITE),
	       "nor made writable later");
	tap_ok(bpf_map_update_elem(fd, &zero, chunk, 0) && errno == EPERM,
	       "nor written by bpf()");
	tap_ok(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED,
		    port.readers_fd, 0) == MAP_FAILED,
	       "what the program keeps about readers cannot either");
	tap_ok(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED,
		    port.groups_fd, 0) == MAP_FAILED,
	       "nor what it keeps about groups");
	munmap(m, XDP_CHUNK);
	close(fd);
	xdp_stream_destroy(&port, 0);
}

int main(void)
{
	static const struct avtpmap_stream_opts take = { .ms = 1 };
	static const struct avtpmap_stream_opts copy = {
		.ms = 1, .mode = AVTPMAP_MODE_COPY
	};
	static const struct avtpmap_stream_opts small = { .ms = 1,
							  .stride = 128 };
	static const struct avtpmap_stream_opts big = { .ms = 1,
							.stride = 16384 };
	static const struct avtpmap_stream_opts vid = { .ms = 1, .vid = 2 };
	static const struct avtpmap_stream_opts other_vid = { .ms = 1,
							      .vid = 77 };
	static const struct avtpmap_stream_opts mac = {
		.ms = 1, .mac = { B48(FRAME_DST) }
	};

	if (port_up(&port)) {
		tap_skip("frames", port_error[0] ? port_error : "not root");
		return tap_done();
	}
	each_row_alone();
	all_rows("taken", &take);
	all_rows("copied", &copy);
	all_rows("stride 128", &small);
	all_rows("stride 16384", &big);
	all_rows("VID 2 only", &vid);
	all_rows("VID 77 only", &other_vid);
	all_rows("one destination only", &mac);
	all_lengths();
	unregistered();
	rings_are_frozen();
	port_down(&port);
	return tap_done();
}
