// SPDX-License-Identifier: MIT
/* Why nothing is heard: first what was seen, then what can only be guessed. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "listen.h"
#include "../gptp.h"

/* What the producer has seen, to tell a silent wire from a wrong stream_id. */
struct heard {
	char ifname[16];
	uint32_t ifindex;
	uint64_t stream_id;
	uint32_t backend;
	bool attached;
	bool off;
	uint64_t frames;
	uint64_t unknown;
	uint32_t vid;
	uint64_t counters[AVTPMAP_N_COUNTERS];
	const char *taken_by; /* another backend */
};

static int hear_port(const struct avtpmap_port_info *p, void *arg)
{
	struct heard *h = arg;

	if (p->ifindex != h->ifindex)
		return 0;
	memcpy(h->ifname, p->ifname, sizeof(h->ifname));
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
	for (uint32_t i = 0; i < s->n_counters && i < AVTPMAP_N_COUNTERS; i++)
		h->counters[i] = s->counters_known >> i & 1 ? s->counters[i] :
							      0;
	h->vid = s->vid;
	return 0;
}

static int is_taken(const struct avtpmap_stream_info *s, void *arg)
{
	const struct heard *h = arg;

	return s->ifindex == h->ifindex && s->stream_id == h->stream_id &&
	       s->mode == AVTPMAP_MODE_TAKE;
}

static const char *taken_by(const struct heard *h)
{
	struct avtpmap_backend_report r[BACKENDS_MAX];
	int n = avtpmap_backends(NULL, r, BACKENDS_MAX);
	const char *name = NULL;
	struct avtpmap_ctl *ctl;

	for (int i = 0; i < n && i < BACKENDS_MAX && !name; i++) {
		if (r[i].err || r[i].backend == h->backend ||
		    avtpmap_ctl_open(&ctl,
				     AVTPMAP_OPTS(avtpmap_ctl_opts,
						  .backend = r[i].backend)))
			continue;
		if (avtpmap_stream_list(ctl, NULL, is_taken, (void *)h) > 0)
			name = r[i].name;
		avtpmap_ctl_close(ctl);
	}
	return name;
}

static struct heard hear(const struct listen *l)
{
	const struct avtpmap_ring_hdr *hdr = avtpmap_header(l->s);
	struct heard h = { .ifindex = hdr->ifindex,
			   .stream_id = l->args->stream_id,
			   .backend = hdr->backend };
	struct avtpmap_ctl *ctl;

	if (!avtpmap_ctl_open(&ctl, AVTPMAP_OPTS(avtpmap_ctl_opts,
						 .backend = hdr->backend))) {
		avtpmap_port_list(ctl, hear_port, &h);
		avtpmap_stream_list(ctl, NULL, hear_stream, &h);
		avtpmap_ctl_close(ctl);
	}
	h.taken_by = taken_by(&h);
	if (!h.ifname[0])
		snprintf(h.ifname, sizeof(h.ifname), "%s", l->args->ifname);
	return h;
}

/* Frames of the stream that came, and were not laid in its ring. */
static const struct {
	unsigned int counter;
	const char *text;
} refusals[] = {
	{ AVTPMAP_C_MALFORMED, "lengths in them contradict each other: the "
			       "talker's fault" },
	{ AVTPMAP_C_UNSUPPORTED_FORMAT, "their format, or their version of "
					"AVTP, is not understood" },
	{ AVTPMAP_C_TOO_LONG, "they are longer than a slot of the ring: add "
			      "it with stride=" },
	{ AVTPMAP_C_MULTIBUF, "they lie in several buffers of the NIC: set "
			      "the MTU lower, or let the packet backend read "
			      "them" },
	{ AVTPMAP_C_OTHER_PATH, "they came by another MAC or VLAN than mac= "
				"and vid= ask for: add it without them" },
	{ AVTPMAP_C_CONFLICT, "a second talker sends the same stream id" },
	{ AVTPMAP_C_CONTENDED, "two CPUs received at once" },
	{ AVTPMAP_C_NO_FORMAT, "NO-DATA of IEC 61883-6, which tells no format; "
			       "the talker has nothing to say yet" },
};

static bool say_refusals(const struct listen *l, const struct heard *h)
{
	bool said = false;

	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		unsigned int c = refusals[i].counter;

		if (!h->counters[c])
			continue;
		fprintf(stderr, "  - frames of it came: %s %" PRIu64 "%s: %s\n",
			avtpmap_counter_name(c), h->counters[c],
			h->counters[c] == l->counted[c] ?
				" (none since this began)" :
				"",
			refusals[i].text);
		said = true;
	}
	return said;
}

static bool say_sniffed(const struct sniff *s, const struct heard *h)
{
	char id[AVTPMAP_STREAM_ID_TEXT];

	if (s->sv0)
		fprintf(stderr,
			"  - frames of it came: sv = 0 %" PRIu64 ": by that "
			"their stream id does not count: the talker's fault\n",
			s->sv0);
	if (s->tags)
		fprintf(stderr,
			"  - frames of it came: behind too many tags %" PRIu64
			": two VLAN tags and one of 802.1CB are parsed; let "
			"the bridge take the others off\n",
			s->tags);
	if (s->two_tags && h->counters[AVTPMAP_C_OTHER_PATH])
		fprintf(stderr,
			"  - frames of it came: behind two VLAN tags %" PRIu64
			": vid= is that of the inner one\n",
			s->two_tags);
	if (!s->frames && s->n_ids) {
		fprintf(stderr, "  - AVTP of other streams does come:");
		for (uint32_t i = 0; i < s->n_ids; i++)
			fprintf(stderr, " %s",
				avtpmap_stream_id_to_text(id, s->ids[i]));
		fprintf(stderr, ": is the stream id right?\n");
	} else if (!s->frames && h->unknown) {
		fprintf(stderr,
			"  - AVTP of streams that are not registered does "
			"come: is the stream id right?\n");
	}
	return s->sv0 || s->tags;
}

static bool say_link(const struct heard *h, const struct netdev *dev,
		     uint64_t received)
{
	if (h->off)
		fprintf(stderr,
			"  - somebody took the XDP program off: avtpmap attach "
			"%s\n",
			h->ifname);
	if (h->taken_by)
		fprintf(stderr,
			"  - backend %s takes it, ahead of this one: avtpmap "
			"set %s ... mode=copy --backend %s\n",
			h->taken_by, h->ifname, h->taken_by);
	if (!dev->up)
		fprintf(stderr, "  - %s is down: ip link set %s up\n",
			h->ifname, h->ifname);
	else if (!dev->carrier)
		fprintf(stderr, "  - %s has no link: look at the cable\n",
			h->ifname);
	else if (h->attached && !h->off && !h->frames && !received)
		fprintf(stderr, "  - %s has not received any frame at all\n",
			h->ifname);
	return h->off || h->taken_by || !dev->up || !dev->carrier;
}

/* A bridge asks for gPTP before it asks for anything else. */
static void say_gptp(const struct heard *h)
{
	const struct gptp_port *port;
	struct gptp gptp;

	if (gptp_ask(&gptp)) {
		fprintf(stderr,
			"  - no gPTP daemon answers, and an AVB bridge reserves "
			"nothing where it finds no gPTP: start ptp4l with its "
			"gPTP profile on %s\n",
			h->ifname);
		return;
	}
	port = gptp_port_of(&gptp, h->ifname);
	if (!port && gptp.named)
		fprintf(stderr,
			"  - ptp4l does not serve %s, and an AVB bridge "
			"reserves nothing where it finds no gPTP\n",
			h->ifname);
	else if (port && port->as_capable_known && !port->as_capable)
		fprintf(stderr,
			"  - gPTP finds no neighbour on %s that is near enough "
			"(not asCapable): an AVB bridge reserves nothing then; "
			"avtpmap doctor %s\n",
			h->ifname, h->ifname);
}

static void say_guesses(const struct heard *h, const struct netdev *dev)
{
	say_gptp(h);
	if (dev->vlan_filter == 1)
		fprintf(stderr,
			"  - the NIC drops VLANs that are not registered; "
			"this stream registered VLAN %u: if the talker uses "
			"another, add it with vid=N; of two tags the NIC "
			"goes by the outer: ip link add link %s type vlan id "
			"N\n",
			h->vid && h->vid != AVTPMAP_ANY_VID ? h->vid : 2,
			h->ifname);
	fprintf(stderr,
		"  - no listener is declared by MSRP, so the bridge does not "
		"forward the stream: say --reserve\n"
		"  - the talker does not send\n");
}

void listen_ended(const struct listen *l)
{
	struct heard h = hear(l);

	if (h.off)
		fprintf(stderr,
			"avtpmap: %s: somebody took the XDP program off; "
			"avtpmap attach %s\n",
			h.ifname, h.ifname);
	else if (!l->args->until_end)
		fprintf(stderr,
			"avtpmap: the talker ceased; going on, in case that it "
			"pauses: ^C ends this, and --until-end will\n");
}

void listen_diagnose(struct listen *l, double seconds)
{
	char id[AVTPMAP_STREAM_ID_TEXT];
	struct heard h = hear(l);
	struct netdev dev;
	bool known;

	sniff_read(&l->sniff);
	netdev_look(&dev, h.ifname);
	fprintf(stderr,
		"avtpmap: nothing heard of stream %s on %s for %.*f s; likely "
		"causes:\n",
		avtpmap_stream_id_to_text(id, l->args->stream_id), h.ifname,
		seconds < 1, seconds);
	known = say_refusals(l, &h);
	known |= say_sniffed(&l->sniff, &h);
	known |= say_link(&h, &dev, netdev_received(h.ifname) - l->received);
	if (!known)
		say_guesses(&h, &dev);
}
