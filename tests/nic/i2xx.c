// SPDX-License-Identifier: GPL-2.0
/*
 * The cards, their config space and their control channel:
 *
 *	link up|down	the cable
 *	error N		the next N frames' descriptors say that they are bad
 *	queue Q N	the next N frames go to queue Q, whatever the filters say
 *	stamp NS	the next frame's time of arrival, by the PTP clock
 *	phc		the PTP clock's time
 *	counters	one per line
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "i2xx.h"

enum {
	INTEL = 0x8086,
	NS_PCAP = 0xa1b23c4d,
	DLT_ETHERNET = 1,
	MSIX_BAR = 3,
	MSIX_AT = 0x70,
	PCIE_AT = 0xa0,
	MSIX_BAR_BYTES = 0x4000,
	PBA_AT = 0x2000,
};

static const struct card cards[] = {
	{ "i210", 0x1533, { 0x0141, 0x0c00 }, 1 << 19, 1000, 8000, false },
	{ "i225", 0x15f2, { 0x67c9, 0xdc00 }, 1 << 20, 2500, 3200, true },
	{ "i226", 0x125b, { 0x67c9, 0xdc00 }, 1 << 20, 2500, 3200, true },
};

const struct card *card;
u32 registers[REGISTER_BYTES / 4];
struct orders orders;
struct counters counters;

static FILE *recorder;

static void record_open(const char *path)
{
	const u32 header[] = { NS_PCAP, 4 << 16 | 2,   0,
			       0,	VFU_MAX_FRAME, DLT_ETHERNET };

	recorder = fopen(path, "wb");
	if (!recorder) {
		perror(path);
		exit(1);
	}
	fwrite(header, sizeof(header), 1, recorder);
	fflush(recorder);
}

/* It can be read at any time. */
void record(u64 ns, const u8 *frame, size_t n)
{
	const u32 header[] = { ns / NS_PER_S, ns % NS_PER_S, n, n };

	if (!recorder)
		return;
	fwrite(header, sizeof(header), 1, recorder);
	fwrite(frame, n, 1, recorder);
	fflush(recorder);
}

static void reset(void)
{
	const u32 id = (u32)card->device_id << 16 | INTEL;

	memset(vfu_config, 0, sizeof(vfu_config));
	memcpy(vfu_config, &id, sizeof(id));
	vfu_config[6] = 0x10; /* it has capabilities */
	vfu_config[8] = 3; /* revision */
	vfu_config[0xb] = 2; /* network, Ethernet */
	memcpy(vfu_config + 0x2c, &id, sizeof(id));
	vfu_config[0x34] = MSIX_AT;
	vfu_config[0x3d] = 1; /* INTA, which it does not use */
	vfu_capability_msix(MSIX_AT, PCIE_AT, MSIX_BAR, 0, PBA_AT);
	vfu_capability_pcie(PCIE_AT, 0);
	phy_reset();
	registers_reset();
	clock_reset();
}

/* ---- control */

static bool number(const char *word, u64 *v)
{
	char *end;

	*v = strtoull(word, &end, 0);
	return *word && !*end;
}

static void print_counters(char reply[VFU_REPLY_BYTES])
{
	for (u32 q = 0; q < N_QUEUES; q++)
		reply += sprintf(reply, "received_%u %llu\n", q,
				 (unsigned long long)counters.received[q]);
	sprintf(reply, "dropped %llu\nno_room %llu\nsent %llu\ninterrupts %llu",
		(unsigned long long)counters.dropped,
		(unsigned long long)counters.no_room,
		(unsigned long long)counters.sent,
		(unsigned long long)counters.interrupts);
}

static bool set_link(const char *to)
{
	bool down = !strcmp(to, "down");

	if (!down && strcmp(to, "up") != 0)
		return false;
	if (orders.link_down != down) {
		orders.link_down = down;
		irq_other(ICR_LSC);
	}
	return true;
}

static bool control(char **words, int n, char reply[VFU_REPLY_BYTES])
{
	const char *verb = words[0];
	u64 a = 0, b = 0;
	bool numbers = (n < 2 || number(words[1], &a)) &&
		       (n < 3 || number(words[2], &b));

	if (n == 2 && !strcmp(verb, "link"))
		return set_link(words[1]);
	if (n == 2 && numbers && !strcmp(verb, "error")) {
		orders.errors = a;
	} else if (n == 2 && numbers && !strcmp(verb, "stamp")) {
		orders.stamp_ns = a;
	} else if (n == 3 && numbers && a < N_QUEUES &&
		   !strcmp(verb, "queue")) {
		orders.queue = a;
		orders.queued = b;
	} else if (n == 1 && !strcmp(verb, "phc")) {
		sprintf(reply, "%llu",
			(unsigned long long)clock_ns(0, now_ns()));
	} else if (n == 1 && !strcmp(verb, "counters")) {
		print_counters(reply);
	} else {
		sprintf(reply, "no such command; see i2xx.c");
		return false;
	}
	return true;
}

static int usage(void)
{
	fputs("usage: i2xx i210|i225|i226 QEMU GUEST HOST CONTROL [RECORD]\n"
	      "       i2xx ask CONTROL COMMAND...\n"
	      "QEMU, GUEST, HOST and CONTROL are sockets (vfu.h); RECORD is a "
	      "pcap of what the guest got, with its stamps.\n",
	      stderr);
	return 2;
}

int main(int argc, char **argv)
{
	static struct vfu_model model = {
		.n_vectors = N_VECTORS,
		.reset = reset,
		.read = register_read,
		.write = register_write,
		.receive = receive,
		.deadline_ns = irq_deadline_ns,
		.tick = irq_tick,
		.control = control,
	};
	struct vfu_paths paths;

	if (argc >= 4 && !strcmp(argv[1], "ask"))
		return vfu_ask(argv[2], argv + 3, argc - 3);
	if (argc < 6 || argc > 7)
		return usage();
	for (size_t i = 0; i < ARRAY_SIZE(cards); i++)
		if (!strcmp(argv[1], cards[i].name))
			card = &cards[i];
	if (!card)
		return usage();
	if (argc == 7)
		record_open(argv[6]);
	paths = (struct vfu_paths){ argv[2], argv[3], argv[4], argv[5] };
	model.bar_bytes[0] = card->bar0_bytes;
	model.bar_bytes[MSIX_BAR] = MSIX_BAR_BYTES;
	return vfu_run(&model, &paths);
}
