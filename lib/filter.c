// SPDX-License-Identifier: MIT
/* What of a port's frames comes to a packet socket. */
#include <errno.h>
#include <linux/filter.h>
#include <sys/socket.h>

#include "internal.h"
#include "../kmod/shared/avtp.h"

/*
 * AVTP, without a tag or behind some; a filter has no loops, so the parser looks
 * again. The kernel takes the outer tag off, unless it does not know its type.
 */
int avtp_filter(int fd, __u32 bytes)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 12),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETHERTYPE_AVTP, 16, 0),
		BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, ETHERTYPE_CTAG, 0, 14),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETHERTYPE_CTAG, 3, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETHERTYPE_STAG, 2, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETHERTYPE_OLD_STAG, 1, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETHERTYPE_RTAG, 0, 10),
		BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 16),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETHERTYPE_AVTP, 9, 0),
		BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 18),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETHERTYPE_AVTP, 7, 0),
		BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 20),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETHERTYPE_AVTP, 5, 0),
		BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 22),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETHERTYPE_AVTP, 3, 0),
		BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 26),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETHERTYPE_AVTP, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, 0),
		BPF_STMT(BPF_RET | BPF_K, bytes),
	};
	struct sock_fprog prog = { sizeof(code) / sizeof(code[0]), code };

	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &prog,
			  sizeof(prog)) ?
		       -errno :
		       0;
}
