// SPDX-License-Identifier: MIT
/* What a listener says: the causes of silence, and the summary. */
#include <stdio.h>
#include <string.h>

#include "listen.h"

/* Frames that this listener has had, whole. */
uint64_t listen_frames(const struct listen *l)
{
	return avtpmap_position(l->s) - l->first - avtpmap_overrun_frames(l->s);
}

uint64_t listen_lost(const struct listen *l)
{
	uint64_t c[AVTPMAP_N_COUNTERS];

	avtpmap_counters(l->s, c, AVTPMAP_N_COUNTERS);
	return c[AVTPMAP_C_FRAMES_LOST] - l->lost_before;
}

/* What the hook has seen, to tell a silent wire from a wrong stream_id. */
struct heard {
	char ifname[16];
	uint32_t ifindex;
	uint64_t stream_id;
	bool attached;
	bool off;
	uint64_t frames;
	uint64_t unknown;
	uint64_t other_path;
	uint32_t vid;
};

static int hear_port(const struct avtpmap_port_info *p, void *arg)
{
	struct heard *h = arg;

	if (p->ifindex != h->ifindex)
		return 0;
	h->attached = p->attached;
	h->off = port_is_off(p);
	for (uint32_t i = 0; i < p->n_queues; i++) {
		h->frames += p->queues[i].frames;
		h->unknown += p->queues[i].unknown;
	}
	return 0;
}

static int hear_stream(const struct avtpmap_stream_info *s, void *arg)
{
	struct heard *h = arg;

	if (s->ifindex != h->ifindex || s->stream_id != h->stream_id)
		return 0;
	memcpy(h->ifname, s->ifname, sizeof(h->ifname));
	h->other_path = s->counters[AVTPMAP_C_OTHER_PATH];
	h->vid = s->vid;
	return 0;
}

static void say_path(const struct heard *h)
{
	if (h->other_path)
		fprintf(stderr,
			"  - %llu frames of it came by another MAC or VLAN "
			"than mac= and vid= ask for: add it without them\n",
			(unsigned long long)h->other_path);
	else if (h->unknown)
		fprintf(stderr,
			"  - AVTP of streams that are not registered does "
			"come: is the stream id right?\n");
}

static void say_link(const struct heard *h, const struct netdev *dev)
{
	if (h->off)
		fprintf(stderr,
			"  - somebody took the XDP program off: avtpmap attach "
			"%s\n",
			h->ifname);
	if (!dev->up)
		fprintf(stderr, "  - %s is down: ip link set %s up\n",
			h->ifname, h->ifname);
	else if (!dev->carrier)
		fprintf(stderr, "  - %s has no link: look at the cable\n",
			h->ifname);
	else if (h->attached && !h->off && !h->frames)
		fprintf(stderr,
			"  - %s has not received any frame at all since it "
			"was attached\n",
			h->ifname);
	if (dev->vlan_filter == 1)
		fprintf(stderr,
			"  - the NIC drops VLANs that are not registered; "
			"this stream registered VLAN %u: if the talker uses "
			"another, add it with vid=N\n",
			h->vid && h->vid != AVTPMAP_ANY_VID ? h->vid : 2);
}

static struct heard hear(const struct listen *l)
{
	const struct avtpmap_ring_hdr *hdr = avtpmap_header(l->s);
	struct heard h = { .ifindex = hdr->ifindex,
			   .stream_id = l->args->stream_id };
	struct avtpmap_ctl *ctl;

	if (!avtpmap_ctl_open(&ctl, AVTPMAP_OPTS(avtpmap_ctl_opts,
						 .backend = hdr->backend))) {
		avtpmap_port_list(ctl, hear_port, &h);
		avtpmap_stream_list(ctl, NULL, hear_stream, &h);
		avtpmap_ctl_close(ctl);
	}
	if (!h.ifname[0])
		snprintf(h.ifname, sizeof(h.ifname), "%s", l->args->ifname);
	return h;
}

void listen_ended(const struct listen *l)
{
	struct heard h = hear(l);

	if (h.off)
		fprintf(stderr,
			"avtpmap: %s: somebody took the XDP program off; "
			"avtpmap attach %s\n",
			h.ifname, h.ifname);
}

void listen_diagnose(const struct listen *l)
{
	char id[AVTPMAP_STREAM_ID_TEXT];
	struct heard h = hear(l);
	struct netdev dev;

	netdev_look(&dev, h.ifname);
	fprintf(stderr,
		"avtpmap: nothing heard of stream %s on %s for 2 s; likely "
		"causes:\n",
		avtpmap_stream_id_to_text(id, l->args->stream_id), h.ifname);
	say_path(&h);
	say_link(&h, &dev);
	fprintf(stderr,
		"  - no listener is declared by MSRP, so the bridge does not "
		"forward the stream\n"
		"  - the talker does not send\n");
}

static struct json_object *summary(struct listen *l,
				   const struct avtpmap_reader_info *info)
{
	uint64_t c[AVTPMAP_N_COUNTERS];
	uint64_t known = avtpmap_counters(l->s, c, AVTPMAP_N_COUNTERS);
	struct json_object *o = json_object_new_object();

	json_object_object_add(o, "ifname",
			       json_object_new_string(l->args->ifname));
	json_object_object_add(o, "stream_id",
			       json_stream_id(l->args->stream_id));
	json_object_object_add(
		o, "backend",
		json_object_new_string(avtpmap_backend_name(l->s)));
	json_object_object_add(
		o, "reason",
		json_object_new_string(avtpmap_backend_reason(l->s)));
	json_object_object_add(o, "frames", json_u64(listen_frames(l)));
	json_object_object_add(o, "samples", json_u64(l->samples));
	json_object_object_add(o, "lost", json_u64(listen_lost(l)));
	json_object_object_add(o, "lost_samples", json_u64(l->silence));
	json_object_object_add(o, "stale", json_u64(l->stale));
	json_object_object_add(o, "overruns",
			       json_u64(avtpmap_overrun_frames(l->s)));
	json_object_object_add(o, "period", json_u64(l->args->period));
	json_object_object_add(o, "wake_period", json_u64(info->wake_period));
	json_object_object_add(o, "periods", json_u64(info->periods));
	json_object_object_add(o, "wakes", json_u64(info->wakes_period));
	json_object_object_add(o, "wakes_deadline",
			       json_u64(info->wakes_deadline));
	json_object_object_add(o, "wakes_event", json_u64(info->wakes_event));
	json_object_object_add(o, "waits", json_u64(info->waits));
	json_object_object_add(o, "epochs", json_u64(l->epochs));
	json_object_object_add(o, "ended", json_object_new_boolean(l->ended));
	json_object_object_add(o, "format",
			       l->epochs || !l->pcm ? json_format(&l->format) :
						      NULL);
	json_object_object_add(o, "counters",
			       json_counters(c, AVTPMAP_N_COUNTERS, known));
	return o;
}

void listen_summary(struct listen *l)
{
	struct avtpmap_reader_info info;
	char text[96];

	avtpmap_reader_info(l->s, &info);
	if (l->args->json) {
		print_json(summary(l, &info));
		return;
	}
	if (l->epochs || !l->pcm)
		printf("format:   %s\n",
		       format_text(text, sizeof(text), &l->format));
	printf("frames:   %llu, lost %llu, late or duplicate %llu\n",
	       (unsigned long long)listen_frames(l),
	       (unsigned long long)listen_lost(l),
	       (unsigned long long)l->stale);
	printf("samples:  %llu, of them silence for loss %llu\n",
	       (unsigned long long)l->samples, (unsigned long long)l->silence);
	printf("overrun:  %llu frames\n",
	       (unsigned long long)avtpmap_overrun_frames(l->s));
	printf("wakes:    %llu for periods of %u, %llu waits returned\n",
	       (unsigned long long)info.wakes_period, l->args->period,
	       (unsigned long long)info.waits);
}
