// SPDX-License-Identifier: GPL-2.0
/*
 * What the guest saw, one frame per line, until SIGTERM:
 *
 *	guest stamp IF on|off	hardware time for every frame
 *	guest ring IF ID	"NS|- TCI|- PDU", from the stream's ring
 *	guest host IF		"NS|- TCI|- FRAME", from a packet socket
 *	guest zerocopy IF BYTES	makes queue 0 one of AF_XDP's, with buffers of so
 *				many octets, and gives all frames to the host
 *
 * Linked statically: it comes from another system. It knows the module by its
 * uapi alone.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/avtpmap.h>
#include <linux/bpf.h>
#include <linux/if_link.h>
#include <linux/if_packet.h>
#include <linux/if_xdp.h>
#include <linux/net_tstamp.h>
#include <linux/sockios.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { MAX_FRAME = 16384, BUFFERS = 1024 };

static void fail(const char *what)
{
	fprintf(stderr, "guest: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void print_frame(bool has_ns, uint64_t ns, bool has_tci, uint32_t tci,
			const uint8_t *p, size_t n)
{
	if (has_ns)
		printf("%llu ", (unsigned long long)ns);
	else
		printf("- ");
	if (has_tci)
		printf("%04x ", tci);
	else
		printf("- ");
	for (size_t i = 0; i < n; i++)
		printf("%02x", p[i]);
	putchar('\n');
	fflush(stdout);
}

static void stamp(const char *ifname, bool on)
{
	struct hwtstamp_config config = {
		.rx_filter = on ? HWTSTAMP_FILTER_ALL : HWTSTAMP_FILTER_NONE
	};
	struct ifreq r = { .ifr_data = (char *)&config };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	strncpy(r.ifr_name, ifname, sizeof(r.ifr_name) - 1);
	if (ioctl(fd, SIOCSHWTSTAMP, &r))
		fail("SIOCSHWTSTAMP");
	close(fd);
}

/* ---- the ring */

static void print_slot(const struct avtpmap_ring_hdr *hdr, uint64_t position)
{
	const uint8_t *at =
		(const uint8_t *)hdr + hdr->header_bytes +
		(position & (hdr->n_slots - 1)) * (uint64_t)hdr->stride;
	const struct avtpmap_slot *s = (const void *)at;

	if (__atomic_load_n(&s->seq, __ATOMIC_ACQUIRE) != 2 * position + 2) {
		fprintf(stderr, "guest: overrun\n");
		exit(1);
	}
	print_frame(s->flags & AVTPMAP_F_HWTIME, s->hwtime_ns,
		    s->flags & AVTPMAP_F_VLAN, AVTPMAP_PDU_TCI(s->pdu),
		    at + sizeof(*s), s->len_bytes);
}

static uint64_t parse_id(const char *text)
{
	uint64_t id = 0;

	for (; *text; text++)
		if (*text != ':')
			id = id << 4 |
			     (*text <= '9' ? *text - '0' : (*text & 7) + 9);
	return id;
}

static void ring(const char *ifname, const char *id)
{
	struct avtpmap_bind b = { .abi = AVTPMAP_ABI,
				  .ifindex = if_nametoindex(ifname),
				  .stream_id = htobe64(parse_id(id)) };
	int fd = open(AVTPMAP_DEVICE, O_RDWR);
	const struct avtpmap_ring_hdr *hdr;

	if (fd < 0 || ioctl(fd, AVTPMAP_IOC_BIND, &b))
		fail(AVTPMAP_DEVICE);
	hdr = mmap(NULL, b.ring_bytes, PROT_READ, MAP_SHARED, fd,
		   AVTPMAP_MMAP_RING);
	if (hdr == MAP_FAILED)
		fail("mmap");
	fputs("ready\n", stderr);
	for (uint64_t at = b.head;;) {
		while (at < __atomic_load_n(&hdr->head, __ATOMIC_ACQUIRE))
			print_slot(hdr, at++);
		usleep(1000);
	}
}

/* ---- the host */

static void print_message(struct msghdr *m, const uint8_t *p, size_t n)
{
	uint64_t ns = 0;
	bool has_ns = false, has_tci = false;
	uint32_t tci = 0;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
		if (c->cmsg_level == SOL_SOCKET &&
		    c->cmsg_type == SO_TIMESTAMPING) {
			struct timespec ts[3];

			memcpy(ts, CMSG_DATA(c), sizeof(ts));
			ns = ts[2].tv_sec * 1000000000ull + ts[2].tv_nsec;
			has_ns = ns;
		} else if (c->cmsg_level == SOL_PACKET &&
			   c->cmsg_type == PACKET_AUXDATA) {
			struct tpacket_auxdata aux;

			memcpy(&aux, CMSG_DATA(c), sizeof(aux));
			has_tci = aux.tp_status & TP_STATUS_VLAN_VALID;
			tci = aux.tp_vlan_tci;
		}
	}
	print_frame(has_ns, ns, has_tci, tci, p, n);
}

static void host(const char *ifname)
{
	static uint8_t frame[MAX_FRAME];
	const int on = 1, bytes = 64 << 20,
		  stamps = SOF_TIMESTAMPING_RX_HARDWARE |
			   SOF_TIMESTAMPING_RAW_HARDWARE;
	struct sockaddr_ll a = { .sll_family = AF_PACKET,
				 .sll_protocol = htons(ETH_P_ALL),
				 .sll_ifindex = if_nametoindex(ifname) };
	int fd = socket(AF_PACKET, SOCK_RAW, 0);

	if (fd < 0 ||
	    setsockopt(fd, SOL_PACKET, PACKET_AUXDATA, &on, sizeof(on)) ||
	    setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on,
		       sizeof(on)) ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)) ||
	    setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPING, &stamps,
		       sizeof(stamps)) ||
	    bind(fd, (struct sockaddr *)&a, sizeof(a)))
		fail(ifname);
	fputs("ready\n", stderr);
	for (;;) {
		uint8_t control[512];
		struct iovec iov = { frame, sizeof(frame) };
		struct msghdr m = { .msg_iov = &iov,
				    .msg_iovlen = 1,
				    .msg_control = control,
				    .msg_controllen = sizeof(control) };
		ssize_t n = recvmsg(fd, &m, 0);

		if (n > 0)
			print_message(&m, frame, n);
	}
}

/* ---- zero copy */

/* Without a program there is no such queue; this one passes everything. */
static void pass_everything(unsigned int ifindex)
{
	static const struct bpf_insn pass[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .imm = XDP_PASS },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	static const char license[] = "GPL";
	union bpf_attr load = { .prog_type = BPF_PROG_TYPE_XDP,
				.insns = (uintptr_t)pass,
				.insn_cnt = 2,
				.license = (uintptr_t)license };
	union bpf_attr link = { .link_create = { .target_ifindex = ifindex,
						 .attach_type = BPF_XDP,
						 .flags =
							 XDP_FLAGS_DRV_MODE } };
	int fd = syscall(SYS_bpf, BPF_PROG_LOAD, &load, sizeof(load));

	link.link_create.prog_fd = fd;
	if (fd < 0 ||
	    syscall(SYS_bpf, BPF_LINK_CREATE, &link, sizeof(link)) < 0)
		fail("the XDP program");
}

/* All buffers are the NIC's; what passes gives them back. */
static void fill(int fd, uint64_t chunk)
{
	struct xdp_mmap_offsets o;
	socklen_t o_len = sizeof(o);
	uint8_t *r;

	if (getsockopt(fd, SOL_XDP, XDP_MMAP_OFFSETS, &o, &o_len))
		fail("offsets");
	r = mmap(NULL, o.fr.desc + BUFFERS * sizeof(uint64_t),
		 PROT_READ | PROT_WRITE, MAP_SHARED, fd,
		 XDP_UMEM_PGOFF_FILL_RING);
	if (r == MAP_FAILED)
		fail("fill ring");
	for (uint64_t i = 0; i < BUFFERS; i++)
		((uint64_t *)(r + o.fr.desc))[i] = i * chunk;
	__atomic_store_n((uint32_t *)(r + o.fr.producer), BUFFERS,
			 __ATOMIC_RELEASE);
}

static void zerocopy(const char *ifname, unsigned int chunk)
{
	const int n = BUFFERS;
	struct xdp_umem_reg umem = { .len = (uint64_t)BUFFERS * chunk,
				     .chunk_size = chunk };
	struct sockaddr_xdp a = { .sxdp_family = AF_XDP,
				  .sxdp_flags = XDP_ZEROCOPY,
				  .sxdp_ifindex = if_nametoindex(ifname) };
	int fd = socket(AF_XDP, SOCK_RAW, 0);

	pass_everything(a.sxdp_ifindex);
	umem.addr = (uintptr_t)mmap(NULL, umem.len, PROT_READ | PROT_WRITE,
				    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (fd < 0 ||
	    setsockopt(fd, SOL_XDP, XDP_UMEM_REG, &umem, sizeof(umem)) ||
	    setsockopt(fd, SOL_XDP, XDP_UMEM_FILL_RING, &n, sizeof(n)) ||
	    setsockopt(fd, SOL_XDP, XDP_UMEM_COMPLETION_RING, &n, sizeof(n)) ||
	    setsockopt(fd, SOL_XDP, XDP_RX_RING, &n, sizeof(n)))
		fail("AF_XDP");
	fill(fd, chunk);
	if (bind(fd, (struct sockaddr *)&a, sizeof(a)))
		fail("zero copy");
	fputs("ready\n", stderr);
	for (;;)
		pause();
}

int main(int argc, char **argv)
{
	if (argc == 4 && !strcmp(argv[1], "stamp")) {
		stamp(argv[2], !strcmp(argv[3], "on"));
	} else if (argc == 4 && !strcmp(argv[1], "ring")) {
		ring(argv[2], argv[3]);
	} else if (argc == 3 && !strcmp(argv[1], "host")) {
		host(argv[2]);
	} else if (argc == 4 && !strcmp(argv[1], "zerocopy")) {
		zerocopy(argv[2], atoi(argv[3]));
	} else {
		fputs("usage: guest stamp IF on|off | ring IF ID | host IF | "
		      "zerocopy IF BYTES\n",
		      stderr);
		return 2;
	}
	return 0;
}
