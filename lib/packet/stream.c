// SPDX-License-Identifier: MIT
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "packet.h"

struct packet_stream *packet_stream_find(struct packet_port *p, __be64 id)
{
	struct packet_stream *s = p->streams;

	while (s && s->key.stream_id != id)
		s = s->next;
	return s;
}

/* The thread writes one mapping; readers map a descriptor that cannot write. */
static int map_ring(struct packet_stream *s)
{
	int fd = memfd_create("avtpmap_ring", MFD_CLOEXEC);
	char path[64];
	int err = 0;
	void *m;

	if (fd < 0)
		return -errno;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	s->ro_fd = open(path, O_RDONLY | O_CLOEXEC);
	if (s->ro_fd < 0 || ftruncate(fd, s->bytes))
		err = -errno;
	m = err ? MAP_FAILED :
		  mmap(NULL, s->bytes, PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_POPULATE, fd, 0);
	if (!err && m == MAP_FAILED)
		err = -errno;
	else if (!err)
		s->hdr = m;
	close(fd);
	return err;
}

static void stream_free(struct packet_stream *s)
{
	if (s->hdr)
		munmap(s->hdr, s->bytes);
	if (s->ro_fd >= 0)
		close(s->ro_fd);
	free(s);
}

void packet_stream_put(struct packet_stream *s)
{
	struct packet_port *p = s->port;

	if (--s->refs)
		return;
	p->mem_used -= s->bytes;
	stream_free(s);
}

static void describe(struct packet_stream *s)
{
	const __u64 unknown = 1ull << AVTPMAP_C_CONTENDED |
			      1ull << AVTPMAP_C_MULTIBUF |
			      1ull << AVTPMAP_C_LATE_TIMESTAMP |
			      1ull << AVTPMAP_C_EARLY_TIMESTAMP;

	plan_describe(&s->plan, s->hdr, s->port->ifname, unknown);
	s->hdr->stream_id = s->key.stream_id;
	s->hdr->backend = AVTPMAP_BACKEND_PACKET;
}

int packet_stream_create(struct packet_port *p, __u64 id, __u32 vid,
			 const struct avtpmap_stream_opts *opts,
			 const struct text *why)
{
	struct packet_stream *s;
	int err;

	if (packet_stream_find(p, htobe64(id)))
		return refuse_text(why, -EEXIST,
				   "this stream is registered on this port "
				   "already");
	s = calloc(1, sizeof(*s));
	if (!s)
		return refuse_text(why, -ENOMEM, "out of memory");
	s->ro_fd = -1;
	err = plan_ring(&s->plan, p->ifname, opts, why);
	if (err)
		goto free_stream;
	s->bytes = plan_bytes(&s->plan);
	if (s->bytes > p->mem_cap || p->mem_used > p->mem_cap - s->bytes) {
		err = refuse_text(why, -EDQUOT,
				  "the ring does not fit the port's memory "
				  "cap; use a smaller ms=, rate= or stride=");
		goto free_stream;
	}
	err = map_ring(s);
	if (err) {
		refuse_text(why, err, "cannot make the ring: %s",
			    strerror(-err));
		goto free_stream;
	}
	s->key.stream_id = htobe64(id);
	s->key.dst_mac = plan_mac(opts->mac);
	s->key.vid = vid ? vid : AVTPMAP_ANY_VID;
	s->asked_vid = vid;
	s->room_bytes = s->plan.stride - sizeof(struct avtpmap_slot);
	s->next_due = ~0ull;
	s->account.silence_ms = s->plan.silence_ms;
	s->port = p;
	s->refs = 1;
	describe(s);
	err = packet_join(p, s->key.dst_mac, 1);
	if (err) {
		refuse_text(why, err, "%s refuses to receive this MAC address",
			    p->ifname);
		goto free_stream;
	}
	p->mem_used += s->bytes;
	p->refs++;
	s->next = p->streams;
	p->streams = s;
	return 0;

free_stream:
	stream_free(s);
	return err;
}

void packet_stream_destroy(struct packet_port *p, struct packet_stream *s)
{
	struct packet_stream **link = &p->streams;

	while (*link != s)
		link = &(*link)->next;
	*link = s->next;
	packet_join(p, s->key.dst_mac, 0);
	packet_gone(s);
	packet_stream_put(s);
}

void packet_streams_destroy(struct packet_port *p)
{
	while (p->streams) {
		int last = p->streams->refs == 1;

		packet_stream_destroy(p, p->streams);
		if (last)
			packet_port_put(p);
	}
}
