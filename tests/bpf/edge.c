// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * usage: edge
 * What streams, readers and other people share, and what is left to each when
 * another goes. As root.
 */
#include <avtpmap/avtpmap.h>
#include <endian.h>
#include <poll.h>
#include <sys/wait.h>

#include "../unit/tap.h"
#include "port.h"
#include "traffic.h"
#include "../../kmod/shared/key.h"

enum { FRAMES = 200 };

static const uint8_t multicast[6] = { 0x91, 0xe0, 0xf0, 0, 0xfe, 1 };
static const uint8_t unicast[6] = { 2, 0, 0, 0, 0, 7 };
static struct avtpmap_ctl *ctl;

static int add(uint64_t id, const uint8_t *mac)
{
	struct avtpmap_stream_opts opts = { .sz = sizeof(opts) };

	if (mac)
		memcpy(opts.mac, mac, 6);
	return avtpmap_stream_add(ctl, "port0", id, &opts);
}

static int del(uint64_t id)
{
	return avtpmap_stream_del(ctl, "port0", id);
}

static struct avtpmap_stream *open_one(uint64_t id, uint32_t period)
{
	struct avtpmap_stream *s = NULL;

	avtpmap_open(&s, AVTPMAP_OPTS(avtpmap_open_opts, .ifname = "port0",
				      .stream_id = id,
				      .backend = AVTPMAP_BACKEND_XDP,
				      .period.period = period));
	return s;
}

static void send_to(uint64_t id, int n)
{
	struct sockaddr_ll to = { .sll_family = AF_PACKET,
				  .sll_ifindex = (int)if_nametoindex("wire0") };
	int fd = socket(AF_PACKET, SOCK_RAW, 0);
	__be64 wire = htobe64(id);
	uint8_t f[FRAME_BYTES];

	make_frame(f);
	memcpy(f + 18, &wire, sizeof(wire));
	for (int i = 0; i < n; i++) {
		f[16] = i;
		sendto(fd, f, sizeof(f), 0, (struct sockaddr *)&to, sizeof(to));
	}
	close(fd);
}

/* Frames of it that come within 5 s, up to @n. */
static int receive(struct avtpmap_stream *s, int n)
{
	int got = 0;

	for (int i = 0; i < 5000 && got < n; i++) {
		while (got < n && avtpmap_peek(s)) {
			avtpmap_release(s);
			got++;
		}
		usleep(1000);
	}
	return got;
}

/* ---- readers ---- */

static void periods_are_not_inherited(void)
{
	struct avtpmap_reader_info info = { 0 };
	struct avtpmap_stream *s;
	struct pollfd pfd;
	int got;

	add(FIRST_ID, NULL);
	s = open_one(FIRST_ID, 6);
	send_to(FIRST_ID, FRAMES);
	receive(s, FRAMES);
	avtpmap_close(s);
	s = open_one(FIRST_ID, 0);
	send_to(FIRST_ID, FRAMES);
	got = receive(s, FRAMES);
	avtpmap_reader_info(s, &info);
	pfd = (struct pollfd){ .fd = avtpmap_fd(s), .events = POLLIN };
	tap_ok(got == FRAMES && !info.wakes_period && !info.wake_period &&
		       poll(&pfd, 1, 0) == 0,
	       "a reader that asked for no period has none: %llu wakes",
	       (unsigned long long)info.wakes_period);
	avtpmap_close(s);
	del(FIRST_ID);
}

static void who_is_not_looked_at_is_told(void)
{
	struct xdp_port p;
	int err;

	add(FIRST_ID, NULL);
	xdp_port_name(&p, "port0", &port_why);
	xdp_port_open(&p, &port_why);
	err = xdp_renew(&p, XDP_READERS - 1, xdp_stream_find(&p, FIRST_ID),
			NULL);
	tap_ok(err == -ETIMEDOUT,
	       "what the program takes no note of is an error: %d", err);
	xdp_port_close(&p);
	del(FIRST_ID);
}

/* ---- the lock ---- */

/* It sleeps: as good as certain that it waits. */
static void wait_until_asleep(pid_t pid)
{
	char path[64], state = 0;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	for (int i = 0; i < 2000 && state != 'S'; i++) {
		FILE *f = fopen(path, "r");

		if (!f || fscanf(f, "%*d %*s %c", &state) != 1)
			state = 0;
		if (f)
			fclose(f);
		usleep(5000);
	}
}

static void a_lock_is_of_what_is_there(void)
{
	struct xdp_port a, b;
	int status = 1;
	pid_t pid;

	xdp_port_name(&a, "wire0", &port_why);
	xdp_port_name(&b, "wire0", &port_why);
	xdp_port_lock(&a, &port_why);
	pid = fork();
	if (!pid) {
		alarm(60);
		status = xdp_port_lock(&b, &port_why);
		_exit(status || !xdp_dir_is_linked(b.dir_fd));
	}
	wait_until_asleep(pid);
	xdp_port_unlock(&a); /* there is no port: so its directory goes */
	waitpid(pid, &status, 0);
	tap_ok(!status, "who waited for a port that went locks another");
	xdp_port_close(&a);
	xdp_port_lock(&b, &port_why);
	xdp_port_unlock(&b);
	xdp_port_close(&b);
}

/* ---- filters ---- */

/* says(...): 1 if the command prints something */
static int says(const char *command)
{
	FILE *f = popen(command, "r");
	int c = f ? getc(f) : EOF;

	if (f)
		pclose(f);
	return c != EOF;
}

struct filter {
	const char *name;
	const uint8_t *mac;
	const char *show;
	const char *set;
	const char *undo;
};

static void a_filter_stays_for_the_other(const struct filter *f)
{
	int both, one, none;

	add(FIRST_ID, f->mac);
	add(FIRST_ID + 1, f->mac);
	both = says(f->show);
	del(FIRST_ID);
	one = says(f->show);
	del(FIRST_ID + 1);
	none = says(f->show);
	tap_ok(both && one && !none,
	       "%s of two streams goes with the last: %d %d %d", f->name, both,
	       one, none);
}

static void anothers_filter_stays(const struct filter *f)
{
	if (system(f->set)) {
		tap_skip(f->name, "it cannot be set");
		return;
	}
	add(FIRST_ID, f->mac);
	del(FIRST_ID);
	tap_ok(says(f->show), "%s that was there stays", f->name);
	tap_ok(!system(f->undo), "and can be undone by whose it is");
}

static void bridges_are_told_from_others(void)
{
	struct xdp_port p;
	int in, out;

	xdp_port_name(&p, "port0", &port_why);
	if (system("ip link add br0 type bridge && "
		   "ip link set port0 master br0")) {
		tap_skip("a port of a bridge", "there are no bridges");
		return;
	}
	in = xdp_is_enslaved(&p);
	system("ip link set port0 nomaster");
	out = xdp_is_enslaved(&p);
	tap_ok(in && !out, "a port of a bridge is known as one");
	system("ip link del br0");
	xdp_port_close(&p);
}

/* ---- the table ---- */

static uint32_t bucket_of(uint64_t id)
{
	return avtpmap_key_hash(htobe64(id)) % XDP_BUCKETS;
}

/* Of the same bucket as FIRST_ID. */
static uint64_t a_neighbour(uint64_t after)
{
	uint64_t id = after + 1;

	while (bucket_of(id) != bucket_of(FIRST_ID))
		id++;
	return id;
}

static void neighbours_are_found(void)
{
	uint64_t second = a_neighbour(FIRST_ID), third = a_neighbour(second);
	struct avtpmap_stream *s;
	int got;

	add(FIRST_ID, NULL);
	add(second, NULL);
	add(third, NULL);
	del(FIRST_ID);
	del(second);
	s = open_one(third, 0);
	send_to(third, 10);
	got = s ? receive(s, 10) : 0;
	tap_ok(got == 10,
	       "a stream behind two that were deleted is found: %d frames",
	       got);
	avtpmap_close(s);
	del(third);
}

static int on_port(const struct avtpmap_port_info *port, void *arg)
{
	*(uint64_t *)arg = port->mem_used;
	return 0;
}

static uint64_t mem_used(void)
{
	uint64_t used = 0;

	avtpmap_port_list(ctl, on_port, &used);
	return used;
}

static void memory_is_what_rings_take(void)
{
	uint64_t one, two, again;

	add(FIRST_ID, NULL);
	one = mem_used();
	add(FIRST_ID + 1, NULL);
	two = mem_used();
	del(FIRST_ID);
	again = mem_used();
	del(FIRST_ID + 1);
	tap_ok(one && two == 2 * one && again == one && !mem_used(),
	       "memory is what the rings take");
}

/* Who attached it was killed just before rx was pinned, which makes it a port. */
static void half_a_port_goes(void)
{
	struct xdp_port p;
	char path[128];
	int on, off;

	xdp_port_name(&p, "port0", &port_why);
	snprintf(path, sizeof(path), "/sys/fs/bpf/avtpmap/%s/rx", p.name);
	on = says("ip -d -o link show port0 | grep prog/xdp") && !unlink(path);
	avtpmap_close(open_one(FIRST_ID, 0));
	off = !says("ip -d -o link show port0 | grep prog/xdp");
	tap_ok(on && off,
	       "half a port goes with its program at the next open: %d %d", on,
	       off);
	xdp_port_close(&p);
}

int main(void)
{
	static const struct filter filters[] = {
		{ "a multicast address", multicast,
		  "grep 'port0 .* 91e0f000fe01' /proc/net/dev_mcast",
		  "ip maddr add 91:e0:f0:00:fe:01 dev port0",
		  "ip maddr del 91:e0:f0:00:fe:01 dev port0" },
		{ "a unicast address", unicast,
		  "bridge fdb show dev port0 | grep -i 02:00:00:00:00:07",
		  "bridge fdb add 02:00:00:00:00:07 dev port0 self permanent",
		  "bridge fdb del 02:00:00:00:00:07 dev port0 self" },
		{ "all multicast", NULL,
		  "ip -d -o link show port0 | grep 'allmulti 1'",
		  "ip link set port0 allmulticast on",
		  "ip link set port0 allmulticast off" },
	};
	const struct avtpmap_port_opts alone = {
		.sz = sizeof(alone), .set = AVTPMAP_PORT_XDP_ALONE
	};

	if (traffic_veth() ||
	    avtpmap_ctl_open(&ctl,
			     AVTPMAP_OPTS(avtpmap_ctl_opts,
					  .backend = AVTPMAP_BACKEND_XDP)) ||
	    avtpmap_port_attach(ctl, "port0", &alone)) {
		tap_ok(0, "a port: %s", ctl ? avtpmap_ctl_error(ctl) : "");
		return tap_done();
	}
	periods_are_not_inherited();
	who_is_not_looked_at_is_told();
	a_lock_is_of_what_is_there();
	for (size_t i = 0; i < sizeof(filters) / sizeof(filters[0]); i++) {
		a_filter_stays_for_the_other(&filters[i]);
		anothers_filter_stays(&filters[i]);
	}
	bridges_are_told_from_others();
	neighbours_are_found();
	memory_is_what_rings_take();
	tap_ok(!avtpmap_port_detach(ctl, "port0"), "detached");
	tap_ok(!avtpmap_port_attach(ctl, "port0", &alone), "attached again");
	half_a_port_goes();
	avtpmap_ctl_close(ctl);
	return tap_done();
}
