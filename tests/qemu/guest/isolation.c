// SPDX-License-Identifier: GPL-2.0
/*
 * usage: isolation IF STREAM_ID
 * Tries to get at a ring for writing. Prints a line for each attempt; exits 0 if
 * reading works and every attempt to write was refused.
 */
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux/avtpmap.h>

static int failures;

static void report(bool good, const char *what, const char *how)
{
	printf("%s: %s: %s\n", good ? "ok" : "WRONG", what, how);
	failures += !good;
}

static void refused(bool got, const char *what)
{
	report(!got, what, got ? "allowed" : strerror(errno));
}

static int open_reader(const char *ifname, const char *id,
		       struct avtpmap_bind *bind)
{
	int fd = open(AVTPMAP_DEVICE, O_RDWR | O_CLOEXEC);

	*bind = (struct avtpmap_bind){
		.abi = AVTPMAP_ABI,
		.ifindex = if_nametoindex(ifname),
		.stream_id = htobe64(strtoull(id, NULL, 16)),
	};
	if (fd < 0 || ioctl(fd, AVTPMAP_IOC_BIND, bind)) {
		perror("bind");
		exit(1);
	}
	return fd;
}

static void *map(int fd, size_t bytes, int prot, int flags, off_t offset)
{
	void *p = mmap(NULL, bytes, prot, flags, fd, offset);

	return p == MAP_FAILED ? NULL : p;
}

static void try_mappings(int fd, size_t bytes)
{
	long page = sysconf(_SC_PAGESIZE);

	refused(map(fd, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, 0),
		"ring, shared, read and write");
	refused(map(fd, bytes, PROT_WRITE, MAP_SHARED, 0),
		"ring, shared, write");
	refused(map(fd, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE, 0),
		"ring, private, read and write");
	refused(map(fd, page, PROT_READ | PROT_WRITE, MAP_SHARED, page),
		"first slots, shared, read and write");
	refused(map(fd, bytes + page, PROT_READ, MAP_SHARED, 0),
		"a page more than the ring");
	refused(map(fd, 2 * page, PROT_READ | PROT_WRITE, MAP_SHARED,
		    AVTPMAP_MMAP_READER),
		"a page more than the reader's");
}

static void try_mprotect(void *ring, size_t bytes)
{
	refused(!mprotect(ring, bytes, PROT_READ | PROT_WRITE),
		"mprotect to read and write");
	refused(!mprotect(ring, bytes, PROT_WRITE), "mprotect to write");
}

/* The way of debuggers, which ignores the mapping's protection where it can. */
static void try_proc_mem(struct avtpmap_ring_hdr *hdr)
{
	int fd = open("/proc/self/mem", O_RDWR | O_CLOEXEC);
	__u32 junk = 0;

	refused(pwrite(fd, &junk, sizeof(junk), (off_t)&hdr->magic) ==
			sizeof(junk),
		"write by /proc/self/mem");
	close(fd);
}

int main(int argc, char **argv)
{
	struct avtpmap_ring_hdr *hdr;
	struct avtpmap_reader_page *own;
	struct avtpmap_bind bind;
	int fd;

	if (argc != 3)
		return 2;
	fd = open_reader(argv[1], argv[2], &bind);
	hdr = map(fd, bind.ring_bytes, PROT_READ, MAP_SHARED,
		  AVTPMAP_MMAP_RING);
	report(hdr && hdr->magic == AVTPMAP_MAGIC, "ring, shared, read",
	       "its header is there");
	if (!hdr)
		return 1;
	own = map(fd, sysconf(_SC_PAGESIZE), PROT_READ | PROT_WRITE, MAP_SHARED,
		  AVTPMAP_MMAP_READER);
	report(own, "the reader's own page, read and write",
	       own ? "allowed" : strerror(errno));
	if (own)
		own->acked = ~0ull;

	try_mappings(fd, bind.ring_bytes);
	try_mprotect(hdr, bind.ring_bytes);
	try_proc_mem(hdr);
	report(hdr->magic == AVTPMAP_MAGIC, "after all of it",
	       "the ring is as it was");
	return failures > 0;
}
