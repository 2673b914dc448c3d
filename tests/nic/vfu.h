/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A NIC that is a process: the front end that all models share. It is a PCI
 * function behind QEMU's vfio-user-pci, with a wire (the unix datagram sockets of
 * QEMU's "-netdev dgram", see tests/qemu/wire.c) and a control channel:
 *
 *	wire burst, tap, ... -> GUEST socket -> model -> guest's memory, interrupt
 *	wire drain           <- HOST socket  <- model
 *	ask                 <-> CONTROL socket
 *
 * There is one thread and one poll(): QEMU waits for the answer to each access of
 * a register, so a model never sees two things at once.
 */
#ifndef AVTPMAP_TESTS_VFU_H
#define AVTPMAP_TESTS_VFU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;

enum {
	VFU_MAX_VECTORS = 64,
	VFU_MAX_FRAME = 16384,
	VFU_CONFIG_BYTES = 4096,
	VFU_REPLY_BYTES = 1024,
};

/**
 * struct vfu_model - what a model is
 * @bar_bytes: size of each BAR, or 0
 * @n_vectors: MSI-X vectors
 * @reset: all of the function, vfu_config too; called once at the start
 * @read: of a BAR; @to is zeroed
 * @write: to a BAR
 * @receive: a frame from the wire. False: there is no room for it, it comes again
 * @deadline_ns: on now_ns()'s clock, when @tick is wanted, or 0. May be NULL
 * @tick: see @deadline_ns
 * @control: a command of the control channel that is not the front end's own.
 *	False, with the reason in @reply, if it makes no sense
 */
struct vfu_model {
	u64 bar_bytes[6];
	u32 n_vectors;
	void (*reset)(void);
	void (*read)(u32 bar, u64 offset, u8 *to, size_t n);
	void (*write)(u32 bar, u64 offset, const u8 *from, size_t n);
	bool (*receive)(const u8 *frame, size_t n);
	u64 (*deadline_ns)(void);
	void (*tick)(void);
	bool (*control)(char **words, int n, char reply[VFU_REPLY_BYTES]);
};

/* Where everything is; all unix sockets. */
struct vfu_paths {
	const char *qemu; /* stream: vfio-user */
	const char *guest,
		*host; /* datagram: the wire, as QEMU names its ends */
	const char *control; /* datagram: a command, and its answer */
};

/* loop.c: until SIGTERM. Returns main()'s exit status. */
int vfu_run(const struct vfu_model *model, const struct vfu_paths *paths);
/* Another process's end of the control channel, likewise. */
int vfu_ask(const char *control, char **words, int n);
/* A frame out of the model and onto the wire. */
void vfu_send(const u8 *frame, size_t n);

/* vfu.c */
extern u8 vfu_config[VFU_CONFIG_BYTES];
u64 now_ns(void); /* CLOCK_MONOTONIC */
void *vfu_dma(u64 address, u64 n); /* of the guest's memory, or NULL */
void vfu_interrupt(u32 vector);
/* @next: the capability after this one, or 0. */
void vfu_capability_pcie(u32 at, u32 next);
void vfu_capability_msix(u32 at, u32 next, u32 bar, u32 table, u32 pba);

/* Between loop.c and vfu.c. */
void vfu_open(const struct vfu_model *model);
bool vfu_is_connected(void);
int vfu_fd(void);
void vfu_connect(int fd);
void vfu_message(void);
void vfu_hang_up(void);
/* Interrupts wait until there are no more frames to come with them. */
void vfu_interrupts_wait(bool wait);

#endif /* AVTPMAP_TESTS_VFU_H */
