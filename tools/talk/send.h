/* SPDX-License-Identifier: MIT */
/* Where frames go: out of an interface, or into a file. */
#ifndef AVTPMAP_TALK_SEND_H
#define AVTPMAP_TALK_SEND_H

#include <stdint.h>

struct talk_sender;

/**
 * struct talk_sent - what became of the frames
 * @frames: that the kernel took, or the file
 * @bytes: of them, without FCS
 * @calls: of sendmmsg()
 * @retries: the kernel had no room (ENOBUFS); the frame was offered again
 * @dropped: by the interface after it had taken them, whoever sent them
 */
struct talk_sent {
	uint64_t frames;
	uint64_t bytes;
	uint64_t calls;
	uint64_t retries;
	uint64_t dropped;
};

/* Both: 0, or -errno after a line on stderr. */
int talk_sender_open(struct talk_sender **out, const char *ifname,
		     uint32_t pcp);
int talk_sender_open_pcap(struct talk_sender **out, const char *path);

/* Keeps a copy of the frame; a file gets it with @time_ns. */
int talk_sender_put(struct talk_sender *snd, const void *bytes, uint32_t len,
		    uint64_t time_ns);

/* Sends what was put, in that order. 0, or -errno after a line on stderr. */
int talk_sender_flush(struct talk_sender *snd);

/* The figures so far. */
void talk_sender_sent(struct talk_sender *snd, struct talk_sent *sent);

/* 0, or -errno after a line on stderr; @snd is gone. NULL is fine. */
int talk_sender_close(struct talk_sender *snd);

/* The interface's own MAC. 0, or -errno after a line on stderr. */
int talk_interface_mac(const char *ifname, uint8_t mac[6]);

#endif
