// SPDX-License-Identifier: MIT
/*
 * One packet socket per port. TPACKET_V2, because its frames can be read as
 * soon as they come; V3 shows a block when it is full or its timer fires, which
 * is 4 ms or more at HZ=250.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "group.h"

enum {
	FRAME_BYTES = 2048,
	FRAME_BYTES_JUMBO = 16384,
	BLOCK_BYTES = 1 << 16,
	BLOCKS = 128, /* 4096 frames: 4 ms at a million a second */
	MEM_CAP_BYTES = 256 << 20,
};

/* ---- receive path: kmod/rx.c's order ---- */

struct frame {
	const __u8 *data;
	__u32 len_bytes; /* that are here */
	__u32 frame_bytes; /* that came */
	int stripped;
	__u16 tci;
	__u64 mono_ns;
};

static int account(struct packet_stream *s, enum avtpmap_class class,
		   const struct avtpmap_pdu *pdu, const struct frame *f,
		   struct avtpmap_entry *e)
{
	if (!avtpmap_key_on_path(&s->key, pdu))
		count(s->hdr, AVTPMAP_C_OTHER_PATH, 1);
	else if (class == AVTPMAP_MALFORMED)
		count(s->hdr, AVTPMAP_C_MALFORMED, 1);
	else if (class == AVTPMAP_UNSUPPORTED)
		count(s->hdr, AVTPMAP_C_UNSUPPORTED_FORMAT, 1);
	else if (pdu->len_bytes > s->room_bytes ||
		 pdu->offset + pdu->len_bytes > f->len_bytes)
		/* or for the socket, whose MTU is that of its beginning */
		avtpmap_account_skip(&s->account, s->hdr, pdu,
				     AVTPMAP_C_TOO_LONG, f->mono_ns);
	else
		return avtpmap_account(&s->account, s->hdr, pdu, f->mono_ns, e);
	return 0;
}

static void produce(struct packet_stream *s, const struct avtpmap_pdu *pdu,
		    const struct frame *f, struct avtpmap_entry *e)
{
	__u64 pos = s->hdr->head;
	struct avtpmap_slot *slot =
		(void *)((__u8 *)s->hdr + s->plan.header_bytes +
			 (pos & (s->plan.n_slots - 1)) * s->plan.stride);

	avtpmap_slot_reserve(slot, pos);
	avtpmap_slot_write(slot, pdu, e, s->account.epoch, f->mono_ns, 0);
	env_copy(slot + 1, f->data + pdu->offset, pdu->len_bytes);
	avtpmap_count_frame(s->hdr, pdu);
	avtpmap_slot_commit(s->hdr, slot, pos, s->account.media_pos);
	if (s->hdr->state != AVTPMAP_RING_LIVE)
		packet_started(s, e);
}

static void rx(struct packet_port *p, const struct frame *f, __u64 now_ns)
{
	struct avtpmap_pdu pdu = { 0 };
	struct avtpmap_entry e = { 0 };
	enum avtpmap_class class =
		avtpmap_parse(&pdu, f->data, f->data + f->len_bytes,
			      f->frame_bytes, f->stripped, f->tci);
	struct packet_stream *s;

	p->stats.frames++;
	if (class == AVTPMAP_NOT_AVTP)
		return;
	p->stats.avtp++;
	if (class == AVTPMAP_CONTROL) {
		p->stats.control++;
		return;
	}
	s = packet_stream_find(p, pdu.stream_id);
	if (!s) {
		p->stats.unknown++;
		return;
	}
	if (account(s, class, &pdu, f, &e)) {
		produce(s, &pdu, f, &e);
		p->stats.copied++;
	}
	packet_frame_done(s, &e, now_ns);
}

/* ---- the thread ---- */

static __u64 realtime_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return ts.tv_sec * 1000000000ull + ts.tv_nsec;
}

/*
 * The kernel stamps frames in CLOCK_REALTIME, which may have been set since: then
 * all that is known is that it came after what was here the last time.
 */
static __u64 arrival_ns(const struct packet_port *p, __u64 stamp_ns,
			__u64 ahead_ns, __u64 now_ns)
{
	__u64 mono_ns = stamp_ns - ahead_ns;

	if ((__s64)(mono_ns - p->emptied_ns) < -(__s64)PACKET_PACE_NS)
		return p->emptied_ns;
	if ((__s64)(mono_ns - now_ns) > (__s64)PACKET_PACE_NS)
		return now_ns;
	return mono_ns;
}

static void empty_socket(struct packet_port *p)
{
	__u64 now_ns = monotonic_ns();
	__u64 ahead_ns = realtime_ns() - now_ns;
	__u32 n_frames = (__u32)BLOCK_BYTES * BLOCKS / p->frame_bytes;

	for (__u32 n = 0; n < n_frames; n++) {
		struct tpacket2_hdr *h =
			(void *)(p->frames + (size_t)p->at * p->frame_bytes);
		struct frame f;

		if (!(env_load_acquire(&h->tp_status) & TP_STATUS_USER))
			break;
		f.data = (const __u8 *)h + h->tp_mac;
		f.len_bytes = h->tp_snaplen;
		f.frame_bytes = h->tp_len;
		f.stripped = !!(h->tp_status & TP_STATUS_VLAN_VALID);
		f.tci = h->tp_vlan_tci;
		f.mono_ns = arrival_ns(p,
				       h->tp_sec * 1000000000ull + h->tp_nsec,
				       ahead_ns, now_ns);
		rx(p, &f, monotonic_ns());
		env_store_release(&h->tp_status, TP_STATUS_KERNEL);
		p->at = (p->at + 1) % n_frames;
	}
	p->emptied_ns = now_ns;
}

/* Unregistered, or moved to another netns: its name may be another's by now. */
static int has_gone(const struct packet_port *p)
{
	struct sockaddr_ll at;
	socklen_t len = sizeof(at);

	return !getsockname(p->fd, (struct sockaddr *)&at, &len) &&
	       (__u32)at.sll_ifindex != p->ifindex;
}

/* Of any stream: nobody knows whose they were. */
void packet_count_lost(struct packet_port *p)
{
	struct tpacket_stats lost;
	socklen_t len = sizeof(lost);

	if (!getsockopt(p->fd, SOL_PACKET, PACKET_STATISTICS, &lost, &len))
		p->stats.error += lost.tp_drops;
}

static void work(struct packet_port *p)
{
	__u64 now_ns;

	empty_socket(p);
	now_ns = monotonic_ns();
	for (struct packet_stream *s = p->streams; s; s = s->next)
		packet_tick(s, now_ns);
	for (struct packet_group *g = p->groups; g; g = g->next)
		packet_group_tick(g, now_ns);
	if (p->at == 0)
		packet_count_lost(p);
	if (has_gone(p)) {
		packet_streams_destroy(p);
		env_store_release(&p->gone, 1);
	}
}

static void *paced(void *arg)
{
	struct packet_port *p = arg;
	struct timespec next;

	clock_gettime(CLOCK_MONOTONIC, &next);
	while (!env_load_acquire(&p->stop) && !p->gone) {
		next.tv_nsec += PACKET_PACE_NS;
		if (next.tv_nsec >= 1000000000) {
			next.tv_nsec -= 1000000000;
			next.tv_sec++;
		}
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &next, NULL);
		pthread_mutex_lock(&p->lock);
		work(p);
		pthread_mutex_unlock(&p->lock);
	}
	return NULL;
}

/* The program's signals are for the program's threads. */
static int start_thread(struct packet_port *p)
{
	sigset_t all, before;
	int err;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	err = -pthread_create(&p->thread, NULL, paced, p);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return err;
}

/* ---- life ---- */

static int set_ring(struct packet_port *p)
{
	struct tpacket_req req = {
		.tp_block_size = BLOCK_BYTES,
		.tp_block_nr = BLOCKS,
		.tp_frame_size = p->frame_bytes,
		.tp_frame_nr = BLOCKS * (BLOCK_BYTES / p->frame_bytes),
	};
	int version = TPACKET_V2, on = 1;
	void *m;

	if (setsockopt(p->fd, SOL_PACKET, PACKET_VERSION, &version,
		       sizeof(version)) ||
	    setsockopt(p->fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on,
		       sizeof(on)) ||
	    setsockopt(p->fd, SOL_PACKET, PACKET_RX_RING, &req, sizeof(req)))
		return -errno;
	m = mmap(NULL, (size_t)BLOCK_BYTES * BLOCKS, PROT_READ | PROT_WRITE,
		 MAP_SHARED | MAP_POPULATE, p->fd, 0);
	if (m == MAP_FAILED)
		return -errno;
	p->frames = m;
	return 0;
}

static int open_socket(struct packet_port *p)
{
	struct sockaddr_ll at = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(0x0003), /* ETH_P_ALL: before any VLAN */
		.sll_ifindex = p->ifindex,
	};
	int err;

	p->fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (p->fd < 0)
		return -errno;
	err = avtp_filter(p->fd, 0xffffffff);
	if (!err)
		err = set_ring(p);
	if (!err && bind(p->fd, (struct sockaddr *)&at, sizeof(at)))
		err = -errno;
	return err;
}

int packet_join(const struct packet_port *p, __u64 mac, int on)
{
	struct packet_mreq mr = { .mr_ifindex = p->ifindex };

	mr.mr_type = !mac	   ? PACKET_MR_ALLMULTI :
		     mac >> 40 & 1 ? PACKET_MR_MULTICAST :
				     PACKET_MR_UNICAST;
	mr.mr_alen = mac ? 6 : 0;
	for (int i = 0; i < 6; i++)
		mr.mr_address[i] = mac >> (40 - 8 * i);
	return setsockopt(p->fd, SOL_PACKET,
			  on ? PACKET_ADD_MEMBERSHIP : PACKET_DROP_MEMBERSHIP,
			  &mr, sizeof(mr)) ?
		       -errno :
		       0;
}

static void port_free(struct packet_port *p)
{
	if (p->frames)
		munmap(p->frames, (size_t)BLOCK_BYTES * BLOCKS);
	if (p->fd >= 0)
		close(p->fd);
	pthread_mutex_destroy(&p->lock);
	free(p);
}

void packet_port_put(struct packet_port *p)
{
	if (!__atomic_sub_fetch(&p->refs, 1, __ATOMIC_ACQ_REL))
		port_free(p);
}

void packet_port_rename(struct packet_port *p)
{
	char name[IF_NAMESIZE];

	if (if_indextoname(p->ifindex, name))
		memcpy(p->ifname, name, sizeof(name));
}

void packet_port_stop(struct packet_port *p)
{
	env_store_release(&p->stop, 1);
	pthread_join(p->thread, NULL);
}

int packet_port_create(struct packet_port **out, __u32 ifindex,
		       const struct text *why)
{
	struct packet_port *p = calloc(1, sizeof(*p));
	struct plan plan;
	int err, too_large;

	if (!p)
		return refuse_text(why, -ENOMEM, "out of memory");
	p->fd = -1;
	p->refs = 1;
	p->ifindex = ifindex;
	p->mem_cap = MEM_CAP_BYTES;
	pthread_mutex_init(&p->lock, NULL);
	err = -ENODEV;
	if (!if_indextoname(ifindex, p->ifname)) {
		refuse_text(why, err, "no such interface");
		goto free_port;
	}
	err = -EOPNOTSUPP;
	if (!is_ethernet(p->ifname)) {
		refuse_text(why, err, "%s is no Ethernet interface", p->ifname);
		goto free_port;
	}
	too_large = plan_ring(&plan, p->ifname,
			      &(struct avtpmap_stream_opts){ 0 }, why);
	p->frame_bytes = too_large || plan.stride > FRAME_BYTES ?
				 FRAME_BYTES_JUMBO :
				 FRAME_BYTES;
	p->emptied_ns = monotonic_ns();
	err = open_socket(p);
	if (!err)
		err = start_thread(p);
	if (!err) {
		*out = p;
		return 0;
	}
	refuse_text(why, err, "cannot listen on %s: %s%s", p->ifname,
		    strerror(-err), err == -EPERM ? ": needs CAP_NET_RAW" : "");
free_port:
	port_free(p);
	return err;
}
