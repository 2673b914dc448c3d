// SPDX-License-Identifier: MIT
/* What is heard: by the same parser and accounts as what is registered. */
#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "scan.h"
#include "../../kmod/shared/key.h"

enum {
	SUBTYPE_ADP = 0xfa,
	ADP_BYTES = 68, /* IEEE 1722.1-2021 6.2.1 */
	ADP_ENTITY_AVAILABLE = 0,
	ADP_ENTITY_DEPARTING = 1,
};

static void put_mac(uint8_t mac[6], uint64_t v)
{
	for (int i = 0; i < 6; i++)
		mac[i] = v >> (40 - 8 * i);
}

static struct heard *find(struct avtpmap_scan *s, const struct avtpmap_pdu *pdu)
{
	uint32_t bucket = avtpmap_key_hash(pdu->stream_id) % SCAN_BUCKETS;
	uint64_t id = be64toh(pdu->stream_id);
	uint8_t mac[6];
	struct heard *h;

	put_mac(mac, pdu->dst_mac);
	for (uint32_t i = s->buckets[bucket]; i; i = h->next) {
		h = s->streams[i - 1];
		if (h->pub.stream_id == id && !memcmp(h->pub.mac, mac, 6) &&
		    h->pub.vid == (pdu->tci & 0xfff))
			return h;
	}
	if (s->n_streams == AVTPMAP_SCAN_MAX)
		return NULL;
	h = calloc(1, sizeof(*h));
	if (!h)
		return NULL;
	h->pub.stream_id = id;
	memcpy(h->pub.mac, mac, 6);
	h->pub.vid = pdu->tci & 0xfff;
	h->hdr.stream_id = pdu->stream_id;
	h->next = s->buckets[bucket];
	s->streams[s->n_streams++] = h;
	s->buckets[bucket] = s->n_streams;
	return h;
}

static void hear(struct avtpmap_scan *s, const struct scan_frame *f,
		 enum avtpmap_class class, const struct avtpmap_pdu *pdu)
{
	struct heard *h = find(s, pdu);
	struct avtpmap_entry e = { 0 };

	if (!h) {
		s->missed++;
		return;
	}
	if (!h->pub.frames++)
		h->pub.first_ns = f->mono_ns;
	h->pub.last_ns = f->mono_ns;
	h->pub.bytes += f->frame_bytes;
	h->pub.priority = pdu->tci >> 13;
	put_mac(h->pub.talker, pdu->src_mac);
	if (class == AVTPMAP_MALFORMED)
		count(&h->hdr, AVTPMAP_C_MALFORMED, 1);
	else if (class == AVTPMAP_UNSUPPORTED)
		count(&h->hdr, AVTPMAP_C_UNSUPPORTED_FORMAT, 1);
	else if (avtpmap_account(&h->account, &h->hdr, pdu, f->mono_ns, &e))
		avtpmap_count_frame(&h->hdr, pdu);
}

/* ---- entities ---- */

static void forget(struct avtpmap_scan *s, uint64_t entity_id)
{
	for (uint32_t i = 0; i < s->n_entities; i++) {
		if (s->entities[i].entity_id != entity_id)
			continue;
		s->n_entities--;
		memmove(s->entities + i, s->entities + i + 1,
			(s->n_entities - i) * sizeof(s->entities[0]));
		return;
	}
}

static void available(struct avtpmap_scan *s,
		      const struct avtpmap_scan_entity *entity)
{
	uint32_t i = 0;

	while (i < s->n_entities &&
	       s->entities[i].entity_id != entity->entity_id)
		i++;
	if (i == AVTPMAP_SCAN_MAX)
		return;
	if (i == s->n_entities)
		s->n_entities++;
	s->entities[i] = *entity;
}

static void hear_adp(struct avtpmap_scan *s, const struct scan_frame *f,
		     const struct avtpmap_pdu *pdu)
{
	const uint8_t *p = f->data + pdu->offset;
	struct avtpmap_scan_entity entity = { 0 };

	if (pdu->offset + ADP_BYTES > f->bytes || p[1] & 0x70)
		return;
	entity.entity_id = env_be64(avtp_be64(p + 4));
	entity.model_id = env_be64(avtp_be64(p + 12));
	entity.talker_streams = avtp_u16(p + 24);
	entity.listener_streams = avtp_u16(p + 28);
	entity.grandmaster_id = env_be64(avtp_be64(p + 40));
	entity.valid_s = 2 * (p[2] >> 3);
	put_mac(entity.mac, pdu->src_mac);
	switch (p[1] & 0xf) {
	case ADP_ENTITY_AVAILABLE:
		available(s, &entity);
		break;
	case ADP_ENTITY_DEPARTING:
		forget(s, entity.entity_id);
		break;
	}
}

void scan_frame(struct avtpmap_scan *s, const struct scan_frame *f)
{
	struct avtpmap_pdu pdu = { 0 };
	enum avtpmap_class class =
		avtpmap_parse(&pdu, f->data, f->data + f->bytes, f->frame_bytes,
			      f->stripped, f->tci);

	if (class == AVTPMAP_NOT_AVTP ||
	    (s->vid && (pdu.tci & 0xfff) != s->vid))
		return;
	if (class != AVTPMAP_CONTROL)
		hear(s, f, class, &pdu);
	else if (pdu.subtype == SUBTYPE_ADP)
		hear_adp(s, f, &pdu);
}

/* ---- the API ---- */

int avtpmap_scan_open(struct avtpmap_scan **out,
		      const struct avtpmap_scan_opts *opts)
{
	struct avtpmap_scan_opts o;
	struct avtpmap_scan *s;
	struct text why;
	int err = opts_copy(&o, sizeof(o), opts);

	*out = NULL;
	why = (struct text){ o.error, o.error_bytes };
	if (err)
		return opts_text(&why, err);
	if (!o.ifname)
		return refuse_text(&why, -EINVAL, "no interface is named");
	s = calloc(1, sizeof(*s));
	if (!s)
		return refuse_text(&why, -ENOMEM, "out of memory");
	s->fd = -1;
	s->vid = vid_of_name(o.ifname);
	err = port_of_name_text(o.ifname, &s->ifindex, &why);
	if (!err)
		err = scan_socket_open(s, &why);
	if (err) {
		avtpmap_scan_close(s);
		return err;
	}
	*out = s;
	return 0;
}

void avtpmap_scan_close(struct avtpmap_scan *s)
{
	if (!s)
		return;
	if (s->fd >= 0)
		close(s->fd);
	for (uint32_t i = 0; i < s->n_streams; i++)
		free(s->streams[i]);
	free(s);
}

int avtpmap_scan_fd(struct avtpmap_scan *s)
{
	return s->fd;
}

int avtpmap_scan_work(struct avtpmap_scan *s)
{
	return scan_socket_read(s);
}

uint64_t avtpmap_scan_missed(struct avtpmap_scan *s)
{
	return s->missed;
}

int avtpmap_scan_streams(struct avtpmap_scan *s, avtpmap_scan_stream_fn *fn,
			 void *arg)
{
	int ret = 0;

	for (uint32_t i = 0; i < s->n_streams && !ret; i++) {
		struct heard *h = s->streams[i];

		h->pub.epoch = h->hdr.epoch;
		h->pub.format = h->hdr.format;
		h->pub.counters = (const uint64_t *)h->hdr.counters;
		h->pub.n_counters = AVTPMAP_N_COUNTERS;
		ret = fn(&h->pub, arg);
	}
	return ret;
}

int avtpmap_scan_entities(struct avtpmap_scan *s, avtpmap_scan_entity_fn *fn,
			  void *arg)
{
	int ret = 0;

	for (uint32_t i = 0; i < s->n_entities && !ret; i++)
		ret = fn(&s->entities[i], arg);
	return ret;
}
