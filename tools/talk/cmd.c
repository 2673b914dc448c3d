// SPDX-License-Identifier: MIT
#include <errno.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>

#include "options.h"
#include "run.h"

static struct talk_args args = {
	.source = { .kind = TALK_TONE, .tone_hz = 1000 },
	.encoding = -1,
	.pcp = UINT32_MAX,
	.transit_us = UINT32_MAX,
	.n_streams = 1,
	.burst = 1,
	.head = 16,
	.tail = 8,
};

static const struct option options[] = {
	{ "wav", "FILE", "samples of a file, bit-exact; once, then the end",
	  parse_wav, &args.source, 0, 0 },
	{ "loop", NULL, "the file again and again", parse_flag,
	  &args.source.loop, 0, 0 },
	{ "tone", "HZ", "a sine in each channel, -6 dBFS (1000)", parse_tone,
	  &args.source, 0, 0 },
	{ "noise", "SEED", "numbers that a receiver can compute as well",
	  parse_noise, &args.source, 0, 0 },
	{ "format", "FORMAT",
	  "aaf-int16, aaf-int24, aaf-int32, aaf-float or am824 (as the file, "
	  "or aaf-int24)",
	  parse_encoding, &args.encoding, 0, 0 },
	{ "bits", "N", "AAF: meaningful bits of a sample (all)", parse_u32,
	  &args.bit_depth, 1, 32 },
	{ "rate", "HZ", "32000 to 192000 (as the file, or 48000)", parse_rate,
	  &args.rate_hz, 0, 0 },
	{ "channels", "N", "(as the file, or 2)", parse_u32, &args.channels, 1,
	  1023 },
	{ "class", "a|b", "8000 or 4000 packets a second (a)", parse_class,
	  &args.class, 0, 0 },
	{ "ppm", "PPM", "its clock is so much fast, or slow: -1000 to 1000 (0)",
	  parse_ppm, &args.ppb, 0, 0 },
	{ "blocking", NULL, "am824: full packets, and NO-DATA between them",
	  parse_flag, &args.blocking, 0, 0 },
	{ "sparse", NULL, "AAF: a timestamp in each eighth packet", parse_flag,
	  &args.sparse, 0, 0 },
	{ "streams", "N", "this many streams; ids count up (1)", parse_u32,
	  &args.n_streams, 1, TALK_STREAMS_MAX },
	{ "mac", "MAC", "destination; a group address counts up with the ids",
	  parse_mac, args.mac, 0, 0 },
	{ "source-mac", "MAC", "source (the interface's own)", parse_mac,
	  args.source_mac, 0, 0 },
	{ "vid", "N|none", "VLAN of the tag; none: no tag (2)", parse_vid,
	  &args.vid, 1, 4094 },
	{ "pcp", "N", "priority of the tag (class a: 3, b: 2)", parse_u32,
	  &args.pcp, 0, 7 },
	{ "transit", "US", "presentation after sending (a: 2000, b: 50000)",
	  parse_u32, &args.transit_us, 0, 2000000 },
	{ "seconds", "S", "end after this time", parse_seconds, &args.seconds,
	  0, 0 },
	{ "frames", "N", "end after this many frames of each stream",
	  parse_count, &args.frames, 0, 0 },
	{ "samples", "N", "end with the frame that has the N-th sample",
	  parse_count, &args.samples, 0, 0 },
	{ "burst", "N", "packets of a stream sent together (1)", parse_u32,
	  &args.burst, 1, TALK_BURST_MAX },
	{ "pcap", "FILE", "write the frames there instead, at nominal times",
	  parse_string, &args.pcap, 0, 0 },
	{ "json", NULL, "say in JSON what was sent", parse_flag, &args.json, 0,
	  0 },
	{ "seed", "N", "of the faults below (0)", parse_u32, &args.seed, 0, 0 },
	{ "lose", "P", "do not send a frame, with probability P (0.01 or 1%)",
	  parse_probability, &args.probability[TALK_LOSE], 0, 0 },
	{ "repeat", "P", "send it twice", parse_probability,
	  &args.probability[TALK_REPEAT], 0, 0 },
	{ "reorder", "P", "send it after the two that follow it",
	  parse_probability, &args.probability[TALK_REORDER], 0, 0 },
	{ "delay", "P", "send it and its followers 1 to 8 intervals late",
	  parse_probability, &args.probability[TALK_DELAY], 0, 0 },
	{ "corrupt", "KIND:P", "spoil its version, length, truncate or pad it",
	  parse_corrupt, args.probability, 0, 0 },
	{ "mr-toggle", "N", "toggle mr at each N-th frame", parse_count,
	  &args.every[TALK_MR_TOGGLE], 0, 0 },
	{ "tu-toggle", "N", "toggle tu at each N-th frame", parse_count,
	  &args.every[TALK_TU_TOGGLE], 0, 0 },
	{ "dbc-break", "N", "am824: leave blocks out at each N-th frame",
	  parse_count, &args.every[TALK_DBC_BREAK], 0, 0 },
	{ "sequence-jump", "N", "jump in sequence_num at each N-th frame",
	  parse_count, &args.every[TALK_SEQUENCE_JUMP], 0, 0 },
	{ "restart", "N", "begin anew, with the same id, at each N-th frame",
	  parse_count, &args.every[TALK_RESTART], 0, 0 },
	{ "change-format", "N:FORMAT", "FORMAT[/RATE[/CHANNELS]] from frame N",
	  parse_change, &args, 0, 0 },
	{ "fault-free-head", "N", "frames of an epoch before faults (16)",
	  parse_u32, &args.head, 0, 0 },
	{ "fault-free-tail", "N", "... and before its end (8)", parse_u32,
	  &args.tail, 0, 0 },
	{ 0 },
};

static int read_ids(int n, char **texts, uint64_t *ids)
{
	if (n > 1 && args.n_streams > 1)
		return usage_error("talk: --streams counts up from one id");
	for (int i = 0; i < n; i++)
		if (stream_id_arg(texts[i], &ids[i]))
			return USAGE;
	for (uint32_t i = n; i < args.n_streams; i++)
		ids[i] = ids[0] + i;
	if ((uint32_t)n > args.n_streams)
		args.n_streams = n;
	return OK;
}

/* eth0.2 is VLAN 2 of eth0, as everywhere: the tag is ours to write. */
static const char *read_interface(const char *text)
{
	static char name[IF_NAMESIZE];
	const char *dot = strrchr(text, '.');
	const struct option vid = { .dest = &args.vid, .min = 1, .max = 4094 };
	uint32_t asked = args.vid;

	if (!args.vid)
		args.vid = 2;
	if (!dot || dot == text || dot - text >= (int)sizeof(name))
		return text;
	memcpy(name, text, dot - text);
	name[dot - text] = '\0';
	if (!args.pcap && !if_nametoindex(name))
		return text;
	if (parse_u32(&vid, dot + 1))
		return text;
	if (asked)
		args.vid = asked;
	return name;
}

/*
 * Without --mac: out of MAAP's range, 91:e0:f0:00:00:00 to fd:ff, where the id
 * tells. Nobody claims it; that is not what this talker is for.
 */
static void destination(uint64_t stream_id, uint32_t number, uint8_t mac[6])
{
	static const uint8_t none[6];
	uint32_t low;

	memcpy(mac, args.mac, 6);
	if (!memcmp(mac, none, sizeof(none))) {
		static const uint8_t maap[4] = { 0x91, 0xe0, 0xf0, 0x00 };

		memcpy(mac, maap, sizeof(maap));
		low = (stream_id ^ stream_id >> 16) % 0xfe00;
	} else if (mac[0] & 1) {
		low = (mac[4] << 8 | mac[5]) + number;
	} else {
		return;
	}
	mac[4] = low >> 8;
	mac[5] = low;
}

/* A file's frames come from the MAC that the id is made of. */
static int source_mac(const char *ifname, uint64_t stream_id, uint8_t mac[6])
{
	static const uint8_t none[6];

	memcpy(mac, args.source_mac, 6);
	if (memcmp(mac, none, sizeof(none)))
		return 0;
	if (!args.pcap)
		return talk_interface_mac(ifname, mac);
	for (int i = 0; i < 6; i++)
		mac[i] = stream_id >> (56 - 8 * i);
	return 0;
}

static int open_sender(struct talk_job *job, const char *ifname)
{
	job->nominal = args.pcap;
	if (args.pcap)
		return talk_sender_open_pcap(&job->sender, args.pcap);
	talk_clock_open(&job->clock, ifname);
	return talk_sender_open(&job->sender, ifname, job->setup.pcp);
}

static int talk(struct talk_job *job, const char *ifname, const uint64_t *ids)
{
	const char *where = args.pcap ? args.pcap : ifname;
	const char *broken;
	int err = source_mac(ifname, ids[0], job->setup.src);

	if (!err)
		err = open_sender(job, ifname);
	if (err)
		return err;
	job->burst = args.burst;
	job->n_streams = args.n_streams;
	job->streams = calloc(args.n_streams, sizeof(*job->streams));
	if (!job->streams)
		return fail(-ENOMEM, "out of memory"), -ENOMEM;
	for (uint32_t i = 0; i < args.n_streams; i++) {
		uint8_t dst[6];

		destination(ids[i], i, dst);
		talk_stream_init(&job->streams[i], &job->setup, i, ids[i], dst);
	}
	err = talk_run(job);
	talk_report(job, where, args.json);
	broken = talk_source_error(job->source);
	if (broken)
		fail(0, "%s: %s; the rest was silence", args.source.path,
		     broken);
	return broken ? -EIO : err;
}

static int run(int argc, char **argv)
{
	struct talk_job job = { .clock.fd = -1 };
	uint64_t ids[TALK_STREAMS_MAX];
	int err = read_ids(argc - 1, argv + 1, ids);
	const char *ifname = read_interface(argv[0]);

	if (err)
		return err;
	if (!args.pcap && check_interface(ifname))
		return FAILURE;
	if (talk_source_open(&job.source, &args.source))
		return FAILURE;
	err = talk_setup_from_args(&job.setup, &args, job.source);
	if (!err) {
		job.setup.read = talk_source_read;
		job.setup.read_ctx = job.source;
		err = talk(&job, ifname, ids) ? FAILURE : OK;
	}
	if (talk_sender_close(job.sender))
		err = FAILURE;
	talk_clock_close(&job.clock);
	talk_source_close(job.source);
	free(job.streams);
	return err;
}

const struct command cmd_talk = {
	.name = "talk",
	.args = "IF STREAM_ID...",
	.min_args = 2,
	.max_args = 8,
	.summary =
		"send streams: a file, a tone or noise, with faults as asked",
	.notes = "IF may be eth0.2 for VLAN 2 of eth0. A frame suffers one "
		 "fault at most;\nprobabilities add up to 1 at most. What was "
		 "sent follows from the arguments\nalone: --pcap writes the "
		 "same frames. avtpmap-talk(8) tells more.",
	.options = options,
	.run = run,
};
